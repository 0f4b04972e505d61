"""A server on loopback that speaks clamd's INSTREAM, and knows one virus."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from typing_extensions import override

# Put together here, so that no scanner takes this file for what it describes.
EICAR = (
    b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + b"$H+H*"
)


class ClamServer(socketserver.ThreadingTCPServer):
    """The server.

    Attributes:
        seen: What was sent, one entry for each scan.
        answer: Sent instead of a verdict, where it is set.
        most: As clamd's StreamMaxLength.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[bytes] = []
        self.answer: bytes | None = None
        self.most = 1024 * 1024

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.StreamRequestHandler):
    server: ClamServer

    @override
    def handle(self) -> None:
        command = self.rfile.read(10)
        assert command == b"zINSTREAM\0", command
        content = b""
        while length := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
            if len(content) > self.server.most:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.server.seen.append(content)
        self.wfile.write((self.server.answer or _verdict(content)) + b"\0")


def _verdict(content: bytes) -> bytes:
    return b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"


@contextmanager
def clam_server() -> Iterator[ClamServer]:
    """Runs the server on a free port."""
    with ClamServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
