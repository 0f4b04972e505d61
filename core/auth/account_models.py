"""Tables of contacts, links in mails, requests of strangers, and counted attempts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    column,
    literal_column,
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
from core.db.personal import DELETE, Personal, Retention


class LinkPurpose(StrEnum):
    """What a link in a mail is good for, and for nothing else.

    ``NOTICE`` is no link: it counts a message that holds none.
    """

    VERIFY = "verify"
    RESET = "reset"
    INVITE = "invite"
    CONTACT = "contact"
    NOTICE = "notice"


class ContactType(Lookup):
    """A way to reach somebody."""

    __tablename__ = "contact_types"


class UserContact(Timestamps, Versioned, TenantModel):
    """An address or number of a person; the primary ones are also on the account.

    Attributes:
        value: An e-mail address, or a number in E.164.
        value_key: As it is compared: ASCII letters in lower case.
        is_primary: The one of its type that is used.
        is_recovery: Password links go here too, once it is verified.
        is_verified: The person, or staff, showed that it is theirs.
    """

    __tablename__ = "user_contacts"
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_key("user_id", "users", ondelete="CASCADE"),
        tenant_unique("user_id", "type", "value_key"),
        Index(
            "uq_user_contacts__primary",
            "tenant_id",
            "user_id",
            "type",
            unique=True,
            postgresql_where=column("is_primary"),
        ),
        Index(
            "uq_user_contacts__primary_email",
            "tenant_id",
            "value_key",
            unique=True,
            postgresql_where=column("is_primary")
            & (column("type") == literal_column("'email'")),
        ),
    )

    user_id: Mapped[UUID]
    type: Mapped[str] = mapped_column(ForeignKey("contact_types.code"))
    value: Mapped[str] = mapped_column(info=PERSONAL)
    value_key: Mapped[str] = mapped_column(
        Text(collation="C"),
        Computed('lower(value COLLATE "C")', persisted=True),
        info=HIDDEN,
    )
    is_primary: Mapped[bool] = mapped_column(default=False)
    is_recovery: Mapped[bool] = mapped_column(default=False)
    is_verified: Mapped[bool] = mapped_column(default=False)


class AuthLink(TenantModel):
    """A link that was mailed to somebody, as the digest of its token.

    Attributes:
        purpose: A ``LinkPurpose``.
        token_hash: SHA-256 of the token.
        contact_id: The contact it verifies.
        password_hash: The password that whoever asked for this link chose; it counts
            only when this very link is followed.
        used_at: When it was followed; it is good for one use.
    """

    __tablename__ = "auth_links"
    __audited__ = False
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __retention__ = Retention(("used_at", "expires_at"), days=30)
    __table_args__ = tenant_table(
        tenant_key("user_id", "users", ondelete="CASCADE"),
        tenant_key("contact_id", "user_contacts", ondelete="CASCADE"),
        tenant_unique("token_hash"),
        CheckConstraint(
            "purpose IN ('verify', 'reset', 'invite', 'contact', 'notice')",
            name="purpose",
        ),
        Index("ix_auth_links__user_id", "tenant_id", "user_id", "purpose"),
        Index("ix_auth_links__contact_id", "tenant_id", "contact_id"),
    )

    user_id: Mapped[UUID]
    purpose: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, info=HIDDEN)
    contact_id: Mapped[UUID | None] = mapped_column(default=None)
    password_hash: Mapped[str | None] = mapped_column(default=None, info=HIDDEN)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class AuthRequest(TenantModel):
    """What a stranger asked for, until a job has seen to it.

    Whether there is an account is looked up by the job alone. So the request that was
    answered cannot tell, by its body or its time.

    Attributes:
        kind: ``register``, ``resend`` or ``forgot``.
        login: An e-mail address; for ``forgot`` perhaps a user name.
        password_hash: Of the password chosen at sign-up.
    """

    __tablename__ = "auth_requests"
    __audited__ = False
    __retention__ = Retention("created_at", days=1)
    __table_args__ = tenant_table(
        CheckConstraint("kind IN ('register', 'resend', 'forgot')", name="kind"),
        Index("ix_auth_requests__created_at", "tenant_id", "created_at"),
    )

    kind: Mapped[str]
    login: Mapped[str] = mapped_column(info=HIDDEN)
    name: Mapped[str | None] = mapped_column(default=None, info=HIDDEN)
    phone: Mapped[str | None] = mapped_column(default=None, info=HIDDEN)
    locale: Mapped[str | None] = mapped_column(default=None)
    password_hash: Mapped[str | None] = mapped_column(default=None, info=HIDDEN)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class AuthAttempt(TenantModel):
    """How often something was tried in vain lately, and until when it is shut.

    Attributes:
        subject: Digest of what was tried on whom.
        failures: Attempts without a success since; the running ones count.
        last_at: When the last one was begun.
        shut_until: No further attempt before this; None while the next one is free.
    """

    __tablename__ = "auth_attempts"
    __audited__ = False
    __retention__ = Retention("last_at", days=1)
    __table_args__ = tenant_table(
        tenant_unique("subject"),
        Index("ix_auth_attempts__last_at", "tenant_id", "last_at"),
    )

    subject: Mapped[bytes] = mapped_column(LargeBinary, info=HIDDEN)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    shut_until: Mapped[datetime | None] = mapped_column(default=None)
