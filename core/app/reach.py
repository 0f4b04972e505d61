"""Row scope, handed to the parts of core that stand below it."""

from uuid import UUID

from sqlalchemy import ColumnElement

from core.db.base import TenantModel
from core.rbac import scope


class RowReach:
    """Whose rows the actor reaches; implements ``core.files.ports.Reach``."""

    def reaches(self, user_id: UUID) -> bool:
        """Says whether rows about a user are within the actor's reach."""
        return scope.reaches_client(user_id)

    def visible(self, model: type[TenantModel]) -> ColumnElement[bool]:
        """The predicate that narrows a list to what the actor reaches."""
        return scope.visible(model)
