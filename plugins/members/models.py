"""Tables of members. A client's or coach's id is the id of the user."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk.data import (
    ANONYMISE,
    DELETE,
    PERSONAL,
    Lookup,
    Personal,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_key,
    tenant_table,
)
from plugins.members.domain import ClientStatus


class Gender(Lookup):
    """Genders, in the words people see."""

    __tablename__ = "members_genders"


class Coach(Timestamps, Versioned, TenantModel):
    """What a coach shows to those who book.

    Attributes:
        certifications: Each with ``title``, ``issuer`` and ``year``.
    """

    __tablename__ = "members_coaches"
    __privacy__ = Personal("id", on_erase=ANONYMISE, blanks={"specialties": []})
    __table_args__ = tenant_table(tenant_key("id", "users"))

    specialties: Mapped[list[str]] = mapped_column(default=list)
    bio: Mapped[str] = mapped_column(default="", info=PERSONAL)
    certifications: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, info=PERSONAL
    )


class Client(Timestamps, Versioned, TenantModel):
    """A client's profile.

    Attributes:
        status: A ``ClientStatus``.
        status_since: When the client reached that status.
        date_of_birth: Stays as first entered, and so does ``gender``.
        emergency_contact: ``name``, ``phone`` and ``relation`` of a person to call.
        terms_version: The version of the terms and conditions last accepted.
        assigned_coach_id: The coach now; ``Assignment`` holds the history.
    """

    __tablename__ = "members_clients"
    __client_column__ = "id"
    __privacy__ = (
        Personal("id", on_erase=DELETE),
        Personal("assigned_coach_id", on_erase=ANONYMISE, columns=()),
    )
    __table_args__ = tenant_table(
        tenant_key("id", "users"),
        tenant_key("assigned_coach_id", "members_coaches"),
        CheckConstraint(
            "status IN ('lead', 'active', 'paused', 'left')", name="status"
        ),
        CheckConstraint(
            "(terms_version IS NULL) = (terms_accepted_at IS NULL)", name="terms"
        ),
        Index(
            "ix_members_clients__assigned_coach_id", "tenant_id", "assigned_coach_id"
        ),
        Index("ix_members_clients__status", "tenant_id", "status"),
        Index("ix_members_clients__created_at", "tenant_id", "created_at", "id"),
    )

    status: Mapped[str] = mapped_column(default=ClientStatus.LEAD.value)
    status_since: Mapped[datetime]
    date_of_birth: Mapped[date | None] = mapped_column(default=None, info=PERSONAL)
    gender: Mapped[str | None] = mapped_column(
        ForeignKey("members_genders.code"), default=None, info=PERSONAL
    )
    emergency_contact: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), default=None, info=PERSONAL
    )
    goals: Mapped[list[str]] = mapped_column(default=list, info=PERSONAL)
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict, info=PERSONAL)
    tags: Mapped[list[str]] = mapped_column(default=list, info=PERSONAL)
    terms_version: Mapped[str | None] = mapped_column(default=None)
    terms_accepted_at: Mapped[datetime | None] = mapped_column(default=None)
    assigned_coach_id: Mapped[UUID | None] = mapped_column(default=None)


class Assignment(TenantModel):
    """A stretch of time in which a coach had a client.

    Attributes:
        assigned_by: The user who decided it; None for the platform itself.
        ended_at: None while it lasts; at most one of a client's rows does.
    """

    __tablename__ = "members_assignments"
    __client_column__ = "client_id"
    __privacy__ = (
        Personal("client_id", on_erase=DELETE),
        Personal("coach_id", on_erase=ANONYMISE),
        Personal("assigned_by", on_erase=ANONYMISE),
    )
    __table_args__ = tenant_table(
        tenant_key("client_id", "members_clients"),
        tenant_key("coach_id", "members_coaches"),
        Index(
            "uq_members_assignments__current",
            "tenant_id",
            "client_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_members_assignments__client_id", "tenant_id", "client_id"),
        Index("ix_members_assignments__coach_id", "tenant_id", "coach_id"),
    )

    client_id: Mapped[UUID]
    coach_id: Mapped[UUID]
    assigned_by: Mapped[UUID | None] = mapped_column(default=None)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
