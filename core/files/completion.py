"""Completing an upload: what was sent is read, judged, and only then kept.

No transaction is open while content moves. What is judged is a copy that nobody else
can reach, and that very copy is what is stored: sending something else meanwhile, or
later by the same address, changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from core.audit.recorder import record_event
from core.clock import utc_now
from core.context import current
from core.files import repository
from core.files.content import Declared, Verified, verify
from core.files.desk import FileDesk, desk
from core.files.errors import (
    ChecksumMismatch,
    ContentRefused,
    FileForbidden,
    FileRejected,
    SizeMismatch,
    TypeMismatch,
    UploadSpent,
)
from core.files.models import FileStatus, StoredFile
from core.files.removal import remove_later
from core.files.store import incoming_key, object_key
from core.ids import new_id
from core.jobs.outbox import enqueue

SCAN: Final = "files.scan"

REFUSALS: Final = (SizeMismatch, TypeMismatch, ContentRefused, ChecksumMismatch)
"""What content is refused for."""

Step = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True, slots=True)
class _Task:
    """An upload to be judged."""

    desk: FileDesk
    tenant_id: UUID
    file_id: UUID
    name: str
    declared: Declared


def complete(file_id: UUID, step: Step) -> StoredFile:
    """Judges what was sent; the file is then ready, or waits for the scanner.

    Done twice, the second time tells what the first has led to.

    Args:
        file_id: Whose content was sent.
        step: Runs something in a transaction of its own.

    Raises:
        FileUnknown: There is no such file.
        FileForbidden: Somebody else signed for it.
        NotUploaded: Nothing was sent.
        SizeMismatch: The content is no good, for these four; it is gone then.
        TypeMismatch: Likewise.
        ContentRefused: Likewise.
        ChecksumMismatch: Likewise.
        FileRejected: It was refused before.
        UploadSpent: The file was deleted meanwhile.
    """
    begun = step(lambda: _begin(file_id))
    if isinstance(begun, StoredFile):
        return begun
    with TemporaryFile() as copy:
        content = cast("BinaryIO", copy)
        try:
            verified = _judged(begun, content)
        except REFUSALS as refusal:
            reason = refusal.code
            step(lambda: _reject(file_id, reason))
            raise
        object_id = new_id()
        begun.desk.store.keep(
            object_key(begun.tenant_id, object_id),
            content,
            name=begun.name,
            media_type=verified.media_type,
        )
    done: StoredFile | None = step(lambda: _finish(file_id, object_id, verified))
    if done is None:
        raise UploadSpent
    return done


def _begin(file_id: UUID) -> _Task | StoredFile:
    """What is to be judged; the file itself where that has happened."""
    row = repository.get(file_id)
    if row.user_id != current().actor.user_id:
        raise FileForbidden
    if row.status == FileStatus.REJECTED:
        raise FileRejected(details={"reason": row.reason})
    if row.status != FileStatus.PENDING:
        return row
    declared = Declared(row.media_type, row.size_bytes, row.sha256)
    return _Task(desk(), row.tenant_id, row.id, row.name, declared)


def _judged(task: _Task, copy: BinaryIO) -> Verified:
    task.desk.store.fetch(
        incoming_key(task.tenant_id, task.file_id),
        copy,
        size_bytes=task.declared.size_bytes,
    )
    return verify(copy, task.declared)


def _reject(file_id: UUID, reason: str) -> None:
    row = repository.find(file_id, lock=True)
    if row is not None and row.status == FileStatus.PENDING:
        refuse(row, reason)


def refuse(row: StoredFile, reason: str) -> None:
    """Marks a file as refused; its content goes when this is committed."""
    remove_later(row.id, row.object_id, link_until=row.upload_until)
    row.status, row.reason, row.object_id = FileStatus.REJECTED, reason, None
    record_event("file.refused", "file", row.id, {"reason": reason})


def _finish(file_id: UUID, object_id: UUID, verified: Verified) -> StoredFile | None:
    """Writes down that content is good, unless somebody was faster."""
    row = repository.find(file_id, lock=True)
    if row is None or row.status != FileStatus.PENDING:
        remove_later(file_id, object_id, link_until=utc_now())
        return row
    row.object_id, row.completed_at = object_id, utc_now()
    row.sha256, row.status = verified.sha256, FileStatus.READY
    if desk().clamd is not None:
        row.status = FileStatus.SCANNING
        enqueue(SCAN, args={"file_id": row.id})
    remove_later(row.id, None, link_until=row.upload_until)
    return row
