"""The list of erased persons, kept outside the database.

A backup holds people who were erased after it was made. Whoever restores it applies
this list again. It names ids and moments and nothing personal.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from core.clock import as_rfc3339

log = structlog.get_logger(__name__)

FILE: Final = "erased.log"


@dataclass(frozen=True, slots=True)
class Erased:
    """One line: who was erased, in which gym."""

    tenant_id: UUID
    person_id: UUID


class Ledger:
    """The list of an installation; further machines' lists may lie beside it.

    Args:
        folder: Where it lies; made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, erased: Erased, at: datetime) -> None:
        """Adds a line and syncs it; returns once it is on the disk.

        A line that a crash cut short is closed first. Writing one twice does no harm.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        line = f"{as_rfc3339(at)} {erased.tenant_id} {erased.person_id}\n".encode()
        handle = os.open(self._folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if file.seek(0, os.SEEK_END) and not _ends_a_line(file.fileno()):
                line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self) -> list[Erased]:
        """Everybody in every ``*.log`` of the folder, each once, the oldest first."""
        found = [
            erased
            for path in sorted(self._folder.glob("*.log"))
            for erased in _lines(path)
        ]
        return list(dict.fromkeys(found))


def _ends_a_line(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return os.pread(handle, 1, size - 1) == b"\n"


def _lines(path: Path) -> Iterator[Erased]:
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        try:
            _at, tenant_id, person_id = line.split(" ")
            yield Erased(UUID(tenant_id), UUID(person_id))
        except ValueError:
            log.warning("privacy.ledger_line", file=path.name, line=number)
