"""Sessions: booking, moving, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from core.sdk.base import Page, SortKey, current, require_version, utc_now
from core.sdk.jobs import emit
from core.sdk.metrics import counter
from plugins.scheduling.domain.sessions import (
    ATTENDANCE,
    IllegalTransition,
    Status,
    transition,
    well_formed,
)
from plugins.scheduling.domain.slots import Reason, refusal
from plugins.scheduling.domain.walltime import Interval, covers, day_begins, day_of
from plugins.scheduling.errors import (
    InPast,
    IntervalInvalid,
    OutsideAvailability,
    TransitionIllegal,
)
from plugins.scheduling.hooks import (
    SessionBooked,
    SessionCanceled,
    SessionCompleted,
    SessionEvent,
    SessionMoved,
    SessionNoShow,
)
from plugins.scheduling.models import TrainingSession
from plugins.scheduling.permissions import SESSIONS_MANAGE, SESSIONS_OVERRIDE
from plugins.scheduling.repository import SessionFilter, SessionRepository
from plugins.scheduling.service import entitlement, reminders
from plugins.scheduling.service.availability import Availability, availability_around
from plugins.scheduling.service.people import (
    require,
    require_pair,
)

_sessions = SessionRepository()
_booked = counter("sessions_booked_total", "Sessions booked.")
_completed = counter("sessions_completed_total", "Sessions marked as completed.")

_SETTLED: Mapping[str, type[SessionEvent]] = {
    Status.CANCELED: SessionCanceled,
    Status.COMPLETED: SessionCompleted,
    Status.NO_SHOW: SessionNoShow,
}

SHOWN_IN_RECORD = 3
"""How many next and last sessions a client's record shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A wish for a session.

    Attributes:
        ignore_availability: Book whatever the opening hours and rules say; takes
            a permission of its own.
    """

    client_id: UUID
    coach_id: UUID
    starts_at: datetime
    ends_at: datetime
    location: str | None = None
    notes: str | None = None
    ignore_availability: bool = False


def book(wanted: NewSession) -> TrainingSession:
    """Books a session.

    Raises:
        IntervalInvalid: It is too short or too long.
        CoachUnknown: There is no such coach.
        ClientUnknown: There is no such client.
        Forbidden: The client is out of the actor's reach.
        InPast: A client asked for a time that is over.
        OutsideAvailability: The coach is not to be booked then.
        Overlap: Coach or client has another session then.
        NoEntitlement: The gym demands one, and the client has none for it.
    """
    interval = _interval(wanted.starts_at, wanted.ends_at)
    require_pair(client_id=wanted.client_id, coach_id=wanted.coach_id)
    _refuse_time(wanted.coach_id, interval, override=wanted.ignore_availability)
    row = _sessions.book(
        {
            "client_id": wanted.client_id,
            "coach_id": wanted.coach_id,
            "starts_at": interval.starts,
            "ends_at": interval.ends,
            "location": wanted.location,
            "notes": wanted.notes,
        }
    )
    entitlement.take(row)
    _booked.inc()
    reminders.plan(row)
    _tell(SessionBooked, row)
    return row


def get(*, session_id: UUID) -> Any:
    """Returns a session.

    Raises:
        SessionMissing: There is no such session.
        Forbidden: It is out of the actor's reach.
    """
    return _sessions.read(session_id)


def find_one(*, session_id: UUID) -> TrainingSession | None:
    """Returns a session whoever asks; None where there is none."""
    return _sessions.find(session_id)


def find(  # noqa: PLR0913 — a list has as many conditions as it has
    *,
    coach_id: UUID | None = None,
    client_id: UUID | None = None,
    status: Status | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
    page: int,
    limit: int,
    sort: Sequence[SortKey],
) -> Page:
    """Returns a page of sessions within the actor's reach.

    Both dates count in full, in the gym's zone; a session belongs to the date on
    which it starts.
    """
    zone = current().require_gym().zone
    after = None if date_to is None else date_to + timedelta(days=1)
    wanted = SessionFilter(
        coach_id=coach_id,
        client_id=client_id,
        status=status,
        since=None if date_from is None else day_begins(date_from, zone),
        until=None if after is None else day_begins(after, zone),
    )
    return _sessions.listed(wanted, page=page, limit=limit, sort=sort)


def change(
    *, session_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> TrainingSession:
    """Moves, annotates, cancels or settles a session.

    Args:
        session_id: Which.
        changes: ``starts_at``, ``ends_at``, ``location``, ``notes``, ``status`` and
            ``ignore_availability``; what is not named stays.
        expected_version: The version that the caller saw; None for any.

    Raises:
        SessionMissing: There is no such session.
        Forbidden: It is out of reach, or the change takes another permission.
        PreconditionFailed: The version is another one by now.
        TransitionIllegal: The status does not allow it.
        IntervalInvalid: It would end before it starts, or last too long.
        InPast: A client changes what has begun, or moves it to the past.
        OutsideAvailability: The coach is not to be booked then.
        Overlap: Coach or client has another session then.
    """
    moves = bool({"starts_at", "ends_at"} & changes.keys())
    if moves:
        seen = _sessions.get(session_id)
        _sessions.lock(seen.coach_id, seen.client_id)
    row = _sessions.get(session_id, lock=True)
    require_version(row.version, expected_version)
    before = (Interval(row.starts_at, row.ends_at), row.status)
    if moves:
        _move(row, changes)
    if "status" in changes:
        _settle(row, changes["status"])
    for name in ("location", "notes"):
        if name in changes:
            setattr(row, name, changes[name])
    _sessions.save()
    _tell_changes(row, *before)
    return row


def cancel_coming_of(person_id: UUID) -> list[str]:
    """Cancels the coming sessions of somebody who is erased, coach or client.

    Returns:
        What was done, for the report; nothing where there was nothing to do.
    """
    coming = _sessions.coming_of(person_id, utc_now())
    for row in coming:
        change(
            session_id=row.id,
            changes={"status": Status.CANCELED},
            expected_version=None,
        )
    return [f"{len(coming)} coming sessions were canceled."] if coming else []


def of_client(*, client_id: UUID) -> dict[str, list[TrainingSession]]:
    """Returns the client's next and last sessions, for the client's record."""
    now = utc_now()
    return {
        "next_sessions": _sessions.next_of_client(client_id, now, SHOWN_IN_RECORD),
        "last_sessions": _sessions.last_of_client(client_id, now, SHOWN_IN_RECORD),
    }


def count_today_and_this_week() -> tuple[int, int]:
    """Counts the gym's sessions of today and of this week, from Monday."""
    zone = current().require_gym().zone
    today = day_of(utc_now(), zone)
    monday = today - timedelta(days=today.weekday())
    return _count(today, 1), _count(monday, 7)


def count_all() -> int:
    """Counts all of the gym's sessions that were not canceled."""
    return _sessions.count()


def _count(first: date, days: int) -> int:
    zone = current().require_gym().zone
    return _sessions.count_between(
        day_begins(first, zone), day_begins(first + timedelta(days=days), zone)
    )


def _tell_changes(row: TrainingSession, interval: Interval, status: str) -> None:
    """Tells what became of a session that had these times and this status."""
    if Interval(row.starts_at, row.ends_at) != interval:
        reminders.plan(row)
        _tell(SessionMoved, row)
    if row.status != status:
        _tell(_SETTLED[row.status], row)


def _tell(kind: type[SessionEvent], row: TrainingSession) -> None:
    emit(
        kind(
            session_id=row.id,
            version=row.version,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            client_id=row.client_id,
            coach_id=row.coach_id,
            status=row.status,
        )
    )


def _move(row: TrainingSession, changes: Mapping[str, Any]) -> None:
    interval = _interval(
        changes.get("starts_at", row.starts_at), changes.get("ends_at", row.ends_at)
    )
    if interval == Interval(row.starts_at, row.ends_at):
        return
    if row.status != Status.SCHEDULED:
        raise TransitionIllegal("Only a scheduled session can be moved.")
    _refuse_begun(row)
    _refuse_time(
        row.coach_id,
        interval,
        override=changes.get("ignore_availability", False),
        besides=row.id,
    )
    _sessions.move(row, interval)


def _settle(row: TrainingSession, wanted: Status) -> None:
    if wanted in ATTENDANCE:
        require(SESSIONS_MANAGE)
    try:
        status = transition(
            Status(row.status), wanted, begun=row.starts_at <= utc_now()
        )
    except IllegalTransition as error:
        details = {"from": row.status, "to": wanted.value}
        raise TransitionIllegal(str(error), details=details) from error
    if status.value != row.status:
        _refuse_begun(row)
        row.status = status.value
        if status is Status.CANCELED:
            entitlement.give_back(row)
        if status is Status.COMPLETED:
            _completed.inc()


def _interval(starts_at: datetime, ends_at: datetime) -> Interval:
    interval = Interval(starts_at, ends_at)
    if not well_formed(interval):
        raise IntervalInvalid
    return interval


def _manages() -> bool:
    return current().actor.may(SESSIONS_MANAGE.name)


def _refuse_begun(row: TrainingSession) -> None:
    """Keeps clients from rewriting what has begun, such as a session they missed."""
    if row.starts_at <= utc_now() and not _manages():
        raise InPast("This session has begun already.")


def _refuse_time(
    coach_id: UUID,
    interval: Interval,
    *,
    override: bool,
    besides: UUID | None = None,
) -> None:
    """Holds a time to what the actor may book of this coach.

    Whoever manages sessions is bound by the opening hours alone. Everybody else is
    bound by the rules too; where these count other sessions, one booking of a coach
    waits for the other, so that two at once cannot both be the last one allowed.
    """
    now = utc_now()
    if not _manages() and interval.starts < now:
        raise InPast
    if override:
        require(SESSIONS_OVERRIDE)
        return
    known = availability_around(coach_id, interval)
    if _manages():
        is_open = covers(known.opening.open_around(interval), interval)
        reason = None if is_open else Reason.WINDOWS
    else:
        reason = refusal(
            known.opening,
            known.rules,
            interval,
            booked=_others(coach_id, interval, known, besides),
            now=now,
        )
    if reason is not None:
        raise OutsideAvailability(details={"reason": reason.value})


def _others(
    coach_id: UUID, interval: Interval, known: Availability, besides: UUID | None
) -> list[Interval]:
    """The coach's sessions that the rules count; none where they count none."""
    if not known.rules.counts_others:
        return []
    _sessions.lock(coach_id)
    day = day_of(interval.starts, known.opening.zone)
    stretch = Interval(
        min(interval.starts, day_begins(day, known.opening.zone)),
        max(interval.ends, day_begins(day + timedelta(days=1), known.opening.zone)),
    )
    return _sessions.booked(coach_id, stretch.widened(known.rules.gap), besides=besides)
