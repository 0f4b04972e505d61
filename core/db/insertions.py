"""INSERTs of a few rows, compiled for their columns and their number.

For ``core.db.writes``, which stamps the gym on every row and reports to the audit log.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, cast

from sqlalchemy import Table, bindparam, inspect
from sqlalchemy.dialects.postgresql import insert

from core.db.base import TenantModel
from core.db.compiled_writes import Makers, defaults_of
from core.db.statement import Compiled, attributes_of

Returned = Literal["row", "id", "nothing, skipping", "nothing"]
"""What an INSERT tells of each row; the last one raises at a conflict, and the others
leave the row out."""

FEW: Final = 4
"""So many rows are inserted by a statement compiled for their number; more by
SQLAlchemy's own batches, which would be compiled for each number otherwise."""

MANY: Final = 32
"""As ``FEW``, for rows that are appended: an event has as many jobs as listeners."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """An INSERT of a few rows, compiled.

    Attributes:
        made: Makes the value of a column that is not given, for each row.
        fixed: What other columns begin as that are not given.
    """

    compiled: Compiled
    made: Makers
    fixed: Mapping[str, Any]

    def values(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The value of each parameter; a row's number is part of its name."""
        found: dict[str, Any] = {}
        for number, row in enumerate(rows):
            made = {name: make(None) for name, make in self.made.items()}
            for name, value in {**self.fixed, **made, **row}.items():
                found[f"{name}_{number}"] = value
        return found


@cache
def insertion(
    model: type[TenantModel], names: frozenset[str], count: int, returns: Returned
) -> Insertion:
    """Compiles the INSERT of ``count`` rows that give the columns ``names``."""
    made, fixed = defaults_of(model, names)
    columns = {name: getattr(model, name).type for name in {*names, *made, *fixed}}
    statement: Any = insert(model).values(
        [
            {
                name: bindparam(f"{name}_{number}", type_=kind, required=True)
                for name, kind in columns.items()
            }
            for number in range(count)
        ]
    )
    if returns != "nothing":
        statement = statement.on_conflict_do_nothing()
    if returns in {"row", "id"}:
        keys = ["id"] if returns == "id" else attributes_of(inspect(model))
        statement = statement.returning(*(getattr(model, key) for key in keys))
    return Insertion(Compiled(statement), made, fixed)


class Appended:
    """Rows of one model that give the same columns and wait for the end.

    Attributes:
        table: Whose rows they are.
        rows: Values by attribute, the gym's id among them.
    """

    def __init__(
        self,
        model: type[TenantModel],
        returns: Returned,
        rows: list[dict[str, Any]],
    ) -> None:
        self.table, self.rows = model.__tablename__, rows
        self._model, self._returns = model, returns

    def statements(self) -> Iterator[tuple[Compiled, Mapping[str, Any]]]:
        """As few INSERTs as can be."""
        names = frozenset(self.rows[0])
        for start in range(0, len(self.rows), MANY):
            rows = self.rows[start : start + MANY]
            found = insertion(self._model, names, len(rows), self._returns)
            yield found.compiled, found.values(rows)


@cache
def is_referred_to(model: type[TenantModel]) -> bool:
    """Whether rows of other tables hold on to this one's, which must come first."""
    mine = cast("Table", model.__table__)
    return any(
        key.column.table is mine
        for table in mine.metadata.tables.values()
        if table is not mine
        for key in table.foreign_keys
    )
