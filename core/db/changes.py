"""What a transaction changed, row by row, before and after.

Flushes and bulk writes both report here; who writes the audit log listens. So the
author of a service has nothing to remember, and a bulk statement is not a way past it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect
from sqlalchemy.orm import Mapper, UOWTransaction
from sqlalchemy.orm.attributes import get_history

from core.db.base import HIDDEN, PERSONAL, TenantModel
from core.db.change import Change, Snapshot
from core.db.session import TenantSession


@cache
def personal_columns(model: type[TenantModel]) -> frozenset[str]:
    """Attribute names of what a model says about a person."""
    return frozenset(
        attribute.key
        for attribute in inspect(model).column_attrs
        if PERSONAL["audit"] == attribute.columns[0].info.get("audit")
    )


def person_of(row: TenantModel) -> UUID | None:
    """The user whom a row is about; None where it says nothing personal."""
    if not personal_columns(type(row)):
        return None
    found: UUID = getattr(row, row.__client_column__ or "id")
    return found


@cache
def visible_columns(mapper: Mapper[Any]) -> list[str]:
    """Attribute names that may be recorded: no secrets, no tenant.

    The list is kept, and not to be changed.
    """
    return [
        attribute.key
        for attribute in mapper.column_attrs
        if attribute.key != "tenant_id"
        and HIDDEN["audit"] != attribute.columns[0].info.get("audit")
    ]


def snapshot(row: TenantModel) -> Snapshot:
    """The recordable columns of a row as they are in memory."""
    loaded = row.__dict__
    return {
        key: loaded[key] for key in visible_columns(row.__mapper__) if key in loaded
    }


def difference(row: TenantModel) -> tuple[Snapshot, Snapshot]:
    """The changed recordable columns of a dirty row: (before, after)."""
    before: Snapshot = {}
    after: Snapshot = {}
    touched = inspect(row).committed_state
    for key in visible_columns(row.__mapper__):
        if key not in touched:
            continue
        history = get_history(row, key)
        if history.has_changes():
            before[key] = history.deleted[0] if history.deleted else None
            after[key] = history.added[0] if history.added else None
    return before, after


def identity_of(row: TenantModel) -> Snapshot:
    """The columns that say which row it is, where the id alone would not."""
    return {key: getattr(row, key) for key in row.__audit_keys__}


def report(session: TenantSession, changes: Iterable[Change]) -> None:
    """Hands the changes of audited models to the session's recorder."""
    kept = [change for change in changes if change.model.__audited__]
    if kept and session.recorder is not None:
        session.recorder.record(session, kept)


def _flushed(session: TenantSession) -> Iterable[Change]:
    for row in session.new:
        if isinstance(row, TenantModel):
            new = snapshot(row)
            yield Change(type(row), row.id, "create", None, new, person_of(row))
    for row in session.dirty:
        if isinstance(row, TenantModel):
            before, after = difference(row)
            if before or after:
                yield Change(
                    type(row),
                    row.id,
                    "update",
                    before,
                    after,
                    person_of(row),
                    identity_of(row),
                )
    for row in session.deleted:
        if isinstance(row, TenantModel):
            old = snapshot(row)
            yield Change(type(row), row.id, "delete", old, None, person_of(row))


@event.listens_for(TenantSession, "after_flush")
def _report_flush(session: TenantSession, _context: UOWTransaction) -> None:
    report(session, _flushed(session))
