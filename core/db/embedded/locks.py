"""Kernel file locks: held by open descriptors, so they end with their process."""

import fcntl
import os
import time
from pathlib import Path
from weakref import WeakSet

from core.db.embedded.errors import EmbeddedPostgresError

POLL_SECONDS = 0.02


class FileLock:
    """One ``flock`` on one file or folder.

    A child made by ``os.fork`` holds none of its parent's locks. A program started
    with ``pass_fds=[lock.descriptor]`` shares the lock and keeps it until it ends.
    """

    _open: "WeakSet[FileLock]" = WeakSet()

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock in this process."""
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open descriptor that carries the lock."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not locked")
        return self._descriptor

    def try_shared(self) -> bool:
        """Take the lock beside other sharers; False when somebody excludes us."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take the lock alone; False when anybody else holds it."""
        return self._try(fcntl.LOCK_EX)

    def wait_exclusive(self, *, deadline: float) -> None:
        """Take the lock alone, waiting for others until ``deadline``.

        Args:
            deadline: A reading of ``time.monotonic()``, in seconds.

        Raises:
            EmbeddedPostgresError: The others did not leave in time.
        """
        while not self.try_exclusive():
            if time.monotonic() >= deadline:
                holder = self.path.read_text(encoding="utf-8").strip()
                raise EmbeddedPostgresError(
                    f"Another process (id {holder or 'unknown'}) is still starting or "
                    f"stopping the embedded PostgreSQL in {self.path.parent}: try "
                    "again in a moment, or end that process."
                )
            time.sleep(POLL_SECONDS)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the lock up; does nothing when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            # Closing leaves the lock with programs that were given a copy;
            # LOCK_UN would take it from them too.
            os.close(descriptor)
            self._open.discard(self)

    def _try(self, mode: int) -> bool:
        descriptor = open_private(self.path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._open.add(self)
        return True

    @classmethod
    def forget_all(cls) -> None:
        """Close every inherited lock; runs in each forked child."""
        for lock in list(cls._open):
            lock.release()


def open_private(path: Path, flags: int) -> int:
    """Open a file of ours for reading and writing by its folder's owner alone.

    Args:
        path: The file; made with mode 0600 when absent. A link is refused.
        flags: Access flags for ``os.open``.

    Returns:
        An open descriptor that programs started later do not inherit.
    """
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        # What root makes must stay usable for the account that owns the folder.
        if os.geteuid() == 0 and os.fstat(descriptor).st_uid == 0:
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


os.register_at_fork(after_in_child=FileLock.forget_all)
