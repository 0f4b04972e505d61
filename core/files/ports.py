"""What files need of the steps above them."""

from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement

from core.db.base import TenantModel


class Reach(Protocol):
    """Whose rows the actor reaches (see ``core.rbac.scope``)."""

    def reaches(self, user_id: UUID) -> bool:
        """Says whether rows about a user are within the actor's reach."""

    def visible(self, model: type[TenantModel]) -> ColumnElement[bool]:
        """The predicate that narrows a list to what the actor reaches."""
