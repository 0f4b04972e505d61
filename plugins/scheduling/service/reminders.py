"""Reminders of sessions: a day and an hour before, unless the gym says otherwise."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from core.sdk.base import as_rfc3339
from core.sdk.notifications import Occasion, Reminded, ReminderKind, plan_reminders
from core.sdk.users import name_of
from plugins.scheduling.domain.sessions import Status
from plugins.scheduling.models import TrainingSession
from plugins.scheduling.repository import SessionRepository

NAME = "scheduling.session_reminder"

_sessions = SessionRepository()


def plan(row: TrainingSession) -> None:
    """Plans the reminders of a session that was booked or moved."""
    plan_reminders(NAME, row.id, at=row.starts_at)


def occasion(session_id: UUID) -> Occasion | None:
    """The session as it stands; None when it is not to take place."""
    row = _sessions.find(session_id)
    if row is None or row.status != Status.SCHEDULED:
        return None
    variables = {
        "starts_at": as_rfc3339(row.starts_at),
        "coach": name_of(row.coach_id),
        "location": row.location,
    }
    return Occasion(row.starts_at, [Reminded(row.client_id, variables)])


def upcoming(after: datetime) -> Iterable[tuple[UUID, datetime]]:
    """Scheduled sessions that begin after a moment."""
    return _sessions.scheduled_after(after)


KIND = ReminderKind(
    name=NAME,
    title="Reminder of a session",
    template=NAME,
    topic="reminders",
    offsets=(timedelta(days=1), timedelta(hours=1)),
    occasion=occasion,
    upcoming=upcoming,
)
