"""Lists that are narrowed, scoped, sorted and paged, each combination compiled once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func
from sqlalchemy.orm import InstrumentedAttribute

from core.access import RowScope
from core.db.base import TenantModel
from core.db.statement import Statement, given
from core.http.page import SortKey
from core.rbac.scope import scoped

TOTAL: Final = "palestra_total"

_MOST: Final = 64
"""Combinations that a list remembers; callers choose them, so there must be an end."""


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
        names = frozenset(name for name in names if name in self._filters)
        key = (names, scope, tuple(sort))
        known = self._pages.get(key)
        if known is None:
            if len(self._pages) >= _MOST:
                self._pages.clear()
            known = self._pages[key] = self._build(model, names, scope, sort, columns)
        return known

    def _build(
        self,
        model: type[TenantModel],
        names: frozenset[str],
        scope: RowScope,
        sort: Sequence[SortKey],
        columns: Mapping[str, InstrumentedAttribute[Any]],
    ) -> tuple[Statement, Statement]:
        narrowed = self._select.where(
            *(self._filters[name] for name in sorted(names)), scoped(model, scope)
        )
        keys = [
            columns[key.name].desc() if key.descending else columns[key.name]
            for key in sort
        ]
        page = (
            narrowed.order_by(*keys, model.id)
            .limit(given("page_limit"))
            .offset(given("page_offset"))
        )
        total = narrowed.with_only_columns(func.count(), maintain_column_froms=True)
        beside = func.count().over().label(TOTAL) if names & self._few else None
        return (
            Statement(page, beside=beside),
            Statement(total.order_by(None)),
        )
