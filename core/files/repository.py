"""All SQL on files."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from core.access import RowScope
from core.context import current
from core.db.locks import lock_ids
from core.db.statement import Statement, among, given
from core.db.unit import session
from core.files.desk import desk
from core.files.errors import FileUnknown
from core.files.models import FileStatus, StoredFile
from core.files.ports import Reach
from core.http.page import Page, SortKey
from core.http.pages import Pages
from core.ids import NIL

SORTS: Final = {
    "created_at": StoredFile.created_at,
    "name": StoredFile.name,
    "size_bytes": StoredFile.size_bytes,
}
"""What the list may be sorted by."""

_EQUAL: Final = ("purpose", "status", "user_id")
_QUOTA: Final = UUID("0195c0de-0000-7000-8000-66696c657300")
"""Stands for the gym's room in locks, so that one at a time counts and takes of it."""

_BY_ID: Final = select(StoredFile).where(StoredFile.id == given("id"))
_AS_IT_STANDS: Final = Statement(_BY_ID, refresh=True)
_LOCKED: Final = Statement(_BY_ID.with_for_update(), refresh=True)
_BYTES: Final = Statement(
    select(func.coalesce(func.sum(StoredFile.size_bytes), 0)).where(
        StoredFile.status != FileStatus.REJECTED.value
    )
)
_OF_PERSON: Final = Statement(
    select(StoredFile)
    .where(StoredFile.user_id == given("user_id"))
    .order_by(StoredFile.created_at, StoredFile.id)
)
_KNOWN: Final = Statement(
    select(StoredFile.object_id).where(among(StoredFile.object_id, "object_ids"))
)
_PENDING: Final = Statement(
    select(StoredFile.id).where(
        among(StoredFile.id, "ids"), StoredFile.status == FileStatus.PENDING.value
    )
)
_HELD: Final = Statement(
    select(StoredFile.id)
    .where(
        StoredFile.status == FileStatus.SCANNING.value,
        StoredFile.completed_at < given("before"),
    )
    .order_by(StoredFile.id)
    .limit(given("limit"))
)


def _to_clear(*criteria: ColumnElement[bool]) -> Statement:
    """Reads files that nobody else has locked, and locks them."""
    return Statement(
        select(StoredFile)
        .where(*criteria)
        .order_by(StoredFile.id)
        .limit(given("limit"))
        .with_for_update(skip_locked=True),
        refresh=True,
    )


_ABANDONED: Final = _to_clear(
    StoredFile.status == FileStatus.PENDING.value,
    StoredFile.upload_until < given("before"),
)
_REFUSED: Final = _to_clear(
    StoredFile.status == FileStatus.REJECTED.value,
    StoredFile.created_at < given("before"),
)


def find(file_id: UUID, *, lock: bool = False) -> StoredFile | None:
    """A file of this gym; ``lock`` keeps others from changing it."""
    found: StoredFile | None = session().read_one(
        _LOCKED if lock else _AS_IT_STANDS, id=file_id
    )
    return found


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
    return int(session().read_value(_BYTES))


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
    actor, reach = current().actor, desk().reach
    wanted = {
        **{name: filters.get(name) for name in _EQUAL},
        **reach.values(),
        "own": actor.user_id or NIL,
        "shared": list(shared),
    }
    files = _readable(reach, actor.scope)
    return files.read(session(), wanted, page=number, limit=limit, sort=sort)


def abandoned(*, before: datetime, limit: int) -> Sequence[StoredFile]:
    """Pending files whose time to be uploaded ended before a moment; locked."""
    return session().read(_ABANDONED, before=before, limit=limit)


def refused(*, before: datetime, limit: int) -> Sequence[StoredFile]:
    """Files that were rejected and are older than a moment; locked."""
    return session().read(_REFUSED, before=before, limit=limit)


def held(*, before: datetime, limit: int) -> Sequence[UUID]:
    """Ids of files that the scanner should have seen before a moment."""
    return [row.id for row in session().read(_HELD, before=before, limit=limit)]


def of_person(user_id: UUID) -> Sequence[StoredFile]:
    """All files that a person uploaded, oldest first."""
    return session().read(_OF_PERSON, user_id=user_id)


def known_objects(object_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids under which content of a file lies."""
    found = session().read(_KNOWN, object_ids=list(object_ids))
    return {row.object_id for row in found}


def pending_files(file_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids whose content is still to come."""
    return {row.id for row in session().read(_PENDING, ids=list(file_ids))}


@cache
def _readable(reach: Reach, scope: RowScope) -> Pages:
    """The actor's own files, and those of others that a scope reaches."""
    others = and_(among(StoredFile.purpose, "shared"), reach.scoped(StoredFile, scope))
    return Pages(
        StoredFile,
        or_(StoredFile.user_id == given("own"), others),
        filters={name: getattr(StoredFile, name) == given(name) for name in _EQUAL},
        sorts=SORTS,
    )
