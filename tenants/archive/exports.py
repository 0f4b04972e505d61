"""Exports that operators ask for over HTTP: written behind the requests, kept a week.

An export is a row first. Whoever finds it without a lease works on it, renews the lease
meanwhile, and puts the file in its place in the transaction that marks the row done. A
process that is killed leaves a row whose lease runs out, and a draft that whoever
begins anew removes. An erased gym has no exports: its row of the registry decides.
"""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from core.clock import utc_now
from core.db.unit import UnitOfWork
from core.errors import TenantUnknown
from core.ids import new_id
from core.operations.backup.locks import must_be_lockable
from core.operations.errors import OperationFailed
from core.privacy.archives import KEPT, chunks_of
from core.privacy.holders import privacy
from tenants import repository
from tenants.archive import repository as rows
from tenants.archive.leaving import write
from tenants.archive.shape import Site
from tenants.errors import ExportGone, ExportNotReady, ExportUnknown, NothingToLockWith
from tenants.models import ExportStatus, GymExport, GymStatus
from tenants.oplog import note

ATTEMPTS: Final = 3
LEASE: Final = timedelta(minutes=5)
"""How long a process that fell silent is waited for."""

_BEAT_S: Final = 30.0

log = structlog.get_logger(__name__)


def ask(site: Site, gym_id: UUID, operator_id: UUID) -> GymExport:
    """Asks for an export; while one waits, it is that one.

    Raises:
        TenantUnknown: There is no such gym, or it was erased.
        NothingToLockWith: An archive is never written in the clear.
    """
    try:
        must_be_lockable(site.settings)
    except OperationFailed as error:
        raise NothingToLockWith from error
    with site.units.open(None) as session:
        # Two at once come one after another, and an erasure after both.
        gym = repository.lock_gym(session, gym_id)
        if gym is None or gym.status == GymStatus.ERASED:
            raise TenantUnknown("There is no such gym.")
        waiting = rows.pending_export(session, gym_id)
        if waiting is not None:
            return waiting
        wanted = GymExport(id=new_id(), gym_id=gym_id, operator_id=operator_id)
        session.add(wanted)
        told = {"exportId": str(wanted.id)}
        note(session, "gym.export_asked", gym=gym, details=told)
        return wanted


def get(units: UnitOfWork, gym_id: UUID, export_id: UUID) -> GymExport:
    """One export of a gym.

    Raises:
        ExportUnknown: There is none with this id.
    """
    with units.open(None) as session:
        found = rows.find_export(session, export_id)
    if found is None or found.gym_id != gym_id:
        raise ExportUnknown
    return found


def download(
    units: UnitOfWork, gym_id: UUID, export_id: UUID
) -> tuple[Iterator[bytes], int]:
    """Opens the file of an export.

    Returns:
        Its bytes, and how many.

    Raises:
        ExportUnknown: There is no such export.
        ExportNotReady: There is no file yet, or it came to nothing.
        ExportGone: The file is no longer kept.
    """
    wanted = get(units, gym_id, export_id)
    if wanted.status == ExportStatus.EXPIRED:
        raise ExportGone
    if wanted.status != ExportStatus.DONE:
        raise ExportNotReady
    with units.open(None) as session:
        folder = privacy().archives.folder(gym_id)
        try:
            file = (folder / _name(export_id)).open("rb")
        except FileNotFoundError as error:
            raise ExportGone from error
        gym = repository.find_gym(session, gym_id)
        told = {"exportId": str(export_id)}
        note(session, "gym.export_downloaded", gym=gym, details=told)
    size = os.fstat(file.fileno()).st_size
    return chunks_of(file), size


def work(site: Site) -> int:
    """Writes the exports that wait and deletes those kept long enough.

    Returns:
        How many were written or deleted.
    """
    done = _expire(site.units)
    while (claimed := _claim(site.units)) is not None:
        _Writing(site, claimed).run()
        done += 1
    return done


class _Writing:
    """One attempt at an export.

    Args:
        site: Where the gym is.
        claimed: The export, with a lease on it.
    """

    def __init__(self, site: Site, claimed: GymExport) -> None:
        self._site, self._units, self._export = site, site.units, claimed
        self._beaten = time.monotonic()

    def run(self) -> None:
        """Writes the file; what goes wrong is noted at the row."""
        folder = _folder(self._units, self._export.gym_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(f".{self._export.id}.*"):
            left.unlink(missing_ok=True)
        draft = folder / f".{self._export.id}.{self._export.attempts}"
        try:
            self._finish(draft, self._write(draft))
        except Exception as error:  # noted, and tried again
            log.warning("gym.export_failed", exc_info=error)
            self._fail(type(error).__name__)
        finally:
            draft.unlink(missing_ok=True)

    def _write(self, draft: Path) -> int:
        handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            written = write(self._site, self._export.gym_id, file, self._beat)
            file.flush()
            os.fsync(file.fileno())
        return written

    def _beat(self) -> None:
        """Renews the lease now and then, in a transaction of its own."""
        if time.monotonic() - self._beaten < _BEAT_S:
            return
        self._beaten = time.monotonic()
        with self._units.open(None) as session:
            mine = rows.find_export(session, self._export.id, lock=True)
            if mine is not None and mine.attempts == self._export.attempts:
                mine.lease_until = utc_now() + LEASE

    def _finish(self, draft: Path, written: int) -> None:
        """Puts the file in its place, unless the gym is gone or another one did."""
        with self._units.open(None) as session:
            gym = repository.lock_gym(session, self._export.gym_id)
            mine = rows.find_export(session, self._export.id, lock=True)
            if gym is None or mine is None or not self._is_mine(mine):
                return
            mine.status = ExportStatus.DONE.value
            mine.rows, mine.size_bytes = written, draft.stat().st_size
            mine.finished_at, mine.lease_until = utc_now(), None
            told = {"exportId": str(mine.id)}
            note(
                session,
                "gym.exported",
                gym=gym,
                operator_id=mine.operator_id,
                details=told,
            )
            draft.replace(draft.with_name(_name(mine.id)))

    def _fail(self, reason: str) -> None:
        with self._units.open(None) as session:
            mine = rows.find_export(session, self._export.id, lock=True)
            if mine is None or not self._is_mine(mine):
                return
            mine.error = reason
            # Left alone for a while, so that what is wrong may pass.
            mine.lease_until = utc_now() + LEASE / 10
            if mine.attempts >= ATTEMPTS:
                _give_up(mine)

    def _is_mine(self, stored: GymExport) -> bool:
        return (
            stored.status == ExportStatus.PENDING
            and stored.attempts == self._export.attempts
        )


def _claim(units: UnitOfWork) -> GymExport | None:
    """Takes the next export that nobody works on, and a lease on it."""
    with units.open(None) as session:
        while (found := rows.next_export(session, utc_now())) is not None:
            if found.attempts >= ATTEMPTS:
                found.error = found.error or "Killed"
                _give_up(found)
                session.flush()
                continue
            found.attempts += 1
            found.lease_until = utc_now() + LEASE
            return found
    return None


def _give_up(export: GymExport) -> None:
    export.status = ExportStatus.FAILED.value
    export.finished_at, export.lease_until = utc_now(), None


def _expire(units: UnitOfWork) -> int:
    """Deletes the files that were kept long enough."""
    with units.open(None) as session:
        old = rows.exports_before(session, utc_now() - KEPT)
        for export in old:
            export.status = ExportStatus.EXPIRED.value
            folder = privacy().archives.folder(export.gym_id)
            (folder / _name(export.id)).unlink(missing_ok=True)
    return len(old)


def _folder(units: UnitOfWork, gym_id: UUID) -> Path:
    """Where a gym's archives lie, those of its people too; it goes with the gym."""
    with units.open(None):
        return privacy().archives.folder(gym_id)


def _name(export_id: UUID) -> str:
    return f"{export_id}.palestra"
