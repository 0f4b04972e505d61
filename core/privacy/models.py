"""The table of requests: who asked for whose data, or for its end."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.db.base import TenantModel, tenant_key, tenant_table
from core.db.personal import Personal, keep

_PROOF: Final = keep("It shows that the person's request was met.")


class RequestKind(StrEnum):
    """What is asked for."""

    EXPORT = "export"
    ERASE = "erase"


class RequestStatus(StrEnum):
    """Where a request stands.

    ``PENDING``: its job waits or runs. ``DONE``: met. ``FAILED``: given up, ``error``
    says why. ``CANCELLED``: taken back before it began. ``EXPIRED``: met, and the
    archive is deleted.
    """

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class PrivacyRequest(TenantModel):
    """One request about one person.

    Attributes:
        kind: A ``RequestKind``.
        status: A ``RequestStatus``.
        person_id: Whose data.
        requested_by: Who asked; None for the platform, after a restore.
        run_at: Not before this moment.
        started_at: When its job first began.
        error: Why it was given up, without anything personal.
        size_bytes: Of the archive.
        expires_at: Until when the archive is kept.
        steps: The parts of an erasure that are committed.
        report: What an erasure did, a line each: ``part``, ``table``, ``rows``,
            ``fate``, and ``reason`` or ``note``.
    """

    __tablename__ = "privacy_requests"
    __audit_keys__ = ("kind", "person_id")
    __privacy__ = (
        Personal("person_id", on_erase=_PROOF),
        Personal("requested_by", on_erase=_PROOF),
    )
    __table_args__ = tenant_table(
        tenant_key("person_id", "users"),
        CheckConstraint("kind IN ('export', 'erase')", name="kind"),
        CheckConstraint(
            "status IN ('pending', 'done', 'failed', 'cancelled', 'expired')",
            name="status",
        ),
        Index(
            "uq_privacy_requests__open",
            "tenant_id",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_privacy_requests__created_at", "tenant_id", "created_at", "id"),
        Index("ix_privacy_requests__person_id", "tenant_id", "person_id"),
    )

    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default=RequestStatus.PENDING.value)
    person_id: Mapped[UUID]
    requested_by: Mapped[UUID | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    run_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(default=None)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger, default=None)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    steps: Mapped[list[str]] = mapped_column(default=list)
    report: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
