"""Pages of lists below the row scope, each combination of filters and order compiled.

Lists of which the caller's row scope decides are ``core.rbac.listing``.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from core.db.base import TenantModel
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.http.ordering import in_order
from core.http.page import Page, SortKey

MOST: Final = 64
"""Combinations that a list remembers; callers choose them, so there must be an end."""


class Pages:
    """A list of a model's rows.

    Args:
        model: Whose rows they are.
        *criteria: What every row meets; may hold ``given(name)``.
        filters: Name → condition, which holds ``given(name)``.
        sorts: Sort key → column.
    """

    def __init__(
        self,
        model: type[TenantModel],
        *criteria: ColumnElement[bool],
        filters: Mapping[str, ColumnElement[bool]],
        sorts: Mapping[str, InstrumentedAttribute[Any]],
    ) -> None:
        self._model = model
        self._criteria = criteria
        self._filters = dict(filters)
        self._sorts = sorts
        self._page = lru_cache(maxsize=MOST)(self._compile_page)
        self._total = lru_cache(maxsize=MOST)(self._compile_total)

    def read(
        self,
        session: TenantSession,
        wanted: Mapping[str, Any],
        *,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
    ) -> Page:
        """Reads one page, with the total.

        Args:
            session: Of this unit of work.
            wanted: Filter → value; None leaves the filter out. A name that is no filter
                is a value that a condition asks for.
            page: Which page, from 1.
            limit: How many rows it holds.
            sort: Keys, the first one first; the id sorts what is equal.
        """
        values = {name: value for name, value in wanted.items() if value is not None}
        names = frozenset(values.keys() & self._filters.keys())
        where = {"page_limit": limit, "page_offset": (page - 1) * limit}
        rows = session.read(self._page(names, tuple(sort)), **values, **where)
        total = len(rows)
        if page > 1 or total == limit:
            total = session.read_value(self._total(names), **values)
        return Page(items=rows, page=page, limit=limit, total=total)

    def _compile_page(
        self, names: frozenset[str], sort: tuple[SortKey, ...]
    ) -> Statement:
        order = in_order(sort, self._sorts, self._model.id)
        return page_of(self._narrowed(names).order_by(*order))

    def _compile_total(self, names: frozenset[str]) -> Statement:
        return total_of(self._narrowed(names))

    def _narrowed(self, names: frozenset[str]) -> Select[Any]:
        on = (self._filters[name] for name in sorted(names))
        return select(self._model).where(*self._criteria, *on)


def page_of(
    ordered: Select[Any], *, beside: ColumnElement[Any] | None = None
) -> Statement:
    """One page of what is selected: ``page_limit`` rows, from ``page_offset`` on.

    Args:
        ordered: What to read, in its order.
        beside: See ``Statement``.
    """
    limited = ordered.limit(given("page_limit")).offset(given("page_offset"))
    return Statement(limited, beside=beside)


def total_of(narrowed: Select[Any]) -> Statement:
    """How many rows there are of what is selected."""
    counted = narrowed.with_only_columns(func.count(), maintain_column_froms=True)
    return Statement(counted.order_by(None))
