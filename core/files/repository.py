"""All SQL on files."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from core.context import current
from core.db.locks import lock_ids
from core.db.unit import session
from core.files.desk import desk
from core.files.errors import FileUnknown
from core.files.models import FileStatus, StoredFile
from core.http.page import Page, SortKey

SORTS: Final = {
    "created_at": StoredFile.created_at,
    "name": StoredFile.name,
    "size_bytes": StoredFile.size_bytes,
}
"""What the list may be sorted by."""

_EQUAL: Final = ("purpose", "status", "user_id")
_QUOTA: Final = UUID("0195c0de-0000-7000-8000-66696c657300")
"""Stands for the gym's room in locks, so that one at a time counts and takes of it."""


def find(file_id: UUID, *, lock: bool = False) -> StoredFile | None:
    """A file of this gym; ``lock`` keeps others from changing it."""
    statement = select(StoredFile).where(StoredFile.id == file_id)
    if lock:
        statement = statement.with_for_update()
    return session().scalar(statement.execution_options(populate_existing=True))


def get(file_id: UUID, *, lock: bool = False) -> StoredFile:
    """A file of this gym.

    Raises:
        FileUnknown: There is none.
    """
    found = find(file_id, lock=lock)
    if found is None:
        raise FileUnknown
    return found


def add(row: StoredFile) -> None:
    """Writes a new file."""
    session().add(row)
    session().flush()


def remove(row: StoredFile) -> None:
    """Deletes a file's row."""
    session().delete(row)
    session().flush()


def lock_room() -> None:
    """Makes others who want room in this gym wait until this unit of work ends."""
    lock_ids(session(), _QUOTA)


def bytes_taken() -> int:
    """What the gym's files take, those included whose content is still to come."""
    counted = select(func.sum(StoredFile.size_bytes)).where(
        StoredFile.status != FileStatus.REJECTED
    )
    return int(session().scalar(counted) or 0)


def read_page(
    filters: Mapping[str, Any],
    *,
    shared: Collection[str],
    paging: tuple[int, int],
    sort: Sequence[SortKey],
) -> Page:
    """Reads a page of the actor's own files, and of others' within their reach.

    Args:
        filters: Values that columns must have.
        shared: The purposes of which the actor reads others' files.
        paging: Number of the page, and rows on each.
        sort: Keys, the first one first.
    """
    number, limit = paging
    criteria = [_within_reach(shared), *_criteria(filters)]
    keys: list[Any] = [
        SORTS[key.name].desc() if key.descending else SORTS[key.name] for key in sort
    ]
    rows = session().scalars(
        select(StoredFile)
        .where(*criteria)
        .order_by(*keys, StoredFile.id)
        .offset((number - 1) * limit)
        .limit(limit)
    )
    counted = select(func.count()).select_from(StoredFile).where(*criteria)
    total = session().scalar(counted) or 0
    return Page(items=rows.all(), page=number, limit=limit, total=total)


def abandoned(*, before: datetime, limit: int) -> Sequence[StoredFile]:
    """Pending files whose time to be uploaded ended before a moment; locked."""
    return _locked(
        StoredFile.status == FileStatus.PENDING,
        StoredFile.upload_until < before,
        limit=limit,
    )


def refused(*, before: datetime, limit: int) -> Sequence[StoredFile]:
    """Files that were rejected and are older than a moment; locked."""
    return _locked(
        StoredFile.status == FileStatus.REJECTED,
        StoredFile.created_at < before,
        limit=limit,
    )


def held(*, before: datetime, limit: int) -> Sequence[UUID]:
    """Ids of files that the scanner should have seen before a moment."""
    return (
        session()
        .scalars(
            select(StoredFile.id)
            .where(
                StoredFile.status == FileStatus.SCANNING,
                StoredFile.completed_at < before,
            )
            .order_by(StoredFile.id)
            .limit(limit)
        )
        .all()
    )


def of_person(user_id: UUID) -> Sequence[StoredFile]:
    """All files that a person uploaded, oldest first."""
    return (
        session()
        .scalars(
            select(StoredFile)
            .where(StoredFile.user_id == user_id)
            .order_by(StoredFile.created_at, StoredFile.id)
        )
        .all()
    )


def known_objects(object_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids under which content of a file lies."""
    found = session().scalars(
        select(StoredFile.object_id).where(StoredFile.object_id.in_(object_ids))
    )
    return {one for one in found if one is not None}


def pending_files(file_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids whose content is still to come."""
    found = session().scalars(
        select(StoredFile.id).where(
            StoredFile.id.in_(file_ids), StoredFile.status == FileStatus.PENDING
        )
    )
    return set(found)


def _locked(*criteria: ColumnElement[bool], limit: int) -> Sequence[StoredFile]:
    return (
        session()
        .scalars(
            select(StoredFile)
            .where(*criteria)
            .order_by(StoredFile.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        .all()
    )


def _within_reach(shared: Collection[str]) -> ColumnElement[bool]:
    others = and_(StoredFile.purpose.in_(shared), desk().reach.visible(StoredFile))
    user_id = current().actor.user_id
    if user_id is None:
        return others
    return or_(StoredFile.user_id == user_id, others)


def _criteria(filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [
        getattr(StoredFile, name) == filters[name]
        for name in _EQUAL
        if filters.get(name) is not None
    ]
