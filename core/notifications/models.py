"""The tables of messages: what was sent, who wants what, and words of a gym's own."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.db.base import (
    HIDDEN,
    PERSONAL,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_key,
    tenant_table,
    tenant_unique,
)
from core.db.personal import DELETE, Personal, Retention
from core.db.sealed import sealed as in_vault

DELIVERIES_KEPT: Final = 400
"""Days; a little over a year, so that a season can be compared with the last."""

INBOX_KEPT: Final = 180
"""Days."""


class DeliveryStatus(StrEnum):
    """Where a delivery stands.

    ``PENDING``: its job waits, runs or will try again. ``SENT``: the other side took
    it. ``FAILED``: given up; ``last_error`` says why. ``CANCELED``: called off before
    it went, by staff or because the person does not want it.
    """

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    CANCELED = "canceled"


class Delivery(TenantModel):
    """One message to one person or address, by one channel.

    Attributes:
        user_id: The account it is for; None where only an address is known.
        channel: Name of the channel.
        topic: What it is about, which is what people opt out of.
        to_address: An e-mail address or a number; empty for the inbox.
        to_name: How the person is addressed, where that is known.
        template: Name of the template.
        locale: Language of the template's file that is used.
        sealed: The template's variables under a key outside the database, as they
            may hold links that open an account; None once the message is sent.
        attempts: How often sending was begun.
        last_error: What went wrong last, without addresses.
        job_id: The job that may send it.
        due_at: Not to be sent before.
        until: Of no use from this moment on; None for never.
    """

    __tablename__ = "notification_deliveries"
    __audited__ = False
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __retention__ = Retention(since="created_at", days=DELIVERIES_KEPT)
    __table_args__ = tenant_table(
        CheckConstraint(
            "status IN ('pending', 'sent', 'failed', 'canceled')", name="status"
        ),
        CheckConstraint("channel IN ('email', 'sms', 'inbox')", name="channel"),
        Index(
            "ix_notification_deliveries__created_at", "tenant_id", "created_at", "id"
        ),
        Index(
            "ix_notification_deliveries__status",
            "tenant_id",
            "status",
            "created_at",
            "id",
        ),
        Index("ix_notification_deliveries__user_id", "tenant_id", "user_id"),
    )

    user_id: Mapped[UUID | None] = mapped_column(default=None)
    channel: Mapped[str]
    topic: Mapped[str]
    to_address: Mapped[str] = mapped_column(info=HIDDEN)
    to_name: Mapped[str | None] = mapped_column(default=None, info=HIDDEN)
    template: Mapped[str]
    locale: Mapped[str]
    status: Mapped[str] = mapped_column(default=DeliveryStatus.PENDING)
    sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary, default=None, info=in_vault("notifications")
    )
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(default=None)
    job_id: Mapped[UUID | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    until: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)


class InboxItem(TenantModel):
    """A message in a person's inbox; its id is that of its delivery.

    Attributes:
        topic: What it is about.
        title: One line.
        body: Plain text.
        read_at: When the person read it; None while unread.
    """

    __tablename__ = "notification_inbox"
    __audited__ = False
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __retention__ = Retention(since="created_at", days=INBOX_KEPT)
    __table_args__ = tenant_table(
        tenant_key("user_id", "users", ondelete="CASCADE"),
        Index(
            "ix_notification_inbox__user_id", "tenant_id", "user_id", "created_at", "id"
        ),
        Index("ix_notification_inbox__created_at", "tenant_id", "created_at"),
    )

    user_id: Mapped[UUID]
    topic: Mapped[str]
    title: Mapped[str] = mapped_column(info=PERSONAL)
    body: Mapped[str] = mapped_column(info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    read_at: Mapped[datetime | None] = mapped_column(default=None)


class Preference(Timestamps, TenantModel):
    """Whether a person wants a topic by a channel; without a row they do.

    Attributes:
        wanted: False once they opted out.
    """

    __tablename__ = "notification_preferences"
    __client_column__ = "user_id"
    __audit_keys__ = ("user_id", "topic", "channel")
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_key("user_id", "users", ondelete="CASCADE"),
        tenant_unique("user_id", "topic", "channel"),
    )

    user_id: Mapped[UUID]
    topic: Mapped[str]
    channel: Mapped[str]
    wanted: Mapped[bool]


class TemplateOverride(Timestamps, Versioned, TenantModel):
    """A gym's own words for a template in one language.

    Attributes:
        sms: The short form; None to cut it from ``text``.
    """

    __tablename__ = "notification_templates"
    __audit_keys__ = ("name", "language")
    __table_args__ = tenant_table(tenant_unique("name", "language"))

    name: Mapped[str]
    language: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    sms: Mapped[str | None] = mapped_column(default=None)
