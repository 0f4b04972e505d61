"""All SQL on exports of gyms, and on the files that go along."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.files.models import StoredFile
from tenants.models import ExportStatus, GymExport

_OBJECTS = Statement(
    select(StoredFile.object_id).where(StoredFile.object_id.is_not(None))
)
_FILE_OF_OBJECT = Statement(
    select(StoredFile).where(StoredFile.object_id == given("object_id")).limit(1)
)
_PENDING = select(GymExport).where(GymExport.status == ExportStatus.PENDING.value)
_PENDING_OF = Statement(_PENDING.where(GymExport.gym_id == given("gym_id")))
_NEXT = Statement(
    _PENDING.where(
        or_(GymExport.lease_until.is_(None), GymExport.lease_until < given("now"))
    )
    .order_by(GymExport.id)
    .limit(1)
    .with_for_update(skip_locked=True),
    refresh=True,
)
_DONE_BEFORE = Statement(
    select(GymExport)
    .where(
        GymExport.status == ExportStatus.DONE.value,
        GymExport.finished_at < given("moment"),
    )
    .with_for_update(skip_locked=True),
    refresh=True,
)


def file_objects(session: TenantSession) -> set[UUID]:
    """The objects that hold content of files of the session's gym."""
    return {row.object_id for row in session.read(_OBJECTS)}


def file_of_object(session: TenantSession, object_id: UUID) -> StoredFile | None:
    """A file of the session's gym whose content is this object."""
    found: StoredFile | None = session.read_one(_FILE_OF_OBJECT, object_id=object_id)
    return found


def find_export(
    session: TenantSession, export_id: UUID, *, lock: bool = False
) -> GymExport | None:
    """An export, kept from changing until this transaction ends where wanted."""
    return session.get(
        GymExport, export_id, with_for_update=lock, populate_existing=True
    )


def pending_export(session: TenantSession, gym_id: UUID) -> GymExport | None:
    """The gym's export that is not written yet."""
    found: GymExport | None = session.read_one(_PENDING_OF, gym_id=gym_id)
    return found


def next_export(session: TenantSession, now: datetime) -> GymExport | None:
    """The oldest export that waits and that nobody has a lease on, locked."""
    found: GymExport | None = session.read_one(_NEXT, now=now)
    return found


def exports_before(session: TenantSession, moment: datetime) -> Sequence[GymExport]:
    """The exports that were finished before a moment and are still kept, locked."""
    return session.read(_DONE_BEFORE, moment=moment)
