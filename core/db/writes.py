"""Bulk writes: the one way to send INSERT … ON CONFLICT, UPDATE and DELETE in bulk.

The session's guards see flushes and SELECTs; these statements they do not see, so
each function here stamps the gym on what it inserts, scopes what it touches to the
gym, and reports every changed row to the audit log.

Which one of two serves is one question: is the text of the statement the same in every
run? Then it is an ``Updating``, ``Deleting`` or ``Upserting`` at module level (see
``core.db.compiled_writes``), which costs a fraction. ``update_where``, ``delete_where``
and ``upsert`` are for the others, whose model, criteria or columns are known only when
they run: the erasure of any model's rows, a clean-up, a test. Rows are inserted by
``insert_new``, or by ``append`` where nobody reads them back.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Table,
    delete,
    func,
    inspect,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.db.base import TenantModel
from core.db.change import Change, Snapshot
from core.db.changes import (
    identity_of,
    person_of,
    report,
    snapshot,
    visible_columns,
)
from core.db.compiled_writes import with_next_version
from core.db.entities import entity_of
from core.db.insertions import FEW, MANY, Appended, Returned, insertion, is_referred_to
from core.db.session import SEES_ITS_GYM, TenantSession
from core.db.statement import attributes_of

Row = TypeVar("Row", bound=TenantModel)

_OPTIONS = {SEES_ITS_GYM: True}


def _stamped(
    session: TenantSession, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    tenant_id = session.require_tenant()
    return [{**row, "tenant_id": tenant_id} for row in rows]


def insert_new(
    session: TenantSession, model: type[Row], rows: Sequence[Mapping[str, Any]]
) -> list[Row]:
    """Inserts rows, leaving out those that any constraint refuses.

    ``ON CONFLICT DO NOTHING`` also waits for concurrent inserts under an exclusion
    constraint instead of failing, and does not deadlock on two of them.

    Returns:
        The rows that were inserted; fewer than given means a conflict.
    """
    if not rows:
        return []
    stamped = _stamped(session, rows)
    if len(stamped) <= FEW and _alike(stamped):
        inserted = _insert(session, model, stamped)
    else:
        statement = insert(model).on_conflict_do_nothing().returning(model)
        inserted = list(session.scalars(statement, stamped, execution_options=_OPTIONS))
    report(
        session,
        (
            Change(model, row.id, "create", None, snapshot(row), person_of(row))
            for row in inserted
        ),
    )
    return inserted


def _alike(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all rows give the same columns."""
    return all(row.keys() == rows[0].keys() for row in rows)


def _insert(
    session: TenantSession, model: type[Row], rows: Sequence[Mapping[str, Any]]
) -> list[Row]:
    """Inserts a few rows but those that a constraint refuses, by one statement."""
    mapper = inspect(model)
    keys = attributes_of(mapper)
    return [
        entity_of(session, mapper, keys, row, refresh=True)
        for row in _send(session, model, rows, returns="row")
    ]


def _send(
    session: TenantSession,
    model: type[TenantModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    returns: Returned,
) -> list[Any]:
    """Runs the INSERT of a few rows that give the same columns."""
    session.writes()
    found = insertion(model, frozenset(rows[0]), len(rows), returns)
    return session.run(found.compiled, found.values(rows))


def _refuse_audited(model: type[TenantModel]) -> None:
    if model.__audited__:
        raise TypeError(f"{model.__name__} is audited; see insert_new.")


def insert_unread(
    session: TenantSession, model: type[TenantModel], rows: Sequence[Mapping[str, Any]]
) -> int:
    """Inserts rows as ``insert_new`` does, where nobody reads them back here.

    Args:
        session: Of this unit of work.
        model: Whose rows they are.
        rows: Values by attribute; the same attributes in all.

    Returns:
        How many were inserted; fewer than given means a conflict.

    Raises:
        TypeError: The model is audited.
    """
    _refuse_audited(model)
    if len(rows) > FEW:
        return len(insert_new(session, model, rows))
    if not rows:
        return 0
    return len(_send(session, model, _stamped(session, rows), returns="id"))


def append(
    session: TenantSession,
    model: type[TenantModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    skip_taken: bool = False,
) -> None:
    """Inserts rows that nobody reads back here and that are not audited themselves.

    They go out with the commit, in the same flight and with others of their kind in one
    statement; what the database refuses is raised there. A statement that names their
    table has them sent first, and so has a savepoint. Rows that others may refer to,
    those within a savepoint, and more than ``MANY`` of them are sent at once.

    Nothing is flushed first, so that what happens in a flush may be recorded by it.

    Args:
        session: Of this unit of work.
        model: Whose rows they are.
        rows: Values by attribute; the same attributes in all.
        skip_taken: Leave out those that any constraint refuses, instead of failing.

    Raises:
        TypeError: The model is audited.
        TenancyError: The session serves no gym, or has not begun.
    """
    _refuse_audited(model)
    if not rows:
        return
    session.require_begun()
    session.writes()
    returns: Returned = "nothing, skipping" if skip_taken else "nothing"
    stamped = _stamped(session, rows)
    if len(stamped) > MANY:
        _append_many(session, model, stamped, skip_taken=skip_taken)
        return
    fresh = Appended(model, returns, stamped)
    if session.in_nested_transaction() or is_referred_to(model):
        for compiled, values in fresh.statements():
            session.run(compiled, values, flush=False)
        return
    kept = session.parting.keep((model, frozenset(rows[0]), returns), fresh)
    if kept is not fresh:
        kept.rows += stamped


def _append_many(
    session: TenantSession,
    model: type[TenantModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    skip_taken: bool,
) -> None:
    statement = insert(model)
    if skip_taken:
        statement = statement.on_conflict_do_nothing()
    # RETURNING is what makes SQLAlchemy send many rows in one statement.
    session.connection().execute(statement.returning(model.id), rows)


def insert_batch(
    session: TenantSession,
    model: type[Row],
    batch_id: UUID,
    *,
    same: Mapping[str, Any],
    each: Mapping[str, Sequence[Any]],
) -> int:
    """Inserts many rows that differ in a few columns, by one statement.

    For thousands of rows made at once, which ``insert_new`` would send one by one. The
    audit log gets one entry, ``create_many`` of the batch, with the number of rows and
    what they share; so a column of the model should keep the batch's id.

    Args:
        session: Of this unit of work.
        model: Whose rows they are.
        batch_id: Stands in the audit log as the entity's id.
        same: Columns that are the same in all rows; defaults do not apply.
        each: Column → its values, one for each row, ``id`` among them; equally many.

    Returns:
        How many rows were inserted: all of them, or it raises.
    """
    columns = inspect(model).columns
    fixed = {**same, "tenant_id": session.require_tenant()}
    (count,) = {len(values) for values in each.values()}
    values = [literal(value, columns[name].type) for name, value in fixed.items()]
    unrolled = [
        func.unnest(literal(list(many), ARRAY(columns[name].type)))
        for name, many in each.items()
    ]
    statement = insert(cast("Table", model.__table__)).from_select(
        [*fixed, *each], select(*values, *unrolled), include_defaults=False
    )
    session.flush()
    connection = session.connection()
    # A foreign key is checked row by row, with a plan the connection keeps. One made
    # while the table was small may go through all that the gym has, for each row.
    connection.exec_driver_sql("DISCARD PLANS")
    connection.execute(statement)
    shared = {
        name: same[name] for name in visible_columns(inspect(model)) if name in same
    }
    after = {"count": count, **shared}
    report(session, [Change(model, batch_id, "create_many", None, after)])
    return count


def upsert(
    session: TenantSession,
    model: type[Row],
    rows: Sequence[Mapping[str, Any]],
    *,
    conflict: tuple[str, ...],
    update: Mapping[str, Any],
) -> list[Row]:
    """Inserts rows, or updates those whose ``conflict`` columns are taken.

    Only for models that are not audited: PostgreSQL does not tell what an upsert
    replaced, so the audit log could not either.
    """
    if model.__audited__:
        raise TypeError(
            f"{model.__name__} is audited; an upsert hides what it changed."
        )
    statement = (
        insert(model)
        .on_conflict_do_update(index_elements=conflict, set_=dict(update))
        .returning(model)
    )
    options = {**_OPTIONS, "populate_existing": True}
    return list(
        session.scalars(statement, _stamped(session, rows), execution_options=options)
    )


def update_where(
    session: TenantSession,
    model: type[Row],
    *criteria: ColumnElement[bool],
    values: Mapping[str, Any],
) -> int:
    """Updates the gym's rows that meet every criterion.

    Returns:
        How many rows were updated.
    """
    session.flush()
    before = _before(session, model, criteria) if model.__audited__ else {}
    statement = (
        update(model)
        .where(model.tenant_id == session.require_tenant(), *criteria)
        .values(with_next_version(model, values))
        .returning(model)
    )
    options = {**_OPTIONS, "populate_existing": True}
    rows = session.scalars(statement, execution_options=options).all()
    report(session, (_updated(model, before, row) for row in rows if row.id in before))
    return len(rows)


def delete_where(
    session: TenantSession, model: type[Row], *criteria: ColumnElement[bool]
) -> int:
    """Deletes the gym's rows that meet every criterion.

    Returns:
        How many rows were deleted.
    """
    session.flush()
    statement = (
        delete(model)
        .where(model.tenant_id == session.require_tenant(), *criteria)
        .returning(model)
    )
    rows = session.scalars(statement, execution_options=_OPTIONS).all()
    report(
        session,
        [
            Change(model, row.id, "delete", snapshot(row), None, person_of(row))
            for row in rows
        ],
    )
    return len(rows)


def _before(
    session: TenantSession,
    model: type[Row],
    criteria: tuple[ColumnElement[bool], ...],
) -> dict[Any, Snapshot]:
    rows = session.scalars(select(model).where(*criteria).with_for_update())
    return {row.id: snapshot(row) for row in rows}


def _updated(
    model: type[TenantModel], before: Mapping[Any, Snapshot], row: TenantModel
) -> Change:
    old, new = before[row.id], snapshot(row)
    changed = [key for key in new if new[key] != old.get(key)]
    return Change(
        model,
        row.id,
        "update",
        {key: old.get(key) for key in changed},
        {key: new[key] for key in changed},
        person_of(row),
        identity_of(row),
    )
