"""All SQL on inboxes; in every case by the person whose inbox it is."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_

from core.clock import utc_now
from core.db.unit import session
from core.db.writes import update_where
from core.http.page import Page
from core.http.stream import Found, Position
from core.notifications.models import InboxItem


def read_page(user_id: UUID, *, unread: bool | None, page: int, limit: int) -> Found:
    """Reads a page, newest first, with the total."""
    criteria = _of(user_id, unread=unread)
    statement = select(InboxItem).where(*criteria).order_by(*_newest())
    rows = session().scalars(statement.offset((page - 1) * limit).limit(limit)).all()
    total = _count(criteria)
    found = Page(items=rows, page=page, limit=limit, total=total)
    return found, _after(rows) if total > page * limit else None


def read_on(
    user_id: UUID, after: Position, *, unread: bool | None, limit: int
) -> Found:
    """Reads on towards the older ones, at the same cost at any depth."""
    key = tuple_(InboxItem.created_at, InboxItem.id)
    rows = (
        session()
        .scalars(
            select(InboxItem)
            .where(*_of(user_id, unread=unread), key < tuple_(after.at, after.id))
            .order_by(*_newest())
            .limit(limit + 1)
        )
        .all()
    )
    shown = rows[:limit]
    found = Page(items=shown, page=0, limit=limit, total=None)
    return found, _after(shown) if len(rows) > limit else None


def count_unread(user_id: UUID) -> int:
    """How many a person has not read."""
    return _count(_of(user_id, unread=True))


def find(user_id: UUID, item_id: UUID) -> InboxItem | None:
    """One of a person's, kept from changing until this unit of work ends."""
    return session().scalar(
        select(InboxItem)
        .where(InboxItem.user_id == user_id, InboxItem.id == item_id)
        .with_for_update()
    )


def mark_all_read(user_id: UUID) -> int:
    """Marks all of a person's as read, and says how many were not."""
    return update_where(
        session(),
        InboxItem,
        *_of(user_id, unread=True),
        values={"read_at": utc_now()},
    )


def _of(user_id: UUID, *, unread: bool | None) -> list[ColumnElement[bool]]:
    criteria: list[ColumnElement[bool]] = [InboxItem.user_id == user_id]
    if unread is not None:
        is_unread = InboxItem.read_at.is_(None)
        criteria.append(is_unread if unread else ~is_unread)
    return criteria


def _newest() -> tuple[ColumnElement[Any], ...]:
    return (InboxItem.created_at.desc(), InboxItem.id.desc())


def _after(rows: Sequence[InboxItem]) -> Position | None:
    if not rows:
        return None
    return Position(rows[-1].created_at, rows[-1].id, descending=True)


def _count(criteria: Sequence[ColumnElement[bool]]) -> int:
    counted = select(func.count()).select_from(InboxItem).where(*criteria)
    return session().scalar(counted) or 0
