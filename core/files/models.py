"""The table of files; what is in them lies in the store."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.db.base import PERSONAL, TenantModel, tenant_key, tenant_table
from core.db.personal import DELETE, Personal


class FileStatus(StrEnum):
    """Where a file stands.

    ``PENDING``: signed for, not complete. ``SCANNING``: complete, held until the
    scanner has seen it. ``READY``: may be read. ``REJECTED``: refused, content gone.
    """

    PENDING = "pending"
    SCANNING = "scanning"
    READY = "ready"
    REJECTED = "rejected"


class StoredFile(TenantModel):
    """One file.

    Attributes:
        user_id: Who uploaded it.
        purpose: Name of its ``FilePurpose``.
        name: As people see it; never part of a path.
        media_type: As declared, and once complete as verified.
        size_bytes: Likewise.
        sha256: Likewise, in hexadecimal; None while nobody said.
        object_id: Under this id the verified content lies in the store.
        upload_until: Until when its content may be sent.
        reason: Why it was rejected: a code, or what the scanner found.
    """

    __tablename__ = "files"
    __client_column__ = "user_id"
    __privacy__ = Personal("user_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_key("user_id", "users", ondelete="CASCADE"),
        CheckConstraint(
            "status IN ('pending', 'scanning', 'ready', 'rejected')", name="status"
        ),
        CheckConstraint("size_bytes > 0", name="size_bytes"),
        CheckConstraint(
            "(status IN ('scanning', 'ready')) = (object_id IS NOT NULL)",
            name="object_id",
        ),
        Index("ix_files__created_at", "tenant_id", "created_at", "id"),
        Index("ix_files__user_id", "tenant_id", "user_id", "created_at"),
        Index("ix_files__status", "tenant_id", "status", "created_at"),
        Index("ix_files__object_id", "tenant_id", "object_id"),
    )

    user_id: Mapped[UUID]
    purpose: Mapped[str]
    name: Mapped[str] = mapped_column(info=PERSONAL)
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[str] = mapped_column(default=FileStatus.PENDING)
    object_id: Mapped[UUID | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    upload_until: Mapped[datetime]
    completed_at: Mapped[datetime | None] = mapped_column(default=None)
    scanned_at: Mapped[datetime | None] = mapped_column(default=None)
