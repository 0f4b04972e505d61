"""The running server: launched, recognised, waited for and stopped."""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from core.db.embedded.account import Account
from core.db.embedded.binaries import Installation
from core.db.embedded.errors import EmbeddedPostgresError
from core.db.embedded.folders import Folders
from core.db.embedded.locks import POLL_SECONDS, FileLock, open_private
from core.db.embedded.orphans import end_orphans
from core.db.embedded.programs import (
    data_argument,
    log_tail,
    reap_children,
    start_program,
)
from core.db.embedded.sockets import PORT, SOCKET_NAME, SocketAddress

#: Fast mode first; immediate mode loses nothing but costs a recovery.
STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))
LARGEST_LOG_BYTES = 10 * 1024 * 1024
STATUS_LINE = 7  # of postmaster.pid, counted from 0

#: For a small host that also runs the application; callers may override them.
TUNING = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}

#: What the rest of this package relies on.
FIXED = {
    "listen_addresses": "",
    "port": str(PORT),
    # Relative to the data folder, which the server enters first: as short as can
    # be, and free of the comma that would split the setting.
    "unix_socket_directories": "../run",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
}


class StillStartingError(EmbeddedPostgresError):
    """The server runs but does not accept connections yet."""


class Server:
    """The one server of a home, whoever started it.

    Attributes:
        address: Where clients reach it.
    """

    def __init__(self, folders: Folders, settings: Mapping[str, str]) -> None:
        taken = sorted(FIXED.keys() & settings.keys())
        if taken:
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL keeps {', '.join(taken)} to itself: leave "
                "them out of its settings."
            )
        self._folders = folders
        self._settings = {**TUNING, **settings, **FIXED}
        self.address = SocketAddress(folders.run)

    def pid(self) -> int | None:
        """The postmaster's process id, or None when nobody accepts connections."""
        return self.address.server_pid() or None

    def answers(self) -> bool:
        """Whether somebody listens on the socket."""
        return self.address.server_pid() is not None

    def ensure_running(
        self,
        installation: Installation,
        account: Account | None,
        *,
        deadline: float,
    ) -> None:
        """Join the running server, or launch one, and wait until it answers.

        The caller holds the life-cycle lock.

        Args:
            installation: The programs, reachable by ``account``.
            account: Who the server runs as, None for ourselves.
            deadline: A reading of ``time.monotonic()``, in seconds.

        Raises:
            EmbeddedPostgresError: The server ended again.
            StillStartingError: It is not ready at the deadline.
            OSError: It cannot be launched.
        """
        launched_at: int | None = None
        while not self._ready():
            lock = FileLock(self._folders.server_lock)
            if lock.try_exclusive():
                try:
                    if launched_at is not None:
                        raise self._failed(launched_at)
                    launched_at = self._launch(installation, account, lock)
                finally:
                    lock.release()
            elif launched_at is None:
                end_orphans(self._folders.data)
            if time.monotonic() >= deadline:
                raise self._late()
            time.sleep(POLL_SECONDS)

    def shut_down(self) -> None:
        """Stop the server in fast mode; return when none of its processes lives.

        The caller holds the life-cycle lock and knows that nobody uses the server.

        Raises:
            EmbeddedPostgresError: It does not end.
        """
        with Postmaster(self.address) as postmaster:
            for step, seconds in STOP_STEPS:
                if self._gone(postmaster, step, time.monotonic() + seconds):
                    return
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL in {self._folders.base} does not stop: end its "
            f"processes by hand; its log is {self._folders.log}."
        )

    def _ready(self) -> bool:
        if not self.answers():
            return False
        # Looked at second: who listens has written its own file before.
        try:
            text = (self._folders.data / "postmaster.pid").read_text(encoding="utf-8")
        except FileNotFoundError:
            return False
        return [line.strip() for line in text.splitlines()][STATUS_LINE:] == ["ready"]

    def _gone(
        self, postmaster: "Postmaster", step: signal.Signals, deadline: float
    ) -> bool:
        lock = FileLock(self._folders.server_lock)
        while not lock.try_exclusive():
            if time.monotonic() >= deadline:
                return False
            postmaster.send(step)
            if not postmaster.held:
                end_orphans(self._folders.data)
            time.sleep(POLL_SECONDS)
        lock.release()
        reap_children()
        return True

    def _launch(
        self, installation: Installation, account: Account | None, lock: FileLock
    ) -> int:
        """Start the postmaster with ``lock`` in its hands; return the log's size."""
        # No process of this cluster lives, whatever number the old files name:
        # PostgreSQL would take any live process of that number for a postmaster.
        for stale in (
            self._folders.data / "postmaster.pid",
            self._folders.run / f"{SOCKET_NAME}.lock",
        ):
            stale.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            if self._folders.log.stat().st_size > LARGEST_LOG_BYTES:
                self._folders.log.rename(self._folders.log.with_suffix(".log.1"))
        log = open_private(self._folders.log, os.O_WRONLY | os.O_APPEND)
        try:
            size = os.fstat(log).st_size
            start_program(
                [
                    installation.program("postgres"),
                    "-D",
                    data_argument(self._folders.data, account),
                    *(f"--{name}={text}" for name, text in self._settings.items()),
                ],
                folder=self._folders.data,
                account=account,
                log=log,
                keep=lock.descriptor,
            )
        finally:
            os.close(log)
        return size

    def _failed(self, log_start: int) -> EmbeddedPostgresError:
        return EmbeddedPostgresError(
            f"The embedded PostgreSQL in {self._folders.base} did not start: "
            f"{log_tail(self._folders.log, log_start)}. The whole log is "
            f"{self._folders.log}."
        )

    def _late(self) -> EmbeddedPostgresError:
        return StillStartingError(
            f"The embedded PostgreSQL in {self._folders.base} is not ready yet: it may "
            "be recovering from a crash, so try again in a moment; its log is "
            f"{self._folders.log}."
        )


class Postmaster:
    """A hold on the process that listens on the socket, and on no other."""

    def __init__(self, address: SocketAddress) -> None:
        self._address = address
        self._pid: int | None = None
        self._handle: int | None = None
        self._sent: signal.Signals | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    @property
    def held(self) -> bool:
        """Whether there is a process to signal."""
        return self._pid is not None

    def send(self, number: signal.Signals) -> None:
        """Signal it, once per signal, as soon as it listens."""
        if self._pid is None:
            self._hold()
        if self._pid is None or self._sent is number:
            return
        self._sent = number
        with suppress(ProcessLookupError):
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)
            else:
                os.kill(self._pid, number)

    def _hold(self) -> None:
        pid = self._address.server_pid()
        if not pid:
            return
        if hasattr(os, "pidfd_open"):
            try:
                self._handle = os.pidfd_open(pid)
            except ProcessLookupError:
                return
        # Asked again, because the number may have passed on before we held it.
        if self._address.server_pid() == pid:
            self._pid = pid
        else:
            self._drop()

    def _drop(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
