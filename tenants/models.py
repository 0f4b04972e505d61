"""Tables of the registry.

``GymRow`` and ``GymDomain`` belong to no gym: every gym's requests read them, only the
operator's database role writes them. ``Epoch`` and ``Quarantine`` are like that too.
Toggles and settings are the gym's own rows. The rest is the operator's own, and the
role that serves gyms cannot see it.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, validates

from core.clock import utc_now
from core.db.base import (
    OPERATORS_OWN,
    SharedModel,
    TenantModel,
    Timestamps,
    tenant_table,
    tenant_unique,
)
from core.ids import new_id

SLUG_PATTERN = "^[a-z0-9](-?[a-z0-9])*$"
SLUG_LENGTHS = (3, 40)
LIMITS = ("members", "staff", "storageBytes", "requestsPerMinute")
"""What a gym's plan may limit."""


class GymStatus(StrEnum):
    """Where a gym stands with the operator; only an active one is served.

    Of an erased one nothing is left but its row, which keeps its slug from others.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    ERASED = "erased"


class GymRow(Timestamps, SharedModel):
    """A gym, as the operator keeps it.

    Attributes:
        slug: Its name in addresses; never changes.
        timezone: IANA name.
        locale: Language code.
        currency: ISO 4217 code.
        branding: ``logoFileId``, ``primaryColor``, ``secondaryColor``; what the gym's
            own settings say goes before it.
        limits: Some of ``LIMITS``; an absent one is no limit.
        cors_origins: Origins of web pages that may call the gym's API.
    """

    __tablename__ = "tenants_gyms"
    __table_args__ = (
        UniqueConstraint("slug"),
        CheckConstraint(f"slug ~ '{SLUG_PATTERN}'", name="slug"),
        CheckConstraint(
            "status IN ('active', 'suspended', 'closed', 'erased')",
            name="status",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str]
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default=GymStatus.ACTIVE)
    timezone: Mapped[str]
    locale: Mapped[str]
    currency: Mapped[str]
    branding: Mapped[dict[str, Any]] = mapped_column(default=dict)
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cors_origins: Mapped[list[str]] = mapped_column(default=list)

    @validates("slug")
    def _keep_slug(self, _key: str, value: str) -> str:
        """Addresses in mails and calendars hold the slug for years."""
        if self.slug not in {None, value}:
            raise ValueError("A gym's slug never changes.")
        return value


class GymDomain(SharedModel):
    """A domain of a gym's own, in lower case, that leads to it."""

    __tablename__ = "tenants_domains"

    domain: Mapped[str] = mapped_column(primary_key=True)
    gym_id: Mapped[UUID] = mapped_column(ForeignKey("tenants_gyms.id"), index=True)


class Toggle(Timestamps, TenantModel):
    """What a gym decided about one plugin; no row means the plugin's default.

    Attributes:
        enabled: None where only settings were stored.
        settings: The stored settings, in their wire form.
    """

    __tablename__ = "tenants_toggles"
    __audit_name__ = "gym.plugin"
    __audit_keys__ = ("plugin_id",)
    __table_args__ = tenant_table(tenant_unique("plugin_id"))

    plugin_id: Mapped[str]
    enabled: Mapped[bool | None]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)


class GymSetting(Timestamps, TenantModel):
    """One stored setting of a gym, in its wire form."""

    __tablename__ = "tenants_settings"
    __audit_name__ = "gym.setting"
    __audit_keys__ = ("key",)
    __table_args__ = tenant_table(tenant_unique("key"))

    key: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB, nullable=False)


class Epoch(SharedModel):
    """One row, whose version every request reads beside that of its gym.

    Raising it makes what every process caches about every gym stale.
    """

    __tablename__ = "tenants_epoch"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]


class Quarantine(SharedModel):
    """A plugin that the operator switched off for every gym.

    Attributes:
        reason: For whoever finds it switched off.
    """

    __tablename__ = "tenants_quarantine"

    plugin_id: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    since: Mapped[datetime] = mapped_column(default=utc_now)


class OperatorStatus(StrEnum):
    """Whether an operator may log in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class Operator(Timestamps, SharedModel):
    """Somebody who runs the installation; no user of any gym.

    Attributes:
        email_key: The address as it is compared: ASCII letters in lower case.
        password_hash: argon2id in PHC form.
        epoch: A token is good for one epoch. Whatever ends tokens raises it.
    """

    __tablename__ = "tenants_operators"
    __table_args__ = (
        UniqueConstraint("email_key"),
        CheckConstraint("status IN ('active', 'disabled')", name="status"),
        {"info": OPERATORS_OWN},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(
        Text(collation="C"), Computed('lower(email COLLATE "C")', persisted=True)
    )
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default=OperatorStatus.ACTIVE)
    password_hash: Mapped[str]
    epoch: Mapped[int] = mapped_column(default=1)
    last_login_at: Mapped[datetime | None] = mapped_column(default=None)


class OperatorEntry(SharedModel):
    """Something that an operator did; rows are added and never changed.

    Attributes:
        operator_id: Who; None for a command, whose user the machine knows.
        action: Such as ``gym.suspended``.
        gym_id: Which gym it was done to; no key, as the entry outlives the gym.
        details: What else is worth keeping; no secrets.
    """

    __tablename__ = "tenants_operator_log"
    __table_args__ = (
        Index("ix_tenants_operator_log__gym_id", "gym_id", "id"),
        {"info": {**OPERATORS_OWN, "append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    operator_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tenants_operators.id"), index=True
    )
    action: Mapped[str]
    gym_id: Mapped[UUID | None]
    gym_slug: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    trace_id: Mapped[str | None]
    address: Mapped[str | None]


class ExportStatus(StrEnum):
    """How far an export of a gym is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


class GymExport(SharedModel):
    """A gym that is written into a file, for an operator to download.

    Attributes:
        operator_id: Who asked for it.
        attempts: How often it was begun.
        lease_until: Until when whoever works on it is left alone; it is renewed while
            they do.
        error: What kind of failure it ended with.
        rows: How many the file holds.
    """

    __tablename__ = "tenants_exports"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'done', 'failed', 'expired')", name="status"
        ),
        Index(
            "ix_tenants_exports__pending",
            "gym_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        {"info": OPERATORS_OWN},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    gym_id: Mapped[UUID] = mapped_column(ForeignKey("tenants_gyms.id"))
    operator_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tenants_operators.id"), index=True
    )
    status: Mapped[str] = mapped_column(default=ExportStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(default=None)
    rows: Mapped[int | None] = mapped_column(BigInteger, default=None)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger, default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class UsageDay(SharedModel):
    """What a gym used on one day, in UTC.

    Attributes:
        requests: Of its people and strangers, as far as processes have told.
        jobs: Background jobs done.
    """

    __tablename__ = "tenants_usage"
    __table_args__ = ({"info": OPERATORS_OWN},)

    gym_id: Mapped[UUID] = mapped_column(
        ForeignKey("tenants_gyms.id"), primary_key=True
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, default=0)
    jobs: Mapped[int] = mapped_column(BigInteger, default=0)
