"""Row scope, handed to the parts of core that stand below it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from core.access import RowScope
from core.db.base import TenantModel
from core.rbac import scope


@dataclass(frozen=True, slots=True)
class RowReach:
    """Whose rows the actor reaches; implements ``core.files.ports.Reach``."""

    def reaches(self, user_id: UUID) -> bool:
        """Says whether rows about a user are within the actor's reach."""
        return scope.reaches_client(user_id)

    def scoped(self, model: type[TenantModel], held: RowScope) -> ColumnElement[bool]:
        """The predicate of a scope; asks for ``values``."""
        return scope.scoped(model, held)

    def values(self) -> Mapping[str, Any]:
        """What ``scoped`` asks for: who acts, and when."""
        return scope.scope_values()
