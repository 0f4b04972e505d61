"""All SQL on rows about people, whatever tables they stand in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from core.audit.values import json_safe
from core.db.personal import Fate, Personal, Retention
from core.db.unit import session
from core.db.writes import delete_where, update_where
from core.privacy.declarations import (
    Model,
    blanks_of,
    columns_since,
    exported_columns,
    names,
    rules_of,
    table_of,
)

_AT_ONCE: Final = 500
"""Rows that are read, or deleted by retention, with one statement."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one table's rows about a person."""

    table: str
    column: str
    fate: Fate
    rows: int
    reason: str | None = None


def about(model: Model, rule: Personal, person: UUID) -> Iterator[Mapping[str, Any]]:
    """The rows of a table that concern a person by a rule, as they get to see them."""
    columns = [getattr(model, name) for name in exported_columns(model, rule)]
    criterion = names(model, rule, person, session().require_tenant())
    last: UUID | None = None
    while True:
        statement = select(model.id, *columns).where(criterion).order_by(model.id)
        if last is not None:
            statement = statement.where(model.id > last)
        found = session().execute(statement.limit(_AT_ONCE)).all()
        for row in found:
            yield {
                column.key: json_safe(value)
                for column, value in zip(columns, row[1:], strict=True)
            }
        if len(found) < _AT_ONCE:
            return
        last = found[-1][0]


def erase(models: Sequence[Model], person: UUID) -> list[Done]:
    """Does to a person's rows what their tables declare; safe to do again.

    Args:
        models: Those that refer to others before these.
        person: Whose.
    """
    done = []
    for model in models:
        # What deletes goes first: a row that goes need not be anonymised before.
        rules = sorted(
            rules_of(model), key=lambda rule: rule.on_erase.fate is not Fate.DELETED
        )
        done += [_erased(model, rule, person) for rule in rules]
    return [one for one in done if one.rows]


def _erased(model: Model, rule: Personal, person: UUID) -> Done:
    here, fate = session(), rule.on_erase.fate
    criterion = names(model, rule, person, here.require_tenant())
    values = blanks_of(model, rule, person) if fate is Fate.ANONYMISED else {}
    if fate is Fate.DELETED:
        rows = delete_where(here, model, criterion)
    elif values:
        rows = update_where(here, model, criterion, values=values)
    else:
        rows = here.scalar(select(func.count(model.id)).where(criterion)) or 0
    table = table_of(model).name
    return Done(table, rule.person, fate, rows, rule.on_erase.reason)


def delete_due(model: Model, retention: Retention, now: datetime, zone: str) -> int:
    """Deletes some of the rows that are kept no longer; fewer than asked means all.

    Returns:
        How many, at most ``batch_size()``.
    """
    since = _since(model, retention)
    old = since < now - timedelta(days=retention.days)
    if retention.monthly_by is None:
        due = select(model.id).where(old).limit(_AT_ONCE)
    else:
        due = _superseded(model, retention.monthly_by, (since, old), zone)
    ids = list(session().scalars(due))
    return delete_where(session(), model, model.id.in_(ids)) if ids else 0


def batch_size() -> int:
    """The most rows that ``delete_due`` deletes."""
    return _AT_ONCE


def _since(model: Model, retention: Retention) -> ColumnElement[Any]:
    """The earliest of the columns that is filled; LEAST leaves NULLs out."""
    columns = [getattr(model, name) for name in columns_since(retention)]
    found: ColumnElement[Any] = (
        columns[0] if len(columns) == 1 else func.least(*columns)
    )
    return found


def _superseded(
    model: Model,
    column: str,
    old: tuple[ColumnElement[Any], ColumnElement[bool]],
    zone: str,
) -> Any:
    """Old rows that a later old one of the same month and ``column`` follows."""
    since, is_old = old
    month = func.date_trunc("month", func.timezone(zone, since))
    later = func.row_number().over(
        partition_by=(getattr(model, column), month),
        order_by=(since.desc(), model.id.desc()),
    )
    ranked = select(model.id.label("id"), later.label("place")).where(is_old).subquery()
    return select(ranked.c.id).where(ranked.c.place > 1).limit(_AT_ONCE)
