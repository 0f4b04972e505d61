"""Tables of rights."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import (
    Lookup,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_table,
    tenant_unique,
)
from core.db.personal import DELETE, Personal


class RoleCode(Lookup):
    """The built-in roles, in the words people see."""

    __tablename__ = "role_codes"


class GymRole(Timestamps, Versioned, TenantModel):
    """A role that a gym added, or a built-in one whose permissions it changed.

    Attributes:
        name: ``admin`` … ``partner``, or the gym's own word.
        permissions: Names of all its permissions; replaces the defaults.
        scope: Whose rows it reaches, a ``RowScope``.
    """

    __tablename__ = "roles"
    __table_args__ = tenant_table(
        tenant_unique("name"),
        CheckConstraint("scope IN ('own', 'granted', 'all')", name="scope"),
    )

    name: Mapped[str]
    title: Mapped[str]
    permissions: Mapped[list[str]]
    scope: Mapped[str]


class ClientGrant(Timestamps, TenantModel):
    """Lets a user reach the rows about one client.

    A coach's assignment, a partner's invite: whoever gives the access names itself
    as ``source`` and takes it back under the same name.
    """

    __tablename__ = "client_grants"
    __privacy__ = (
        Personal("client_id", on_erase=DELETE),
        Personal("user_id", on_erase=DELETE),
    )
    __table_args__ = tenant_table(
        tenant_unique("user_id", "client_id", "source"),
        Index("ix_client_grants__client_id", "tenant_id", "client_id"),
    )

    user_id: Mapped[UUID]
    client_id: Mapped[UUID]
    source: Mapped[str]
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
