"""How clients reach the server's unix socket, however long the path to it is."""

import fcntl
import hashlib
import os
import socket
import struct
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from core.db.embedded.account import account_name
from core.db.embedded.errors import EmbeddedPostgresError

PORT = 5432  # only names the socket file; nothing listens on a network
SOCKET_NAME = f".s.PGSQL.{PORT}"

#: The smaller of Linux's 107 and macOS's 103 bytes for the path of a unix socket.
LONGEST_SOCKET_PATH = 103
CONNECT_SECONDS = 1.0


class SocketAddress:
    """The folder clients name as host: the server's own, or a short link to it.

    libpq cannot reach a long path and reads a comma in a host as a list. The link
    lies in a private folder whose name is a hash of user and path, so that every
    process finds the same one. The server itself never uses it.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._guard: int | None = None
        self.folder = run
        if not usable(run):
            name = hashlib.sha256(os.fsencode(f"{os.geteuid()}:{run}")).hexdigest()
            short = Path(tempfile.gettempdir(), f"palestra-{name[:16]}", "run")
            # A TMPDIR may be long itself; open() checks whose folder we meet.
            fallback = Path("/tmp", *short.parts[-2:])  # noqa: S108
            self.folder = short if usable(short) else fallback

    def open(self) -> None:
        """Make the short link where one is needed, or put it right again.

        Raises:
            EmbeddedPostgresError: Another account has taken the place.
            OSError: The folder cannot be made.
        """
        self.close()
        if self.folder == self._run:
            return
        place = self.folder.parent
        with suppress(FileExistsError):
            place.mkdir(mode=0o700)
        guard = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            point(guard, place, self.folder.name, self._run)
            # Cleaners of the temporary folder leave a locked folder alone.
            fcntl.flock(guard, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BaseException:
            os.close(guard)
            raise
        self._guard = guard

    def close(self) -> None:
        """Let cleaners have the link; others who use it keep their own hold."""
        guard, self._guard = self._guard, None
        if guard is not None:
            os.close(guard)

    def remove(self) -> None:
        """Take the short link away; for the last user, before ``close``."""
        if self._guard is None:
            return
        with suppress(OSError):
            os.unlink(self.folder.name, dir_fd=self._guard)
            self.folder.parent.rmdir()

    def server_pid(self) -> int | None:
        """The process that listens on the socket, as the kernel knows it.

        Returns:
            Its id; 0 when it lives in another process namespace; None when nobody
            accepts connections.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_SECONDS)
            try:
                probe.connect(str(self.folder / SOCKET_NAME))
                return peer_pid(probe)
            except OSError:
                return None


def usable(folder: Path) -> bool:
    """Tell whether libpq can take ``folder`` as a host."""
    path = os.fsencode(folder / SOCKET_NAME)
    return len(path) <= LONGEST_SOCKET_PATH and b"," not in path


def point(guard: int, place: Path, name: str, target: Path) -> None:
    """Make ``name`` in the open folder ``guard`` a link to ``target``."""
    found = os.fstat(guard)
    if found.st_uid != os.geteuid():
        raise EmbeddedPostgresError(
            f"{place} belongs to the account {account_name(found.st_uid)} and cannot "
            "be trusted with the way to the database: remove it, set TMPDIR to a "
            "folder of your own, or set PALESTRA_HOME to a shorter path."
        )
    os.fchmod(guard, 0o700)
    with suppress(FileNotFoundError):
        if os.readlink(name, dir_fd=guard) == str(target):
            return
        os.unlink(name, dir_fd=guard)
    with suppress(FileExistsError):  # another process of ours was faster
        os.symlink(target, name, dir_fd=guard)


def peer_pid(connection: socket.socket) -> int:
    """The process at the other end of a unix socket, vouched for by the kernel."""
    if sys.platform == "darwin":
        local, peer = 0, 2  # SOL_LOCAL, LOCAL_PEERPID of sys/un.h
        return int(connection.getsockopt(local, peer))
    layout = struct.Struct("iII")  # struct ucred: pid, uid, gid
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, layout.size)
    pid: int = layout.unpack(raw)[0]
    return pid
