"""Reading the audit log: by page, or on from a cursor."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, tuple_, type_coerce

from core.audit.models import AuditEntry
from core.audit.personal import SIDES, Sealed, shown
from core.audit.recorder import AuditRecorder
from core.audit.seals import SIZE
from core.audit.values import json_safe
from core.context import current
from core.db.statement import Statement, given
from core.db.unit import session
from core.http.ordering import in_order
from core.http.page import Page, SortKey
from core.http.pages import MOST, page_of
from core.http.stream import Found, Position

SORTS = {
    "at": AuditEntry.at,
    "action": AuditEntry.action,
    "entity": AuditEntry.entity,
}
"""What the log may be sorted by; cursors follow time alone."""

_COLUMNS = (
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.user_id,
    AuditEntry.actor_kind,
    AuditEntry.action,
    AuditEntry.entity,
    AuditEntry.entity_id,
    AuditEntry.before,
    AuditEntry.after,
    AuditEntry.trace_id,
    AuditEntry.address,
    AuditEntry.person_id,
)
_AT_ONCE = 500
_FILTERS: Mapping[str, ColumnElement[bool]] = {
    "entity": AuditEntry.entity == given("entity"),
    "entity_id": AuditEntry.entity_id == given("entity_id"),
    "user_id": AuditEntry.user_id == given("user_id"),
    "action": AuditEntry.action == given("action"),
    "since": AuditEntry.at >= given("since"),
    "until": AuditEntry.at < given("until"),
}
_EQUAL = ("entity", "entity_id", "user_id", "action")

Order = tuple[SortKey, ...]


def read_page(
    filters: Mapping[str, Any], *, page: int, limit: int, sort: Sequence[SortKey]
) -> Found:
    """Reads a page with the total, and where a cursor would go on from it."""
    values = _wanted(filters)
    rows = session().read(
        _page(frozenset(values), tuple(sort)),
        **values,
        page_limit=limit,
        page_offset=(page - 1) * limit,
    )
    total = _count(values) if page > 1 or len(rows) == limit else len(rows)
    follows = [key.name for key in sort] == ["at"] and total > page * limit
    found = Page(items=_opened(rows), page=page, limit=limit, total=total)
    last = rows[-1] if follows and rows else None
    descending = sort[-1].descending
    return found, None if last is None else _position(last, descending=descending)


def read_on(filters: Mapping[str, Any], after: Position, *, limit: int) -> Found:
    """Reads on after ``after`` in its direction, at the same cost at any depth."""
    values = _wanted(filters)
    rows = session().read(
        _onward(frozenset(values), after.descending),
        **values,
        last_at=after.at,
        last_id=after.id,
        page_limit=limit + 1,
    )
    found = Page(items=_opened(rows[:limit]), page=0, limit=limit, total=None)
    if len(rows) <= limit:
        return found, None
    return found, _position(rows[limit - 1], descending=after.descending)


_ABOUT = and_(
    AuditEntry.entity == "user",
    AuditEntry.entity_id == given("person_text"),
    AuditEntry.person_id.is_(None),
)
_PARTS = tuple(
    Statement(
        select(*_COLUMNS)
        .where(criterion, AuditEntry.id > given("last_id"))
        .order_by(AuditEntry.id)
        .limit(_AT_ONCE)
    )
    for criterion in (AuditEntry.person_id == given("person"), _ABOUT)
)
_FIRST = UUID(int=0)


def read_about(person: UUID) -> Iterator[Mapping[str, Any]]:
    """The entries about a person, opened: what was changed of theirs, and log-ins.

    An address is told only where it is the person's own.
    """
    for part in _PARTS:
        last, more = _FIRST, True
        while more:
            who = {"person": person, "person_text": str(person)}
            rows = session().read(part, **who, last_id=last)
            for entry in _opened(rows):
                own = {} if entry["user_id"] == person else {"address": None}
                yield json_safe({**entry, **own})
            more = len(rows) == _AT_ONCE
            last = rows[-1].id if rows else last


def _opened(rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    """The entries with their personal values open, or shown as erased."""
    here = session()
    people = {row.person_id for row in rows if row.person_id is not None}
    recorder = here.recorder
    keys = (
        recorder.keys.for_reading(here, people)
        if people and isinstance(recorder, AuditRecorder)
        else {}
    )
    return [_shown(here.require_tenant(), row, keys) for row in rows]


def _shown(tenant_id: UUID, row: Any, keys: Mapping[UUID, bytes]) -> Mapping[str, Any]:
    values: dict[str, Any] = row._asdict()
    if row.person_id is None:
        return values
    key = keys.get(row.person_id)
    for side in SIDES:
        values[side] = shown(values[side], key, Sealed(tenant_id, row.id, side))
    return values


@lru_cache(maxsize=MOST)
def _page(names: frozenset[str], sort: Order) -> Statement:
    """A page by number, of entries that meet the filters named."""
    narrowed = select(*_COLUMNS).where(*_criteria(names))
    return page_of(narrowed.order_by(*in_order(sort, SORTS, AuditEntry.id)))


@lru_cache(maxsize=MOST)
def _onward(names: frozenset[str], descending: bool) -> Statement:  # noqa: FBT001 — keyed by it
    """The entries after one, in time order, that meet the filters named."""
    key = tuple_(AuditEntry.at, AuditEntry.id)
    last = tuple_(
        type_coerce(given("last_at"), AuditEntry.at.type),
        type_coerce(given("last_id"), AuditEntry.id.type),
    )
    return Statement(
        select(*_COLUMNS)
        .where(*_criteria(names), key < last if descending else key > last)
        .order_by(*in_order([SortKey("at", descending)], SORTS, AuditEntry.id))
        .limit(given("page_limit"))
    )


@lru_cache(maxsize=MOST)
def _counting(names: frozenset[str]) -> Statement:
    counted = select(func.count()).select_from(AuditEntry)
    return Statement(counted.where(*_criteria(names)))


def _position(row: Any, *, descending: bool) -> Position:
    return Position(row.at, row.id, descending)


def _count(values: Mapping[str, Any]) -> int:
    counting = _counting(frozenset(values)) if values else SIZE
    return session().read_value(counting, **values) or 0


def _criteria(names: frozenset[str]) -> list[ColumnElement[bool]]:
    return [_FILTERS[name] for name in sorted(names)]


def _wanted(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Filter → value; both days count whole, in the gym's time zone."""
    wanted = {name: filters[name] for name in _EQUAL if filters.get(name) is not None}
    first, last = filters.get("date_from"), filters.get("date_to")
    if first is not None:
        wanted["since"] = _midnight(first)
    if last is not None and last < date.max:
        wanted["until"] = _midnight(last + timedelta(days=1))
    return wanted


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=current().require_gym().zone)
