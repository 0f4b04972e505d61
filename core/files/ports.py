"""What files need of the steps above them."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement
from typing_extensions import override

from core.access import RowScope
from core.db.base import TenantModel


class Reach(Protocol):
    """Whose rows the actor reaches (see ``core.rbac.scope``).

    Two that are equal give the same predicates: they are kept.
    """

    @override
    def __hash__(self) -> int: ...

    def reaches(self, user_id: UUID) -> bool:
        """Says whether rows about a user are within the actor's reach."""

    def scoped(self, model: type[TenantModel], held: RowScope) -> ColumnElement[bool]:
        """The predicate of a scope; asks for ``values``."""

    def values(self) -> Mapping[str, Any]:
        """What ``scoped`` asks for: who acts, and when."""
