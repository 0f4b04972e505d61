"""All SQL on exports of gyms, and on the files that go along."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from core.db.session import TenantSession
from core.files.models import StoredFile
from tenants.models import ExportStatus, GymExport


def file_objects(session: TenantSession) -> set[UUID]:
    """The objects that hold content of files of the session's gym."""
    found = session.scalars(select(StoredFile.object_id))
    return {object_id for object_id in found if object_id is not None}


def file_of_object(session: TenantSession, object_id: UUID) -> StoredFile | None:
    """A file of the session's gym whose content is this object."""
    found = select(StoredFile).where(StoredFile.object_id == object_id)
    return session.scalars(found.limit(1)).first()


def find_export(
    session: TenantSession, export_id: UUID, *, lock: bool = False
) -> GymExport | None:
    """An export, kept from changing until this transaction ends where wanted."""
    return session.get(
        GymExport, export_id, with_for_update=lock, populate_existing=True
    )


def pending_export(session: TenantSession, gym_id: UUID) -> GymExport | None:
    """The gym's export that is not written yet."""
    pending = GymExport.status == ExportStatus.PENDING
    return session.scalar(select(GymExport).where(pending, GymExport.gym_id == gym_id))


def next_export(session: TenantSession, now: datetime) -> GymExport | None:
    """The oldest export that waits and that nobody has a lease on, locked."""
    free = or_(GymExport.lease_until.is_(None), GymExport.lease_until < now)
    return session.scalar(
        select(GymExport)
        .where(GymExport.status == ExportStatus.PENDING, free)
        .order_by(GymExport.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def exports_before(session: TenantSession, moment: datetime) -> Sequence[GymExport]:
    """The exports that were finished before a moment and are still kept, locked."""
    return session.scalars(
        select(GymExport)
        .where(GymExport.status == ExportStatus.DONE, GymExport.finished_at < moment)
        .with_for_update(skip_locked=True)
    ).all()
