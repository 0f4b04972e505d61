"""Columns that hold sealed values, and bringing them under the current master key.

A column says so itself, by ``info=sealed("purpose")``; whoever rotates the master key
finds every such column by that mark.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column

from core.db.base import HIDDEN

_MARK = "sealed"


@dataclass(frozen=True, slots=True)
class Sealed:
    """How a column's values are sealed by the vault.

    Attributes:
        purpose: The vault's purpose.
        bound_by: The column whose id, after the gym's, each value is bound to.
    """

    purpose: str
    bound_by: str = "id"


def sealed(purpose: str, *, bound_by: str = "id") -> dict[str, Any]:
    """``info=`` of a column of sealed values; it is hidden from the audit log too.

    Its values are ``vault.seal(…, purpose=purpose, bound_to=tenant_id.bytes +
    row_id.bytes)``.

    Args:
        purpose: The vault's purpose.
        bound_by: The column that takes the place of the row's id.
    """
    return {**HIDDEN, _MARK: Sealed(purpose, bound_by)}


def seal_of(column: Column[Any]) -> Sealed | None:
    """How a column's values are sealed; None where they are not."""
    found: Sealed | None = column.info.get(_MARK)
    return found
