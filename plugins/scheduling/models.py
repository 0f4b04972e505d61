"""Tables of scheduling."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk.data import (
    ANONYMISE,
    DELETE,
    PERSONAL,
    Personal,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_table,
    tenant_unique,
)
from plugins.scheduling.domain.sessions import Status
from plugins.scheduling.domain.slots import Rules

COACH_FREE = "scheduling_sessions_coach_free"
CLIENT_FREE = "scheduling_sessions_client_free"
"""Constraints, made by migrations, that let nobody be in two sessions at a time."""

_STATUSES = ", ".join(f"'{status.value}'" for status in Status)


class AvailabilityRules(Versioned, Timestamps, TenantModel):
    """How one coach may be booked; the head of the coach's availability.

    Its version counts changes of the weekly windows too: rules and windows are one
    document on the wire.

    Attributes:
        coach_id: User id of the coach.
        timezone: IANA name of the zone whose wall clock the windows are read on.
    """

    __tablename__ = "scheduling_rules"
    __privacy__ = Personal("coach_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_unique("coach_id"),
        CheckConstraint("slot_minutes > 0", name="slot"),
        CheckConstraint(
            "buffer_before_minutes >= 0 AND buffer_after_minutes >= 0", name="buffers"
        ),
        CheckConstraint("minimum_notice_minutes >= 0", name="notice"),
        CheckConstraint("maximum_advance_days > 0", name="advance"),
        CheckConstraint("daily_limit > 0", name="daily"),
    )

    coach_id: Mapped[UUID]
    timezone: Mapped[str]
    slot_minutes: Mapped[int]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    minimum_notice_minutes: Mapped[int]
    maximum_advance_days: Mapped[int | None]
    daily_limit: Mapped[int | None]

    @property
    def rules(self) -> Rules:
        """The rules as a value."""
        return Rules(**{rule.name: getattr(self, rule.name) for rule in fields(Rules)})


class WeeklyWindow(Timestamps, TenantModel):
    """A stretch of every week in which a coach is open, in wall time.

    Attributes:
        weekday: ISO 8601: Monday is 1, Sunday is 7.
        starts_minute: Minutes of the day, from 0.
        ends_minute: Minutes of the day, up to 1440.
    """

    __tablename__ = "scheduling_windows"
    __privacy__ = Personal("coach_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_unique("coach_id", "weekday", "starts_minute"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint(
            "0 <= starts_minute AND starts_minute < ends_minute"
            " AND ends_minute <= 1440",
            name="minutes",
        ),
    )

    coach_id: Mapped[UUID]
    weekday: Mapped[int] = mapped_column(SmallInteger)
    starts_minute: Mapped[int] = mapped_column(SmallInteger)
    ends_minute: Mapped[int] = mapped_column(SmallInteger)


class DateOverride(Versioned, Timestamps, TenantModel):
    """A date on which other windows hold than every week's.

    Attributes:
        day: The date, in the coach's zone.
        windows: Each with ``starts`` and ``ends`` in minutes of the day; none means
            that the coach is closed.
    """

    __tablename__ = "scheduling_overrides"
    __privacy__ = Personal("coach_id", on_erase=DELETE)
    __table_args__ = tenant_table(tenant_unique("coach_id", "day"))

    coach_id: Mapped[UUID]
    day: Mapped[date]
    windows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    @property
    def closed(self) -> bool:
        """Whether the coach is not open at all on that date."""
        return not self.windows


class TrainingSession(Versioned, Timestamps, TenantModel):
    """An appointment of one client with one coach.

    The constraints ``COACH_FREE`` and ``CLIENT_FREE`` keep coach and client from being
    in two places at once; a canceled session does not count.
    """

    __tablename__ = "scheduling_sessions"
    __client_column__ = "client_id"
    __staff_column__ = "coach_id"
    __privacy__ = (
        Personal("client_id", on_erase=ANONYMISE),
        Personal("coach_id", on_erase=ANONYMISE, columns=()),
    )
    __table_args__ = tenant_table(
        CheckConstraint("starts_at < ends_at", name="interval"),
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        Index("ix_scheduling_sessions__coach", "tenant_id", "coach_id", "starts_at"),
        Index("ix_scheduling_sessions__client", "tenant_id", "client_id", "starts_at"),
        Index("ix_scheduling_sessions__starts", "tenant_id", "starts_at"),
    )

    client_id: Mapped[UUID]
    coach_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default=Status.SCHEDULED.value)
    location: Mapped[str | None]
    notes: Mapped[str | None] = mapped_column(info=PERSONAL)
