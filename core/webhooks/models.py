"""Tables of webhooks: where they go, what was sent, and what came in."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.db.base import (
    TenantModel,
    Timestamps,
    Versioned,
    tenant_key,
    tenant_table,
    tenant_unique,
)
from core.db.personal import DELETE, Personal, Retention
from core.db.sealed import sealed

SECRETS = "webhooks.secrets"
BODIES = "webhooks.bodies"
RECEIPTS = "webhooks.receipts"
"""Purposes of the vault."""

KEPT_DAYS = 30
"""Deliveries, and the ids of what came in, are kept so long."""


class DisabledReason(StrEnum):
    """Why an endpoint is switched off.

    ``MANUAL``: an admin did. ``GONE``: the receiver answered 410. ``FAILING``: nothing
    was taken for days.
    """

    MANUAL = "manual"
    GONE = "gone"
    FAILING = "failing"


class DeliveryStatus(StrEnum):
    """Where a delivery stands.

    ``PENDING``: its job waits, runs or will try again. ``DELIVERED``: the receiver took
    it. ``FAILED``: given up; ``last_error`` says why.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class WebhookEndpoint(Versioned, Timestamps, TenantModel):
    """A receiver of webhooks.

    Attributes:
        types: Which types it gets.
        disabled_reason: Why nothing is sent; None while it is on.
        enabled_at: When it was last switched on. Failures before that count no more.
        secret: Signs what is sent; sealed.
        previous_secret: Signs along until ``previous_until``; sealed.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = tenant_table(
        CheckConstraint(
            "disabled_reason IN ('manual', 'gone', 'failing')", name="reason"
        ),
    )

    url: Mapped[str]
    description: Mapped[str | None] = mapped_column(default=None)
    types: Mapped[list[str]]
    disabled_reason: Mapped[str | None] = mapped_column(default=None)
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)
    enabled_at: Mapped[datetime] = mapped_column(default=utc_now)
    secret: Mapped[bytes] = mapped_column(LargeBinary, info=sealed(SECRETS))
    previous_secret: Mapped[bytes | None] = mapped_column(
        LargeBinary, default=None, info=sealed(SECRETS)
    )
    previous_until: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def enabled(self) -> bool:
        """Whether anything is sent to it."""
        return self.disabled_reason is None


class WebhookDelivery(TenantModel):
    """One message to one endpoint; its id is the ``webhook-id`` of every attempt.

    Attributes:
        person_id: The user whom the message is about, where there is one.
        body: The JSON that is sent, the same at every attempt; sealed.
        attempts: How often sending was begun.
        response_status: What the receiver answered last; None for no answer.
        last_error: Why it was not taken last, in our words.
        job_id: The job that may send it.
        first_failed_at: When it was first not taken.
    """

    __tablename__ = "webhook_deliveries"
    __audited__ = False
    __privacy__ = Personal("person_id", on_erase=DELETE)
    __retention__ = Retention(since="created_at", days=KEPT_DAYS)
    __table_args__ = tenant_table(
        tenant_key("endpoint_id", "webhook_endpoints", ondelete="CASCADE"),
        CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
        Index(
            "ix_webhook_deliveries__endpoint",
            "tenant_id",
            "endpoint_id",
            "created_at",
            "id",
        ),
        Index(
            "ix_webhook_deliveries__delivered",
            "tenant_id",
            "endpoint_id",
            "delivered_at",
        ),
        Index(
            "ix_webhook_deliveries__failed",
            "tenant_id",
            "endpoint_id",
            "first_failed_at",
        ),
        Index("ix_webhook_deliveries__created", "tenant_id", "created_at"),
        Index("ix_webhook_deliveries__person", "tenant_id", "person_id"),
    )

    endpoint_id: Mapped[UUID]
    person_id: Mapped[UUID | None] = mapped_column(default=None)
    type: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary, info=sealed(BODIES))
    status: Mapped[str] = mapped_column(default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    response_status: Mapped[int | None] = mapped_column(default=None)
    last_error: Mapped[str | None] = mapped_column(default=None)
    job_id: Mapped[UUID | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    first_failed_at: Mapped[datetime | None] = mapped_column(default=None)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)


class WebhookReceipt(TenantModel):
    """A webhook that came in, kept so that the same one counts once.

    Attributes:
        provider: Who sent it, such as ``stripe``.
        event_id: The provider's id of it.
        payload: What it said, as JSON; sealed.
    """

    __tablename__ = "webhook_receipts"
    __audited__ = False
    __retention__ = Retention(since="received_at", days=KEPT_DAYS)
    __table_args__ = tenant_table(
        tenant_unique("provider", "event_id"),
        Index("ix_webhook_receipts__received", "tenant_id", "received_at"),
    )

    provider: Mapped[str]
    event_id: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary, info=sealed(RECEIPTS))
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
