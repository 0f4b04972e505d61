"""All SQL on deliveries."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_

from core.db.statement import Statement, given
from core.db.unit import session
from core.http.ordering import in_order
from core.http.page import Page, SortKey
from core.http.pages import MOST, Pages
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

_FILTERS = {
    name: getattr(Delivery, name) == given(name)
    for name in ("status", "template", "channel", "topic", "user_id")
}
_DELIVERIES = Pages(Delivery, filters=_FILTERS, sorts=SORTS)

_BY_ID = select(Delivery).where(Delivery.id == given("id"))
_READ = Statement(_BY_ID)
_LOCKED = Statement(_BY_ID.with_for_update(), refresh=True)
_JOB_STATE = Statement(select(OutboxJob.state).where(OutboxJob.id == given("job_id")))


def add(row: Delivery) -> None:
    """Writes a new delivery."""
    session().add(row)
    session().flush()


def find(delivery_id: UUID, *, lock: bool = False) -> Delivery | None:
    """A delivery of this gym; ``lock`` keeps others from changing it."""
    found: Delivery | None = session().read_one(
        _LOCKED if lock else _READ, id=delivery_id
    )
    return found


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
    state = session().read_value(_JOB_STATE, job_id=job_id)
    return state in {JobState.PENDING, JobState.QUEUED, JobState.RUNNING}


def job_runs(job_id: UUID | None) -> bool:
    """Says whether a delivery's job is at work right now."""
    return bool(session().read_value(_JOB_STATE, job_id=job_id) == JobState.RUNNING)


def read_page(
    filters: Mapping[str, Any], *, page: int, limit: int, sort: Sequence[SortKey]
) -> Found:
    """Reads a page with the total, and where a cursor would go on from it."""
    wanted = _wanted(filters)
    found = _DELIVERIES.read(session(), wanted, page=page, limit=limit, sort=sort)
    by_time = [key.name for key in sort] == ["created_at"]
    if not (by_time and (found.total or 0) > page * limit):
        return found, None
    return found, _position(found.items[-1], descending=sort[-1].descending)


def read_on(filters: Mapping[str, Any], after: Position, *, limit: int) -> Found:
    """Reads on after ``after`` in its direction, at the same cost at any depth."""
    values = _wanted(filters)
    rows = session().read(
        _onward(frozenset(values), after.descending),
        **values,
        after=after.at,
        after_id=after.id,
        limit=limit + 1,
    )
    found = Page(items=rows[:limit], page=0, limit=limit, total=None)
    if len(rows) <= limit:
        return found, None
    return found, _position(rows[limit - 1], descending=after.descending)


def _position(row: Delivery, *, descending: bool) -> Position:
    return Position(row.created_at, row.id, descending)


def _wanted(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: filters[name] for name in _FILTERS if filters.get(name) is not None}


@lru_cache(maxsize=MOST)
def _onward(names: frozenset[str], descending: bool) -> Statement:  # noqa: FBT001 — keyed by it
    """The deliveries after one, in time order, that meet the filters named."""
    key = tuple_(Delivery.created_at, Delivery.id)
    last = tuple_(given("after"), given("after_id"))
    by_time = [SortKey("created_at", descending)]
    return Statement(
        select(Delivery)
        .where(
            *(_FILTERS[name] for name in sorted(names)),
            key < last if descending else key > last,
        )
        .order_by(*in_order(by_time, SORTS, Delivery.id))
        .limit(given("limit"))
    )
