"""All SQL on inboxes; in every case by the person whose inbox it is."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, true, tuple_

from core.clock import utc_now
from core.db.compiled_writes import Updating
from core.db.statement import Statement, given
from core.db.unit import session
from core.http.page import Page
from core.http.stream import Found, Position
from core.notifications.models import InboxItem

_THEIRS: Final = InboxItem.user_id == given("user_id")
_UNREAD: Final = InboxItem.read_at.is_(None)
_WHICH: Final[dict[bool | None, ColumnElement[bool]]] = {
    None: true(),
    True: _UNREAD,
    False: ~_UNREAD,
}
"""Which of a person's messages are read, by what the reader asks for."""


def _newest_first(which: ColumnElement[bool]) -> Select[InboxItem]:
    return (
        select(InboxItem)
        .where(_THEIRS, which)
        .order_by(InboxItem.created_at.desc(), InboxItem.id.desc())
        .limit(given("limit"))
    )


_OLDER: Final = tuple_(InboxItem.created_at, InboxItem.id) < tuple_(
    given("after"), given("after_id")
)
_PAGES: Final = {
    unread: Statement(_newest_first(which).offset(given("offset")))
    for unread, which in _WHICH.items()
}
_ONWARD: Final = {
    unread: Statement(_newest_first(which).where(_OLDER))
    for unread, which in _WHICH.items()
}
_COUNTS: Final = {
    unread: Statement(select(func.count()).select_from(InboxItem).where(_THEIRS, which))
    for unread, which in _WHICH.items()
}
_ONE: Final = Statement(
    select(InboxItem).where(_THEIRS, InboxItem.id == given("id")).with_for_update(),
    refresh=True,
)
_READ_ALL: Final = Updating(
    InboxItem, _THEIRS, _UNREAD, values={"read_at": given("now")}
)


def read_page(user_id: UUID, *, unread: bool | None, page: int, limit: int) -> Found:
    """Reads a page, newest first, with the total."""
    rows = session().read(
        _PAGES[unread], user_id=user_id, limit=limit, offset=(page - 1) * limit
    )
    total = _count(user_id, unread=unread)
    found = Page(items=rows, page=page, limit=limit, total=total)
    return found, _after(rows) if total > page * limit else None


def read_on(
    user_id: UUID, after: Position, *, unread: bool | None, limit: int
) -> Found:
    """Reads on towards the older ones, at the same cost at any depth."""
    rows = session().read(
        _ONWARD[unread],
        user_id=user_id,
        limit=limit + 1,
        after=after.at,
        after_id=after.id,
    )
    shown = rows[:limit]
    found = Page(items=shown, page=0, limit=limit, total=None)
    return found, _after(shown) if len(rows) > limit else None


def count_unread(user_id: UUID) -> int:
    """How many a person has not read."""
    return _count(user_id, unread=True)


def find(user_id: UUID, item_id: UUID) -> InboxItem | None:
    """One of a person's, kept from changing until this unit of work ends."""
    found: InboxItem | None = session().read_one(_ONE, user_id=user_id, id=item_id)
    return found


def mark_all_read(user_id: UUID) -> int:
    """Marks all of a person's as read, and says how many were not."""
    return len(_READ_ALL.run(session(), user_id=user_id, now=utc_now()))


def _after(rows: Sequence[InboxItem]) -> Position | None:
    if not rows:
        return None
    return Position(rows[-1].created_at, rows[-1].id, descending=True)


def _count(user_id: UUID, *, unread: bool | None) -> int:
    return int(session().read_value(_COUNTS[unread], user_id=user_id))
