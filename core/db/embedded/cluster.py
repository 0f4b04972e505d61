"""The embedded server as its users see it: join, use, leave."""

import atexit
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote

from core.db.embedded.account import Account, server_account
from core.db.embedded.binaries import newest_installation, reachable_by
from core.db.embedded.creation import check_major, create_cluster, data_major
from core.db.embedded.errors import explained
from core.db.embedded.folders import Folders
from core.db.embedded.locks import FileLock
from core.db.embedded.programs import reap_children
from core.db.embedded.server import Server, StillStartingError
from core.db.embedded.sockets import PORT

STOP_WAIT_SECONDS = 60.0


class EmbeddedPostgres:
    """One user of the PostgreSQL in a home; any number may share it.

    The first user starts the server and the last one stops it. A user that is
    killed is no longer counted, because its lock ends with its process; a server
    it leaves behind serves the next one. A forked child is not a user until it
    calls ``start`` itself. Leaving happens at interpreter exit at the latest.
    """

    def __init__(
        self, home: Path, *, settings: Mapping[str, str] | None = None
    ) -> None:
        """Name the server; nothing is touched until ``start``.

        Args:
            home: ``PALESTRA_HOME``; all data lies in its folder ``postgres``.
            settings: Server settings over the defaults. They count for the user
                that starts the server; joining a running one changes nothing.

        Raises:
            EmbeddedPostgresError: A setting is not the caller's to choose.
        """
        self._folders = Folders.of(home)
        self._settings = dict(settings or {})
        self._server = Server(self._folders, self._settings)
        self._users = FileLock(self._folders.users_lock)
        self._turn = threading.Lock()

    def start(self, *, timeout: float = 60.0) -> None:
        """Create the cluster if need be, start or join the server, and wait for it.

        Does nothing when this object has started already and the server answers;
        a server that died meanwhile is started again.

        Args:
            timeout: Seconds for all of it, waiting for others included.

        Raises:
            EmbeddedPostgresError: It did not work; the text says what to do.
        """
        deadline = time.monotonic() + timeout
        with self._turn, explained(self._folders.base):
            if self._users.held and self._server.answers():
                return
            account = server_account(self._folders.base)
            self._folders.prepare(account)
            life = FileLock(self._folders.life_lock)
            life.wait_exclusive(deadline=deadline)
            try:
                self._join(account, life, deadline)
            finally:
                life.release()
            atexit.register(self.stop)

    def stop(self) -> None:
        """Leave; the last user stops the server. Safe to call twice.

        Raises:
            EmbeddedPostgresError: The server does not stop.
        """
        with self._turn, explained(self._folders.base):
            if not self._users.held:
                return
            atexit.unregister(self.stop)
            life = FileLock(self._folders.life_lock)
            try:
                life.wait_exclusive(deadline=time.monotonic() + STOP_WAIT_SECONDS)
                self._leave()
            finally:
                self._users.release()
                self._server.address.close()
                life.release()

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """The SQLAlchemy URL of a database on this server.

        Args:
            user: A role; whoever reaches the socket is believed to be it.
            database: The database's name.
        """
        # Percent signs for all, also for a space: libpq takes a plus for itself.
        role, name, host = (
            quote(part, safe="")
            for part in (user, database, str(self._server.address.folder))
        )
        # The port is spelled out because PGPORT would change the default.
        return f"postgresql+psycopg://{role}@/{name}?host={host}&port={PORT}"

    @property
    def pid(self) -> int | None:
        """The server's process id, or None while no server accepts connections."""
        return self._server.pid()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _join(self, account: Account | None, life: FileLock, deadline: float) -> None:
        """Become a user of a server that answers; the life-cycle lock is held."""
        reap_children()
        installation = newest_installation()
        self._server.address.open()
        if not self._users.held:
            self._users.try_shared()
        try:
            found = data_major(self._folders)
            programs = reachable_by(account, installation)
            if found is None:
                create_cluster(
                    self._folders,
                    programs,
                    account,
                    life=life,
                    sync=self._settings.get("fsync") != "off",
                    deadline=deadline,
                )
            else:
                check_major(self._folders, found, installation)
            self._server.ensure_running(programs, account, deadline=deadline)
        except StillStartingError:
            # Stopping it would undo its recovery; the next user finds it further on.
            self._users.release()
            raise
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        """Stop being a user, and stop the server if nobody else is one."""
        self._users.release()
        alone = FileLock(self._folders.users_lock)
        if alone.try_exclusive():
            try:
                # The way to the socket may have been swept from a temporary folder.
                self._server.address.open()
                self._server.shut_down()
                self._server.address.remove()
            finally:
                alone.release()
