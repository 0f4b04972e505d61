"""The order of a list, as SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from core.http.page import SortKey


def in_order(
    sort: Sequence[SortKey],
    columns: Mapping[str, InstrumentedAttribute[Any]],
    row_id: InstrumentedAttribute[Any],
) -> list[ColumnElement[Any]]:
    """What a list is ordered by: its keys, then the id, so that pages never overlap.

    The id goes in the direction of the last key: so an index on both, read forwards or
    backwards, has the rows in order, and nothing is sorted.

    Args:
        sort: The keys that were asked for.
        columns: Sort key → column.
        row_id: Sorts what is equal.
    """
    falling = bool(sort) and sort[-1].descending
    ordered = [(columns[key.name], key.descending) for key in sort]
    return [
        column.desc() if descending else column.asc()
        for column, descending in [*ordered, (row_id, falling)]
    ]
