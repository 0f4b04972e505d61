"""Conditional writes that are compiled once: UPDATE, DELETE, and the upsert of a row.

Like ``core.db.statement``, for writes: they stand at module level, hold
``given("name")`` for what changes from run to run, and are compiled when they first
run. Each keeps to the gym by a predicate of its own, and looks at its own table only;
each reports every changed row to the audit log. See ``core.db.writes`` for which write
serves where.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    FromClause,
    SelectBase,
    Table,
    and_,
    bindparam,
    delete,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.visitors import iterate

from core.db.base import TenantModel
from core.db.change import Change
from core.db.changes import (
    identity_of,
    person_of,
    personal_columns,
    report,
    visible_columns,
)
from core.db.entities import entity_of
from core.db.guard import TENANT_BIND, TenancyError
from core.db.session import TenantSession
from core.db.statement import Compiled, attributes_of

Row = TypeVar("Row", bound=TenantModel)

Makers = Mapping[str, Callable[[Any], Any]]
"""Attribute → what makes its value when a row is written."""

_BEFORE: Final = "palestra_before"


class Updating(Generic[Row]):
    """An UPDATE of the gym's rows that meet every criterion.

    The database decides: of many at once only those change a row that meets the
    criteria at its turn.

    Args:
        model: Whose rows they are.
        *criteria: May hold ``given("name")``; no other table.
        values: Attribute → value, which may hold ``given("name")``. The version and
            what a model sets with every update are added.
    """

    def __init__(
        self,
        model: type[Row],
        *criteria: ColumnElement[bool],
        values: Mapping[str, Any],
    ) -> None:
        self._model = model
        self._criteria = criteria
        self._values = dict(values)

    def run(self, session: TenantSession, /, **values: Any) -> list[Row]:
        """Updates the rows.

        Args:
            session: Of this unit of work.
            **values: One for each ``given``.

        Returns:
            The rows that were updated, with their new values.

        Raises:
            TenancyError: The session serves no gym.
            DBAPIError: The database refused.
        """
        filled = _filled(session, values, self._made)
        read = session.run(self._compiled, filled)
        mapper, keys = inspect(self._model), self._keys
        rows = [entity_of(session, mapper, keys, one, refresh=True) for one in read]
        if self._model.__audited__:
            pairs = zip(rows, read, strict=True)
            report(session, [self._change(row, values) for row, values in pairs])
        return rows

    @cached_property
    def _keys(self) -> list[str]:
        return attributes_of(inspect(self._model))

    @cached_property
    def _told(self) -> list[tuple[str, int]]:
        """The attributes that may be recorded, each with its place among the keys."""
        visible = visible_columns(inspect(self._model))
        return [(key, self._keys.index(key)) for key in visible]

    @cached_property
    def _made(self) -> Makers:
        return {
            part.key: part.columns[0].onupdate.arg
            for part in inspect(self._model).column_attrs
            if part.columns[0].onupdate is not None and part.key not in self._values
        }

    @cached_property
    def _compiled(self) -> Compiled:
        model = self._model
        columns = {key: getattr(model, key) for key in self._keys}
        made = {
            key: bindparam(_new(key), type_=columns[key].type) for key in self._made
        }
        values = with_next_version(model, {**self._values, **made})
        mine = _own_rows(model, self._criteria, values)
        if not model.__audited__:
            statement = update(model).where(mine).values(values)
            return Compiled(statement.returning(*columns.values()))
        # What stood there is locked and read by the very statement that changes it;
        # the SELECT waits for whoever else writes these rows, and judges them anew.
        before = select(*columns.values()).where(mine).with_for_update().cte(_BEFORE)
        statement = (
            update(model)
            .where(
                model.tenant_id == bindparam(TENANT_BIND),
                model.tenant_id == before.c.tenant_id,
                model.id == before.c.id,
            )
            .values(values)
        )
        stood = [before.c[column.name] for column in inspect(model).columns.values()]
        return Compiled(statement.returning(*columns.values(), *stood))

    def _change(self, row: Row, read: Sequence[Any]) -> Change:
        width = len(self._keys)
        moved = [
            (key, read[width + place], read[place])
            for key, place in self._told
            if read[width + place] != read[place]
        ]
        return Change(
            self._model,
            row.id,
            "update",
            {key: old for key, old, _new in moved},
            {key: new for key, _old, new in moved},
            person_of(row),
            identity_of(row),
        )


class Deleting:
    """A DELETE of the gym's rows that meet every criterion.

    Args:
        model: Whose rows they are.
        *criteria: May hold ``given("name")``; no other table.
    """

    def __init__(
        self, model: type[TenantModel], *criteria: ColumnElement[bool]
    ) -> None:
        self._model = model
        self._criteria = criteria

    def run(self, session: TenantSession, /, **values: Any) -> int:
        """Deletes the rows; the session knows them no more.

        Args:
            session: Of this unit of work.
            **values: One for each ``given``.

        Returns:
            How many rows were deleted.

        Raises:
            TenancyError: The session serves no gym.
            DBAPIError: The database refused.
        """
        filled = _filled(session, values, {})
        mapper, keys = inspect(self._model), self._keys
        rows = [
            dict(zip(keys, read, strict=True))
            for read in session.run(self._compiled, filled)
        ]
        for row in rows:
            _forget(session, mapper, row)
        if self._model.__audited__:
            report(session, [self._change(row) for row in rows])
        return len(rows)

    @cached_property
    def _keys(self) -> list[str]:
        return attributes_of(inspect(self._model))

    @cached_property
    def _visible(self) -> list[str]:
        return visible_columns(inspect(self._model))

    @cached_property
    def _compiled(self) -> Compiled:
        model = self._model
        statement = delete(model).where(_own_rows(model, self._criteria, {}))
        return Compiled(statement.returning(*(getattr(model, k) for k in self._keys)))

    def _change(self, row: Mapping[str, Any]) -> Change:
        model = self._model
        before = {key: row[key] for key in self._visible}
        holder = model.__client_column__ or "id"
        person = row[holder] if personal_columns(model) else None
        return Change(model, row["id"], "delete", before, None, person)


class Upserting(Generic[Row]):
    """An INSERT of one row, or an UPDATE of the row whose columns it would repeat.

    Only for models that are not audited: PostgreSQL does not tell what an upsert
    replaced, so the audit log could not either.

    Args:
        model: Whose row it is.
        columns: Attributes that each run gives; the others begin as the model says.
        conflict: Attributes that no two rows of a gym share.
        update: Attribute → value for the row that stands there; may hold
            ``given("name")``.
        where: The row that stands there is left alone unless it meets this.

    Raises:
        TypeError: The model is audited.
    """

    def __init__(
        self,
        model: type[Row],
        *columns: str,
        conflict: tuple[str, ...],
        update: Mapping[str, Any],
        where: ColumnElement[bool] | None = None,
    ) -> None:
        if model.__audited__:
            raise TypeError(
                f"{model.__name__} is audited; an upsert hides what it changed."
            )
        self._model = model
        self._columns = columns
        self._conflict = ("tenant_id", *conflict)
        self._update = dict(update)
        self._where = where

    def run(
        self, session: TenantSession, row: Mapping[str, Any], /, **values: Any
    ) -> Row | None:
        """Inserts the row, or updates the one that stands there.

        Args:
            session: Of this unit of work.
            row: The value of each of the columns.
            **values: One for each ``given``.

        Returns:
            The row as it is now; None where one was left alone.

        Raises:
            TenancyError: The session serves no gym.
            DBAPIError: The database refused.
        """
        made, fixed = self._defaults
        whole = {**fixed, **{key: make(None) for key, make in made.items()}, **row}
        mine = {_new(key): value for key, value in whole.items()}
        filled = _filled(session, {**values, **mine}, {})
        read = session.run(self._compiled, filled)
        if not read:
            return None
        mapper = inspect(self._model)
        kept: Row = entity_of(session, mapper, self._keys, read[0], refresh=True)
        return kept

    @cached_property
    def _keys(self) -> list[str]:
        return attributes_of(inspect(self._model))

    @cached_property
    def _defaults(self) -> tuple[Makers, Mapping[str, Any]]:
        return defaults_of(self._model, frozenset({"tenant_id", *self._columns}))

    @cached_property
    def _compiled(self) -> Compiled:
        model = self._model
        _own_rows(model, [] if self._where is None else [self._where], self._update)
        made, fixed = self._defaults
        row: dict[str, Any] = {
            key: bindparam(_new(key), type_=getattr(model, key).type)
            for key in (*self._columns, *made, *fixed)
        }
        row["tenant_id"] = bindparam(TENANT_BIND, type_=model.tenant_id.type)
        inserted = insert(model).values(row)
        statement = inserted.on_conflict_do_update(
            index_elements=self._conflict, set_=self._update, where=self._where
        )
        return Compiled(statement.returning(*(getattr(model, k) for k in self._keys)))


def defaults_of(
    model: type[TenantModel], names: frozenset[str]
) -> tuple[Makers, Mapping[str, Any]]:
    """What columns begin as that are not among ``names``: made anew, or fixed."""
    made: dict[str, Callable[[Any], Any]] = {}
    fixed: dict[str, Any] = {}
    for part in inspect(model).column_attrs:
        default = getattr(part.columns[0].default, "arg", None)
        if part.key not in names and default is not None:
            if callable(default):
                made[part.key] = default
            else:
                fixed[part.key] = default
    return made, fixed


def with_next_version(
    model: type[TenantModel], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of an UPDATE, and the row's next version where it has one."""
    version = inspect(model).version_id_col
    if version is None:
        return dict(values)
    return {**values, str(version.key): version + 1}


def _own_rows(
    model: type[TenantModel],
    criteria: Sequence[ColumnElement[bool]],
    values: Mapping[str, Any],
) -> ColumnElement[bool]:
    """The criteria, within the gym.

    Raises:
        TenancyError: They, or the values, look at another table.
    """
    for part in (*criteria, *values.values()):
        for source in _sources_of(part):
            if not isinstance(source, Table) or source.name != model.__tablename__:
                raise TenancyError(f"A write of {model.__name__} looks at {source}.")
    return and_(model.tenant_id == bindparam(TENANT_BIND), *criteria)


def _sources_of(part: Any) -> Iterator[Any]:
    """Tables, aliases and SELECTs that a criterion or a value looks at."""
    clause = part.__clause_element__() if hasattr(part, "__clause_element__") else part
    if not isinstance(clause, ClauseElement):
        return
    for element in iterate(clause):
        # A function counts as a FROM clause too; here it is only a value.
        is_value = isinstance(element, ColumnElement)
        is_source = isinstance(element, FromClause | SelectBase) and not is_value
        source = element if is_source else getattr(element, "table", None)
        if source is not None:
            yield source


def _filled(
    session: TenantSession, values: Mapping[str, Any], made: Makers
) -> dict[str, Any]:
    """All that a statement of the gym is given; notes that the session writes."""
    tenant_id = session.require_tenant()
    session.writes()
    fresh = {_new(key): make(None) for key, make in made.items()}
    return {**values, **fresh, TENANT_BIND: tenant_id}


def _forget(
    session: TenantSession, mapper: Mapper[Any], row: Mapping[str, Any]
) -> None:
    """Takes a row that is gone out of the session."""
    key = tuple(
        row[mapper.get_property_by_column(part).key] for part in mapper.primary_key
    )
    known = session.identity_map.get(mapper.identity_key_from_primary_key(key))
    if known is not None:
        session.expunge(known)


def _new(key: str) -> str:
    """The parameter of a column that we set; the column's own name is taken."""
    return f"new_{key}"
