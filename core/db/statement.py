"""Statements that are compiled once and run many times.

SQLAlchemy builds, keys and unpacks a statement anew each time it runs, which costs more
than the server takes to answer it. A ``Statement`` is written as any SELECT is, with
``given("name")`` for what changes from run to run, stands at module level, and is
compiled when it first runs: the gym's predicate goes in there, by the guard that every
session's SELECT passes.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    Float,
    Select,
    Table,
    Text,
    TypeDecorator,
    any_,
    bindparam,
    inspect,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine.interfaces import Dialect as Dialect_
from sqlalchemy.orm import InstrumentedAttribute, Mapper
from sqlalchemy.sql.compiler import ExpandedState, SQLCompiler
from sqlalchemy.sql.visitors import iterate
from sqlalchemy.types import TypeEngine
from typing_extensions import override

from core.db.driver import Dialect, Prepared
from core.db.guard import TenancyError, in_this_gym

DIALECT: Final = Dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
"""Writes parameters as the server numbers them."""

Processor = Callable[[Any], Any]

_FLOAT: Final = 701
_NUMERIC: Final = 1700


def given(name: str) -> BindParameter[Any]:
    """Stands in a ``Statement`` for a value that each run gives by this name."""
    return bindparam(name)


def among(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """The column is one of a list that each run gives by this name.

    ``IN`` would be another text for each length of the list.
    """
    listed = bindparam(name, type_=ARRAY(column.type))
    return type_coerce(column, column.type) == any_(listed)


class _Sought(TypeDecorator[str]):
    """A text to look for as it is written, whatever LIKE would read into it."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect_) -> str | None:
        if value is None:
            return None
        return re.sub("([/%_])", r"/\1", value)


def contains(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """The column holds a text that each run gives by this name, in any letter case."""
    sought = bindparam(name, type_=_Sought())
    return column.icontains(sought, escape="/")


class Compiled:
    """SQL text, and how values get into it and out of it.

    Attributes:
        prepared: What the driver runs.
        make_row: Makes a row of what the driver gives.
    """

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=DIALECT)  # type: ignore[attr-defined]
        written = _written_out(compiled)
        self.prepared = Prepared(written.statement)
        self._slots = _slots(compiled, written)
        # SQLAlchemy tells these nowhere else.
        columns = compiled._result_columns  # noqa: SLF001
        self.make_row = _row_maker(
            [column.keyname for column in columns],
            [_result_processor(column.type) for column in columns],
        )

    def fill(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the text.

        Raises:
            KeyError: One is missing.
        """
        return [
            constant
            if name is None
            else values[name]
            if processor is None
            else processor(values[name])
            for name, constant, processor in self._slots
        ]


Slot = tuple[str | None, Any, Processor | None]


def _written_out(compiled: SQLCompiler) -> ExpandedState:
    """The statement with a parameter for each value of a fixed IN list.

    SQLAlchemy's ``render_postcompile`` would ask for what only a run gives.
    """
    known = compiled.construct_params(
        escape_names=False, _no_postcompile=True, _check=False
    )
    return compiled._process_parameters_for_postcompile(known)  # noqa: SLF001 — as it does


def _slots(compiled: SQLCompiler, written: ExpandedState) -> list[Slot]:
    """Each parameter: what a run gives it, or what it always is."""
    processors = {**compiled._bind_processors, **written.processors}  # noqa: SLF001 — see above
    constants = written.parameters
    slots: list[Slot] = []
    for name in written.positiontup or ():
        processor = cast("Processor | None", processors.get(name))
        bind = compiled.binds.get(name)
        if bind is not None and bind.required:
            slots.append((name, None, processor))
        else:
            constant = constants[name]
            slots.append((None, processor(constant) if processor else constant, None))
    return slots


def _result_processor(kind: TypeEngine[Any]) -> Processor | None:
    """Makes of what the driver gives what the type promises.

    Numbers are told apart by the server's type, which no result has named yet.
    """
    server = _FLOAT if isinstance(kind, Float) else _NUMERIC
    found = kind._cached_result_processor(DIALECT, server)  # noqa: SLF001 — see above
    return cast("Processor | None", found)


def _row_maker(
    names: Sequence[str], processors: Sequence[Processor | None]
) -> Callable[[Sequence[Any]], Any]:
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 — its names are known only now
    # What ``_make`` does, without a Python call for each row.
    make: Callable[[Sequence[Any]], Any] = partial(tuple.__new__, row)
    if not any(processors):
        return make
    return lambda values: make(
        [
            value if processor is None else processor(value)
            for processor, value in zip(processors, values, strict=True)
        ]
    )


class Statement:
    """A SELECT on mapped classes.

    Args:
        select: Selects columns, or one mapped class.
        refresh: Rows of the class that the session knows take the values read now, as
            those do that were locked by it.
        beside: One more column, for ``TenantSession.read_beside``.

    Attributes:
        mapper: Of the mapped class, where one is selected.
        keys: Its attributes, in the order in which they are read.
        of_gym: Whether it reads rows of gyms.
    """

    def __init__(
        self,
        select: Select[*tuple[Any, ...]],
        *,
        refresh: bool = False,
        beside: ColumnElement[Any] | None = None,
    ) -> None:
        self._select = select
        self._beside = beside
        self.refresh = refresh
        self.mapper: Mapper[Any] | None = None
        self.keys: Sequence[str] = ()
        self._compiled: Compiled | None = None
        self.of_gym = True

    @property
    def has_beside(self) -> bool:
        """Whether its rows have one more column."""
        return self._beside is not None

    @property
    def compiled(self) -> Compiled:
        """Compiled when it is first asked for: the models are complete by then."""
        if self._compiled is None:
            self._compiled = self._compile()
        return self._compiled

    def _compile(self) -> Compiled:
        statement = self._select
        self.mapper = _selected(statement)
        if self.mapper is not None:
            self.keys = attributes_of(self.mapper)
            columns = [getattr(self.mapper.class_, key) for key in self.keys]
            statement = statement.with_only_columns(
                *columns, maintain_column_froms=True
            )
        if self._beside is not None:
            statement = statement.add_columns(self._beside)
        tables = _gym_tables(statement)
        self.of_gym = bool(tables)
        compiled = Compiled(in_this_gym(statement))
        guarded = compiled.prepared.text.count("tenant_id = $")
        if guarded < len(tables):
            raise TenancyError(f"A table is read without its gym: {statement}")
        return compiled


def attributes_of(mapper: Mapper[Any]) -> list[str]:
    """The attributes that are columns, in a fixed order."""
    return [part.key for part in mapper.column_attrs]


def _selected(select: Select[*tuple[Any, ...]]) -> Mapper[Any] | None:
    """The mapped class, where the statement selects one and nothing else."""
    described = select.column_descriptions
    if len(described) != 1 or not isinstance(described[0]["expr"], type):
        return None
    mapper: Mapper[Any] = inspect(described[0]["expr"])
    return mapper


def _gym_tables(statement: Select[*tuple[Any, ...]]) -> set[str]:
    return {
        part.name
        for part in iterate(statement)
        if isinstance(part, Table) and part.info.get("tenancy") == "tenant"
    }
