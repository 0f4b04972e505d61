"""ClamAV's daemon, spoken to in its own protocol (``man clamd``, INSTREAM)."""

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

from core.files.errors import ScanFailed, ScanImpossible

_PORT: Final = 3310
_PIECE: Final = 64 * 1024
_LONGEST_ANSWER: Final = 4096
_TOO_LARGE: Final = "size limit exceeded"


@dataclass(frozen=True, slots=True)
class Clamd:
    """A daemon, by its address.

    Attributes:
        url: ``tcp://host:3310`` or ``unix:///path/of/the.socket``.
        patience_s: Seconds it may be silent.
    """

    url: str
    patience_s: float = 60

    def scan(self, content: BinaryIO) -> str | None:
        """Sends content to be scanned.

        Returns:
            The name of what was found in it; None when it is clean.

        Raises:
            ScanFailed: The daemon is away, or gave no verdict.
            ScanImpossible: The content is longer than the daemon is set up for.
        """
        try:
            with self._connected() as connection:
                answer = _stream(connection, content)
        except OSError as error:
            raise ScanFailed(f"clamd: {type(error).__name__}") from error
        return _verdict(answer)

    def _connected(self) -> socket.socket:
        parts = urlsplit(self.url)
        if parts.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self.patience_s)
            try:
                connection.connect(unquote(parts.path))
            except OSError:
                connection.close()
                raise
            return connection
        address = (parts.hostname or "localhost", parts.port or _PORT)
        return socket.create_connection(address, self.patience_s)


def _stream(connection: socket.socket, content: BinaryIO) -> str:
    """Sends content in pieces, each after its length, and reads the answer."""
    # A daemon that has had enough answers and hangs up; its answer says why.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"zINSTREAM\0")
        while piece := content.read(_PIECE):
            connection.sendall(struct.pack("!I", len(piece)) + piece)
        connection.sendall(struct.pack("!I", 0))
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
        more = connection.recv(_LONGEST_ANSWER)
        if not more:
            break
        answer += more
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()


def _verdict(answer: str) -> str | None:
    if answer == "stream: OK":
        return None
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return answer.removeprefix("stream: ").removesuffix(" FOUND")
    if _TOO_LARGE in answer:
        raise ScanImpossible("The scanner takes no file of this size.")
    raise ScanFailed(f"clamd answered {answer[:100]!r}")
