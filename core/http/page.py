"""Pages and orderings, free of any framework."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an ordering; ``name`` is the Python name of the field."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Attributes:
        items: The rows of this page.
        page: Its number, from 1; 0 where the list is read by cursor.
        limit: How many rows a page holds.
        total: How many rows there are in all; None where nobody counted.
        next_cursor: Where a growing list goes on; None at its end.
    """

    items: Sequence[Any]
    page: int
    limit: int
    total: int | None
    next_cursor: str | None = None

    def describe(self) -> dict[str, Any]:
        """The ``pagination`` part of ``meta``."""
        described: dict[str, Any] = {"limit": self.limit}
        if self.total is not None:
            pages = -(-self.total // self.limit)
            described |= {"page": self.page, "total": self.total, "pages": pages}
        if self.total is None or self.next_cursor is not None:
            described["nextCursor"] = self.next_cursor
        return described
