"""The rules of reminders that a gym has changed or added."""

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantModel, Timestamps, tenant_table, tenant_unique

LEAST_MINUTES, MOST_MINUTES = 5, 60 * 24 * 60
"""Between five minutes and sixty days before."""


class ReminderRule(Timestamps, TenantModel):
    """A rule as the gym wants it; without a row it is as its plugin declares it.

    Attributes:
        kind: Name of the kind of reminder.
        minutes_before: How long before the occasion.
        enabled: Whether it sends.
        channels: Through which channels; None for those of the topic.
    """

    __tablename__ = "notification_rules"
    __audit_keys__ = ("kind", "minutes_before")
    __table_args__ = tenant_table(
        tenant_unique("kind", "minutes_before"),
        CheckConstraint(
            f"minutes_before BETWEEN {LEAST_MINUTES} AND {MOST_MINUTES}",
            name="minutes_before",
        ),
    )

    kind: Mapped[str]
    minutes_before: Mapped[int]
    enabled: Mapped[bool]
    channels: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
