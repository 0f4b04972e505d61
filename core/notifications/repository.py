"""All SQL on deliveries."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_

from core.db.unit import session
from core.http.page import Page, SortKey
from core.http.stream import Found, Position
from core.jobs.models import JobState, OutboxJob
from core.notifications.errors import DeliveryUnknown
from core.notifications.models import Delivery

SORTS = {
    "created_at": Delivery.created_at,
    "sent_at": Delivery.sent_at,
    "template": Delivery.template,
    "status": Delivery.status,
}
"""What the list may be sorted by; cursors follow ``created_at`` alone."""

_EQUAL = ("status", "template", "channel", "topic", "user_id")


def add(row: Delivery) -> None:
    """Writes a new delivery."""
    session().add(row)
    session().flush()


def find(delivery_id: UUID, *, lock: bool = False) -> Delivery | None:
    """A delivery of this gym; ``lock`` keeps others from changing it."""
    statement = select(Delivery).where(Delivery.id == delivery_id)
    return session().scalar(statement.with_for_update() if lock else statement)


def get(delivery_id: UUID, *, lock: bool = False) -> Delivery:
    """A delivery of this gym.

    Raises:
        DeliveryUnknown: There is none.
    """
    found = find(delivery_id, lock=lock)
    if found is None:
        raise DeliveryUnknown
    return found


def job_lives(job_id: UUID | None) -> bool:
    """Says whether a delivery's job is still going to run, or running."""
    state = session().scalar(select(OutboxJob.state).where(OutboxJob.id == job_id))
    return state in {JobState.PENDING, JobState.QUEUED, JobState.RUNNING}


def job_runs(job_id: UUID | None) -> bool:
    """Says whether a delivery's job is at work right now."""
    state = session().scalar(select(OutboxJob.state).where(OutboxJob.id == job_id))
    return state == JobState.RUNNING


def read_page(
    filters: Mapping[str, Any], *, page: int, limit: int, sort: Sequence[SortKey]
) -> Found:
    """Reads a page with the total, and where a cursor would go on from it."""
    criteria = _criteria(filters)
    descending = sort[-1].descending
    keys: list[Any] = [
        SORTS[key.name].desc() if key.descending else SORTS[key.name] for key in sort
    ]
    rows = (
        session()
        .scalars(
            select(Delivery)
            .where(*criteria)
            .order_by(*keys, Delivery.id.desc() if descending else Delivery.id)
            .offset((page - 1) * limit)
            .limit(limit)
        )
        .all()
    )
    counted = select(func.count()).select_from(Delivery).where(*criteria)
    total = session().scalar(counted) or 0
    follows = [key.name for key in sort] == ["created_at"] and total > page * limit
    found = Page(items=rows, page=page, limit=limit, total=total)
    return found, _position(rows[-1], descending=descending) if follows else None


def read_on(filters: Mapping[str, Any], after: Position, *, limit: int) -> Found:
    """Reads on after ``after`` in its direction, at the same cost at any depth."""
    key = tuple_(Delivery.created_at, Delivery.id)
    last = tuple_(after.at, after.id)
    order: tuple[Any, ...] = (Delivery.created_at, Delivery.id)
    if after.descending:
        order = tuple(column.desc() for column in order)
    rows = (
        session()
        .scalars(
            select(Delivery)
            .where(*_criteria(filters), key < last if after.descending else key > last)
            .order_by(*order)
            .limit(limit + 1)
        )
        .all()
    )
    found = Page(items=rows[:limit], page=0, limit=limit, total=None)
    if len(rows) <= limit:
        return found, None
    return found, _position(rows[limit - 1], descending=after.descending)


def _position(row: Delivery, *, descending: bool) -> Position:
    return Position(row.created_at, row.id, descending)


def _criteria(filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [
        getattr(Delivery, name) == filters[name]
        for name in _EQUAL
        if filters.get(name) is not None
    ]
