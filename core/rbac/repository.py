"""The base of every repository: scoped reads, one way to page."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from core.context import current
from core.db.base import TenantModel
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.db.unit import session
from core.errors import NotFound
from core.http.page import Page, SortKey
from core.rbac.listing import Listing
from core.rbac.scope import require_columns, require_row, scope_values

Row = TypeVar("Row", bound=TenantModel)


class Repository(Generic[Row]):
    """All SQL on one model.

    ``get`` raises where there is nothing or nothing for the actor; ``find`` answers
    None and knows no scope, for use inside a service.

    Attributes:
        model: The mapped class.
        missing: The error raised for an unknown id.
        sorts: Wire sort key (Python name) → column.
    """

    model: type[Row]
    missing: ClassVar[type[NotFound]] = NotFound
    sorts: ClassVar[Mapping[str, InstrumentedAttribute[Any]]] = {}

    @property
    def session(self) -> TenantSession:
        """The session of this unit of work."""
        return session()

    def get(self, row_id: UUID, *, lock: bool = False) -> Row:
        """Returns the row, within the actor's scope.

        Args:
            row_id: Its id.
            lock: Keep it from changing until this unit of work ends.

        Raises:
            NotFound: There is no such row in this gym.
            Forbidden: It is about a client whom the actor does not reach.
        """
        row = self.find(row_id, lock=lock)
        if row is None:
            raise self.missing
        require_row(row)
        return row

    def find(self, row_id: UUID, *, lock: bool = False) -> Row | None:
        """Returns the row whoever asks; None when there is none."""
        found: Row | None = self.session.read_one(_by_id(self.model, lock), id=row_id)
        return found

    def shown(self, statement: Statement, row_id: UUID) -> Any:
        """Returns columns of one row, within the actor's scope, to be shown as it is.

        Args:
            statement: Selects them where the id is ``given("id")``, those that name the
                client and the coach among them.
            row_id: Its id.

        Raises:
            NotFound: There is no such row in this gym.
            Forbidden: It is about a client whom the actor does not reach.
        """
        row = self.session.read_one(statement, id=row_id)
        if row is None:
            raise self.missing
        require_columns(self.model, row)
        return row

    def add(self, row: Row) -> Row:
        """Writes a new row now, so that its constraints speak here."""
        self.session.add(row)
        self.session.flush()
        return row

    def remove(self, row: Row) -> None:
        """Deletes a row now."""
        self.session.delete(row)
        self.session.flush()

    def page(
        self,
        listing: Listing,
        wanted: Mapping[str, Any],
        *,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
    ) -> Page:
        """Reads one page of a list, within the actor's scope, with the total.

        Args:
            listing: What to read.
            wanted: Filter → value; None leaves the filter out. A name that is no filter
                is a value that a condition asks for.
            page: Which page, from 1.
            limit: How many rows it holds.
            sort: Keys of ``sorts``; the id sorts what is equal, so that pages never
                overlap.
        """
        values = {name: value for name, value in wanted.items() if value is not None}
        first = {key.name: key for key in reversed(sort)}
        keys = [key for key in sort if first[key.name] is key]
        paged, counted = listing.statements(
            self.model, frozenset(values), current().actor.scope, keys, self.sorts
        )
        values |= scope_values()
        where = {"page_limit": limit, "page_offset": (page - 1) * limit}
        total: int | None = None
        if paged.has_beside:
            rows, total = self.session.read_beside(paged, **values, **where)
        else:
            rows = self.session.read(paged, **values, **where)
        if total is None and page == 1 and len(rows) < limit:
            total = len(rows)
        if total is None:
            total = self.session.read_value(counted, **values)
        return Page(items=rows, page=page, limit=limit, total=total)


@cache
def _by_id(model: type[TenantModel], lock: bool) -> Statement:  # noqa: FBT001 — keyed by it
    statement = select(model).where(model.id == given("id"))
    return Statement(statement.with_for_update() if lock else statement, refresh=lock)
