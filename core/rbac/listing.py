"""Lists that are narrowed, scoped, sorted and paged, each combination compiled once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func
from sqlalchemy.orm import InstrumentedAttribute

from core.access import RowScope
from core.db.base import TenantModel
from core.db.statement import Statement
from core.http.ordering import in_order
from core.http.page import SortKey
from core.http.pages import MOST, page_of, total_of
from core.rbac.scope import scoped

TOTAL: Final = "palestra_total"


class Listing:
    """What a list reads, and what it can be narrowed by.

    Args:
        select: Columns, or the mapped class, of every row there could be.
        filters: Name → condition. A condition may hold ``given(name)``; one without it
            is switched on by any value.
        few: Filters that leave few rows. With one of them on, the total is counted
            beside the rows, which saves a statement; without, it is counted apart, so
            that a page of very many rows is read by an index and not by all of them.
    """

    def __init__(
        self,
        select: Select[*tuple[Any, ...]],
        filters: Mapping[str, ColumnElement[bool]] | None = None,
        *,
        few: Collection[str] = (),
    ) -> None:
        self._select = select
        self._few = frozenset(few)
        self._filters = dict(filters or {})
        self._names = frozenset(self._filters)
        self._pages: dict[Any, tuple[Statement, Statement]] = {}

    def statements(
        self,
        model: type[TenantModel],
        names: frozenset[str],
        scope: RowScope,
        sort: Sequence[SortKey],
        columns: Mapping[str, InstrumentedAttribute[Any]],
    ) -> tuple[Statement, Statement]:
        """The SELECT of a page, and that of the total.

        The first may have the total beside each row already: ``Statement.has_beside``.

        Args:
            model: Whose scope holds, and whose id sorts what is equal.
            names: The filters that are on; what is no filter is only a value.
            scope: The actor's.
            sort: The keys that were asked for.
            columns: Sort key → column.
        """
        names = names & self._names
        key = (names, scope, tuple(sort))
        known = self._pages.get(key)
        if known is None:
            if len(self._pages) >= MOST:
                self._pages.clear()
            on = (self._filters[name] for name in sorted(names))
            narrowed = self._select.where(*on, scoped(model, scope))
            ordered = narrowed.order_by(*in_order(sort, columns, model.id))
            beside = func.count().over().label(TOTAL) if names & self._few else None
            page = page_of(ordered, beside=beside)
            known = self._pages[key] = (page, total_of(narrowed))
        return known
