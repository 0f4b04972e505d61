"""Having a file scanned before anyone may read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog

from core.audit.recorder import record_event
from core.clock import utc_now
from core.files import repository
from core.files.completion import refuse
from core.files.desk import FileDesk, desk
from core.files.errors import FileUnknown, ScanImpossible
from core.files.models import FileStatus
from core.files.store import object_key

INFECTED: Final = "FILE_INFECTED"
UNSCANNABLE: Final = "FILE_UNSCANNABLE"
LOST: Final = "FILE_LOST"

log = structlog.get_logger(__name__)

Step = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True, slots=True)
class _Held:
    """A file that waits for its scan."""

    desk: FileDesk
    key: str
    object_id: UUID


def scan(file_id: UUID, step: Step) -> None:
    """Scans a file that is held; afterwards it is ready, or refused.

    Where no scanner is set up any more, the file stays held: it was promised a scan.

    Raises:
        ScanFailed: The scanner gave no verdict.
    """
    held: _Held | None = step(lambda: _held(file_id))
    if held is None:
        return
    clamd = held.desk.clamd
    if clamd is None:
        log.warning("files.no_scanner", file=str(file_id))
        return
    try:
        with held.desk.store.opened(held.key) as content:
            found = clamd.scan(content)
    except ScanImpossible:
        step(lambda: _settle(file_id, held.object_id, UNSCANNABLE, None))
    except FileUnknown:
        step(lambda: _settle(file_id, held.object_id, LOST, None))
    else:
        reason = None if found is None else INFECTED
        step(lambda: _settle(file_id, held.object_id, reason, found))


def _held(file_id: UUID) -> _Held | None:
    row = repository.find(file_id)
    if row is None or row.status != FileStatus.SCANNING or row.object_id is None:
        return None
    return _Held(desk(), object_key(row.tenant_id, row.object_id), row.object_id)


def _settle(
    file_id: UUID, object_id: UUID, reason: str | None, found: str | None
) -> None:
    row = repository.find(file_id, lock=True)
    if row is None or (row.status, row.object_id) != (FileStatus.SCANNING, object_id):
        return
    row.scanned_at = utc_now()
    if reason is None:
        row.status = FileStatus.READY
        return
    refuse(row, reason)
    if found is not None:
        record_event("file.infected", "file", row.id, {"signature": found})
