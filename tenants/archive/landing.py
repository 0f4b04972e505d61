"""Files that an import stores before it is sure, and what becomes of them.

The database takes its rows back when an import fails or is killed; a store does not.
So each key is written into a list under ``imports`` before its content is stored, and
the list is locked while the import goes on. Whoever finds a list without a lock deletes
what it names, unless the gym came to be.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from uuid import UUID

import structlog

from core.files.desk import desk
from core.files.store import FileStore
from tenants import repository
from tenants.archive.shape import Site
from tenants.errors import GymExists

log = structlog.get_logger(__name__)


class Landing:
    """The list of one import.

    Args:
        file: Open and locked.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def announce(self, store: FileStore, key: str) -> None:
        """Notes a key before its content is stored; not one that is there already."""
        if store.size(key) is None:
            self._file.write(f"{key}\n")
            self._file.flush()
            os.fsync(self._file.fileno())


@contextmanager
def landing(site: Site, gym_id: UUID) -> Iterator[Landing]:
    """Keeps the list of an import; at the end, files of a gym that is not here go.

    Raises:
        GymExists: This gym is let in by somebody else at this moment.
    """
    path = _folder(site) / f"{gym_id}.keys"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+") as file:
        if not _is_locked(file, path):
            raise GymExists("This gym is let in by somebody else at this moment.")
        try:
            yield Landing(file)
        finally:
            _settle(site, path, file)


def sweep(site: Site) -> int:
    """Deletes what killed imports left in the store; returns of how many imports."""
    swept = 0
    for path in _folder(site).glob("*.keys"):
        with path.open("a+") as file:
            if _is_locked(file, path):
                _settle(site, path, file)
                swept += 1
    return swept


def _folder(site: Site) -> Path:
    return site.settings.server.home / "imports"


def _is_locked(file: TextIO, path: Path) -> bool:
    """Locks the list for this process; False where another one works on it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had it before may have ended it, and the name leads to another one.
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _settle(site: Site, path: Path, file: TextIO) -> None:
    file.seek(0)
    # A line that a kill cut short was not stored yet.
    keys = [line.rstrip("\n") for line in file if line.endswith("\n")]
    with site.units.open(None) as session:
        is_here = repository.find_gym(session, UUID(path.stem)) is not None
        store = desk().store
    if not is_here:
        for key in keys:
            store.delete(key)
        log.info("gym.import_cleared", files=len(keys))
    path.unlink()
