"""Tables of accounts, their body states, log-in sessions and refresh tokens."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.db.base import (
    HIDDEN,
    PERSONAL,
    Lookup,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_key,
    tenant_table,
    tenant_unique,
)
from core.db.personal import ANONYMISE, DELETE, Personal, Retention
from core.db.sealed import sealed


class UserStatus(StrEnum):
    """Where an account stands: asked to join, in use, or shut."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class FitnessLevel(Lookup):
    """How fit somebody says they are."""

    __tablename__ = "fitness_levels"


class TrainingFrequency(Lookup):
    """How often somebody trains."""

    __tablename__ = "training_frequencies"


class User(Timestamps, Versioned, TenantModel):
    """A person's account in one gym; its id is also the client's or coach's id.

    Attributes:
        email_key: The address as it is compared: ASCII letters in lower case.
        username: Another name to log in by; it never holds an ``@``.
        phone: E.164.
        role: A built-in role or one of the gym's own.
        status: A ``UserStatus``.
        locale: The language the person wants, a BCP 47 tag.
        alias: The name shown to other members.
        password_hash: argon2id in PHC form; None until a password was set.
        erased_at: When the person was erased; what is left is an empty shell.
    """

    __tablename__ = "users"
    __client_column__ = "id"
    __privacy__ = Personal(
        "id",
        on_erase=ANONYMISE,
        blanks={
            "email": "{id}@erased.invalid",
            "name": "Erased person",
            "locale": None,
            "password_hash": None,
        },
    )
    __table_args__ = tenant_table(
        tenant_unique("email_key"),
        tenant_unique("username_key"),
        CheckConstraint("status IN ('invited', 'active', 'disabled')", name="status"),
        CheckConstraint("position('@' in username) = 0", name="username"),
        Index("ix_users__role", "tenant_id", "role"),
        Index("ix_users__name", "tenant_id", "name"),
    )

    email: Mapped[str] = mapped_column(info=PERSONAL)
    email_key: Mapped[str] = mapped_column(
        Text(collation="C"),
        Computed('lower(email COLLATE "C")', persisted=True),
        info=HIDDEN,
    )
    username: Mapped[str | None] = mapped_column(default=None, info=PERSONAL)
    username_key: Mapped[str | None] = mapped_column(
        Text(collation="C"),
        Computed('lower(username COLLATE "C")', persisted=True),
        info=HIDDEN,
    )
    name: Mapped[str] = mapped_column(info=PERSONAL)
    phone: Mapped[str | None] = mapped_column(default=None, info=PERSONAL)
    role: Mapped[str]
    status: Mapped[str]
    locale: Mapped[str | None] = mapped_column(default=None)
    alias: Mapped[str | None] = mapped_column(default=None, info=PERSONAL)
    avatar_url: Mapped[str | None] = mapped_column(default=None, info=PERSONAL)
    password_hash: Mapped[str | None] = mapped_column(default=None, info=HIDDEN)
    erased_at: Mapped[datetime | None] = mapped_column(default=None)


class UserState(TenantModel):
    """How a person was on one day; rows are added and never changed.

    Attributes:
        weight: In ``unit``, which is ``kg`` or ``lb``.
        photo_url: The picture that was the person's avatar at that moment.
    """

    __tablename__ = "user_states"
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __retention__ = Retention("recorded_at", days=730, monthly_by="user_id")
    __table_args__ = tenant_table(
        tenant_key("user_id", "users", ondelete="CASCADE"),
        CheckConstraint("weight > 0", name="weight"),
        CheckConstraint("unit IN ('kg', 'lb')", name="unit"),
        Index("ix_user_states__user_id", "tenant_id", "user_id", "recorded_at"),
    )

    user_id: Mapped[UUID]
    weight: Mapped[Decimal | None] = mapped_column(
        Numeric(6, 2), default=None, info=PERSONAL
    )
    unit: Mapped[str | None] = mapped_column(default=None, info=PERSONAL)
    fitness_level: Mapped[str | None] = mapped_column(
        ForeignKey("fitness_levels.code"), default=None, info=PERSONAL
    )
    training_frequency: Mapped[str | None] = mapped_column(
        ForeignKey("training_frequencies.code"), default=None, info=PERSONAL
    )
    photo_url: Mapped[str | None] = mapped_column(default=None, info=PERSONAL)
    recorded_at: Mapped[datetime] = mapped_column(default=utc_now)


class AuthSession(TenantModel):
    """One log-in on one device: the family that refresh tokens descend in.

    Attributes:
        address: The caller's address at log-in.
        expires_at: When it ends whatever happens; rotation does not move it.
        revoked_at: When it was ended before that.
    """

    __tablename__ = "auth_sessions"
    __audited__ = False
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __retention__ = Retention(("revoked_at", "expires_at"), days=30)
    __table_args__ = tenant_table(
        tenant_key("user_id", "users", ondelete="CASCADE"),
        Index("ix_auth_sessions__user_id", "tenant_id", "user_id"),
    )

    user_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime] = mapped_column(default=utc_now)
    address: Mapped[str | None] = mapped_column(default=None)
    user_agent: Mapped[str | None] = mapped_column(default=None)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class RefreshToken(TenantModel):
    """One refresh token of a family, as its digest.

    Attributes:
        token_hash: SHA-256 of the token.
        parent_id: The token that was rotated into this one.
        successor_salt: With the token itself it gives the successor again; neither
            does alone. Set when the token is rotated.
        rotated_at: When it was used; it is good for one use.
        expires_at: When it ends unused.
    """

    __tablename__ = "refresh_tokens"
    __audited__ = False
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE, export=False)
    __table_args__ = tenant_table(
        tenant_unique("token_hash"),
        tenant_key("session_id", "auth_sessions", ondelete="CASCADE"),
        Index("ix_refresh_tokens__session_id", "tenant_id", "session_id"),
        Index("ix_refresh_tokens__user_id", "tenant_id", "user_id"),
        Index("ix_refresh_tokens__parent_id", "tenant_id", "parent_id", unique=True),
    )

    user_id: Mapped[UUID]
    session_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, info=HIDDEN)
    parent_id: Mapped[UUID | None] = mapped_column(default=None)
    successor_salt: Mapped[bytes | None] = mapped_column(
        LargeBinary, default=None, info=HIDDEN
    )
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    rotated_at: Mapped[datetime | None] = mapped_column(default=None)
    expires_at: Mapped[datetime]


class ApiKey(TenantModel):
    """A key by which another system calls the gym's API.

    Attributes:
        digest: SHA-256 of the whole key.
        permissions: Names of all that it may do.
        scope: ``all``, or ``granted`` for the clients in ``client_grants`` that were
            given to the key's id.
        created_by: The user who made it; it goes on working without them.
        last_used_at: To the minute.
        revoked_at: When it was ended before its time.
    """

    __tablename__ = "api_keys"
    __privacy__ = Personal("created_by", on_erase=ANONYMISE)
    __table_args__ = tenant_table(
        CheckConstraint("scope IN ('granted', 'all')", name="scope"),
    )

    name: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, info=HIDDEN)
    permissions: Mapped[list[str]]
    scope: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None] = mapped_column(default=None, info=HIDDEN)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class TotpFactor(TenantModel):
    """A person's second factor: the secret shared with their authenticator app.

    Attributes:
        secret: Sealed with a key that the database never sees.
        confirmed_at: When the person proved to have it; asked for from then on.
        last_step: The last time step whose code was accepted; no older one is.
    """

    __tablename__ = "totp_factors"
    __audited__ = False
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_unique("user_id"),
        tenant_key("user_id", "users", ondelete="CASCADE"),
    )

    user_id: Mapped[UUID]
    secret: Mapped[bytes] = mapped_column(
        LargeBinary, info=sealed("totp", bound_by="user_id")
    )
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    last_step: Mapped[int | None] = mapped_column(BigInteger, default=None, info=HIDDEN)


class RecoveryCode(TenantModel):
    """A code that stands in once for the authenticator app, as its sealed digest."""

    __tablename__ = "recovery_codes"
    __audited__ = False
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE, export=False)
    __table_args__ = tenant_table(
        tenant_unique("user_id", "digest"),
        tenant_key("user_id", "users", ondelete="CASCADE"),
    )

    user_id: Mapped[UUID]
    digest: Mapped[bytes] = mapped_column(
        LargeBinary, info=sealed("totp recovery codes", bound_by="user_id")
    )
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
