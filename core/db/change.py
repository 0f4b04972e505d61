"""One row's change, as whoever keeps the record is told of it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.db.base import TenantModel

Snapshot = dict[str, Any]
"""Column → value."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row's change.

    Attributes:
        action: ``create``, ``update`` or ``delete``.
        before: Column → value before, changed columns only for an update.
        after: The same after; None where the row is gone.
        person_id: The user whom the row is about, where it has personal columns.
        identity: Columns that name the row, recorded with an update.
    """

    model: type[TenantModel]
    row_id: UUID
    action: str
    before: Snapshot | None
    after: Snapshot | None
    person_id: UUID | None = None
    identity: Snapshot = field(default_factory=dict)
