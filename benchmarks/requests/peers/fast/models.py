"""The tables, as SQLAlchemy sees them."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from benchmarks.requests.peers.common.clock import new_id, utc_now


class Base(DeclarativeBase):
    """The base of all mapped classes."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        UUID: Uuid(as_uuid=True),
        bytes: LargeBinary,
        dict[str, Any]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
    }


class TenantModel(Base):
    """A row of a gym."""

    __abstract__ = True

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Timestamps:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class Versioned:
    """A version that every UPDATE raises and checks."""

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Gym(Base):
    __tablename__ = "tenants_gyms"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str]
    status: Mapped[str]
    timezone: Mapped[str]


class User(Timestamps, Versioned, TenantModel):
    __tablename__ = "users"

    email: Mapped[str]
    email_key: Mapped[str]
    username: Mapped[str | None]
    username_key: Mapped[str | None]
    name: Mapped[str]
    phone: Mapped[str | None]
    role: Mapped[str]
    status: Mapped[str]
    locale: Mapped[str | None]
    alias: Mapped[str | None]
    avatar_url: Mapped[str | None]
    password_hash: Mapped[str | None]


class AuthSession(TenantModel):
    __tablename__ = "auth_sessions"

    user_id: Mapped[UUID]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class RefreshToken(TenantModel):
    __tablename__ = "refresh_tokens"

    user_id: Mapped[UUID]
    session_id: Mapped[UUID]
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AuditEntry(TenantModel):
    __tablename__ = "audit_entries"

    at: Mapped[datetime]
    user_id: Mapped[UUID | None]
    actor_kind: Mapped[str]
    action: Mapped[str]
    entity: Mapped[str | None]
    entity_id: Mapped[str | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    trace_id: Mapped[str | None]
    address: Mapped[str | None]
    person_id: Mapped[UUID | None]


class PersonKey(TenantModel):
    __tablename__ = "person_keys"

    wrapped: Mapped[bytes | None]


class OutboxJob(TenantModel):
    __tablename__ = "outbox"

    kind: Mapped[str]
    args: Mapped[dict[str, Any]]
    dedup_key: Mapped[str | None]
    state: Mapped[str]
    run_at: Mapped[datetime]
    attempts: Mapped[int]
    actor_id: Mapped[UUID | None]
    trace_id: Mapped[str | None]
    created_at: Mapped[datetime]


class IdempotencyKey(TenantModel):
    __tablename__ = "idempotency_keys"

    scope: Mapped[bytes]
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ReminderRule(TenantModel):
    __tablename__ = "notification_rules"

    kind: Mapped[str]
    minutes_before: Mapped[int]
    enabled: Mapped[bool]


class ClientGrant(TenantModel):
    __tablename__ = "client_grants"

    user_id: Mapped[UUID]
    client_id: Mapped[UUID]
    expires_at: Mapped[datetime | None]


class Client(TenantModel):
    __tablename__ = "members_clients"


class Coach(TenantModel):
    __tablename__ = "members_coaches"


class AvailabilityRules(TenantModel):
    __tablename__ = "scheduling_rules"

    coach_id: Mapped[UUID]
    timezone: Mapped[str]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    minimum_notice_minutes: Mapped[int]
    maximum_advance_days: Mapped[int | None]
    daily_limit: Mapped[int | None]


class WeeklyWindow(TenantModel):
    __tablename__ = "scheduling_windows"

    coach_id: Mapped[UUID]
    weekday: Mapped[int] = mapped_column(SmallInteger)
    starts_minute: Mapped[int] = mapped_column(SmallInteger)
    ends_minute: Mapped[int] = mapped_column(SmallInteger)


class DateOverride(TenantModel):
    __tablename__ = "scheduling_overrides"

    coach_id: Mapped[UUID]
    day: Mapped[date]
    windows: Mapped[list[dict[str, Any]]]


class TrainingSession(Timestamps, Versioned, TenantModel):
    __tablename__ = "scheduling_sessions"

    client_id: Mapped[UUID]
    coach_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="scheduled")
    location: Mapped[str | None]
    notes: Mapped[str | None]


class Pass(Timestamps, Versioned, TenantModel):
    __tablename__ = "passes_passes"

    code: Mapped[str]
    batch_id: Mapped[UUID | None]
    product_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    kind: Mapped[str]
    remaining: Mapped[int | None]
    allowance: Mapped[int | None]
    allowance_per: Mapped[str | None]
    starts_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    valid_days: Mapped[int | None]
    renews: Mapped[bool]
    paused_from: Mapped[date | None]
    paused_until: Mapped[date | None]
    blocked_at: Mapped[datetime | None]
    blocked_reason: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]


class LedgerEntry(TenantModel):
    __tablename__ = "passes_ledger"

    pass_id: Mapped[UUID]
    kind: Mapped[str]
    uses: Mapped[int]
    balance: Mapped[int | None]
    session_id: Mapped[UUID | None]
    counts_at: Mapped[datetime]
    created_at: Mapped[datetime]


class Miss(TenantModel):
    __tablename__ = "passes_misses"

    holder_id: Mapped[UUID]
    since: Mapped[datetime]
    misses: Mapped[int]
