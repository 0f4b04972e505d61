"""Routes of scheduling."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.sdk.base import Page, Unprocessable, ValidationFailed
from core.sdk.http import Blueprint, RuleBroken
from plugins.scheduling import errors, permissions, schemas
from plugins.scheduling.domain.slots import Rules
from plugins.scheduling.domain.walltime import Interval
from plugins.scheduling.models import DateOverride, TrainingSession
from plugins.scheduling.service import availability, sessions

hours = Blueprint(
    "scheduling_availability",
    prefix="/scheduling",
    tag="Sessions & Calendar",
    owner="scheduling",
)
booking = Blueprint(
    "scheduling_sessions",
    prefix="/scheduling/sessions",
    tag="Sessions & Calendar",
    owner="scheduling",
)

_DATE = {
    "in": "path",
    "name": "date",
    "schema": {"type": "string", "format": "date"},
    "example": "2026-12-24",
}
_COACH = "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6b11"
_CLIENT = "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6b12"
_WINDOW = {"weekday": 1, "starts": "09:00", "ends": "17:00"}
_RULES = {
    "slotMinutes": 60,
    "bufferBeforeMinutes": 0,
    "bufferAfterMinutes": 15,
    "minimumNoticeMinutes": 120,
    "maximumAdvanceDays": 60,
    "dailyLimit": 8,
}
_DOCUMENT = {
    "coachId": _COACH,
    "timezone": "Europe/Berlin",
    "windows": [_WINDOW],
    "rules": _RULES,
    "version": 3,
}
_OVERRIDE = {
    "coachId": _COACH,
    "date": "2026-12-24",
    "closed": False,
    "windows": [{"starts": "09:00", "ends": "12:00"}],
    "version": 1,
}
_BOOKING = {
    "clientId": _CLIENT,
    "coachId": _COACH,
    "startsAt": "2026-12-01T09:00:00Z",
    "endsAt": "2026-12-01T10:00:00Z",
}
_SESSION = {
    "id": "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6b13",
    **_BOOKING,
    "status": "scheduled",
    "location": "Studio 1",
    "notes": None,
    "version": 1,
    "createdAt": "2026-11-20T16:04:05Z",
    "updatedAt": "2026-11-20T16:04:05Z",
}


@hours.get(
    "/coaches/<uuid:coach_id>/availability",
    summary="Read a coach's weekly windows and booking rules",
    permission=permissions.AVAILABILITY_READ,
    returns=schemas.AvailabilitySchema,
    errors=[errors.CoachUnknown],
    versioned=True,
    example=_DOCUMENT,
)
def read_availability(coach_id: UUID) -> dict[str, Any]:
    return _document(availability.read(coach_id=coach_id))


@hours.put(
    "/coaches/<uuid:coach_id>/availability",
    summary="Replace a coach's weekly windows and booking rules",
    permission=permissions.AVAILABILITY_MANAGE,
    body=schemas.AvailabilityBody,
    returns=schemas.AvailabilitySchema,
    errors=[errors.CoachUnknown, errors.WindowsOverlap, Unprocessable],
    versioned=True,
    request_example={"windows": [_WINDOW], "rules": _RULES},
    example=_DOCUMENT,
)
def replace_availability(
    coach_id: UUID, body: dict[str, Any], if_match: int | None
) -> dict[str, Any]:
    """Sessions that are booked already stay where they are."""
    return _document(
        availability.replace(
            coach_id=coach_id,
            timezone=body["timezone"],
            weekly=schemas.week_of(body["windows"]),
            rules=Rules(**body["rules"]),
            expected_version=if_match,
        )
    )


@hours.get(
    "/coaches/<uuid:coach_id>/overrides",
    summary="List the dates on which a coach departs from the week",
    permission=permissions.AVAILABILITY_READ,
    query=schemas.OverridesQuery,
    returns=schemas.OverrideSchema,
    errors=[errors.CoachUnknown],
    paged=True,
    example=[_OVERRIDE],
)
def list_overrides(coach_id: UUID, query: dict[str, Any]) -> Page:
    return availability.list_overrides(coach_id=coach_id, **query)


@hours.put(
    "/coaches/<uuid:coach_id>/overrides/<date>",
    summary="Set the windows of one date, or close it",
    permission=permissions.AVAILABILITY_MANAGE,
    body=schemas.OverrideBody,
    returns=schemas.OverrideSchema,
    errors=[errors.CoachUnknown, errors.WindowsOverlap, Unprocessable],
    versioned=True,
    parameters=[_DATE],
    request_example={"windows": []},
    example=_OVERRIDE,
)
def set_override(
    coach_id: UUID, date: str, body: dict[str, Any], if_match: int | None
) -> DateOverride:
    return availability.set_override(
        coach_id=coach_id,
        day=_read_day(date),
        windows=schemas.windows_of(body["windows"]),
        expected_version=if_match,
    )


@hours.delete(
    "/coaches/<uuid:coach_id>/overrides/<date>",
    summary="Let the weekly windows hold again on one date",
    permission=permissions.AVAILABILITY_MANAGE,
    errors=[errors.CoachUnknown, Unprocessable],
    parameters=[_DATE],
    status=204,
)
def clear_override(coach_id: UUID, date: str) -> None:
    availability.clear_override(coach_id=coach_id, day=_read_day(date))


@hours.get(
    "/availability",
    summary="List a coach's free slots",
    permission=permissions.AVAILABILITY_READ,
    query=schemas.SlotsQuery,
    returns=schemas.SlotSchema,
    errors=[errors.CoachUnknown, Unprocessable],
    many=True,
    example=[{"startsAt": _BOOKING["startsAt"], "endsAt": _BOOKING["endsAt"]}],
)
def find_slots(query: dict[str, Any]) -> Sequence[Interval]:
    """What a client may book, by the coach's hours, rules and other sessions."""
    return availability.find_slots(**query)


@hours.post(
    "/availability",
    summary="Add one weekly window to a coach's opening hours",
    permission=permissions.AVAILABILITY_MANAGE,
    body=schemas.NewWindowSchema,
    returns=schemas.NewWindowSchema,
    errors=[errors.CoachUnknown, errors.WindowsOverlap, Unprocessable],
    status=201,
    request_example={"coachId": _COACH, **_WINDOW},
    example={"coachId": _COACH, **_WINDOW},
)
def add_window(body: dict[str, Any]) -> dict[str, Any]:
    availability.add_window(
        coach_id=body["coach_id"],
        weekday=body["weekday"],
        window=schemas.windows_of([body])[0],
    )
    return body


@booking.post(
    summary="Book a session",
    permission=permissions.SESSIONS_CREATE,
    body=schemas.NewSessionSchema,
    returns=schemas.SessionSchema,
    errors=[
        errors.CoachUnknown,
        errors.ClientUnknown,
        errors.IntervalInvalid,
        errors.InPast,
        errors.OutsideAvailability,
        errors.Overlap,
        errors.NoEntitlement,
        Unprocessable,
    ],
    status=201,
    request_example=_BOOKING,
    example=_SESSION,
)
def book_session(body: dict[str, Any]) -> TrainingSession:
    """Clients book for themselves, coaches for their clients, the team for anybody.

    Clients are held to notice, advance, daily limit and buffers; everybody to the
    coach's opening hours.
    """
    return sessions.book(sessions.NewSession(**body))


@booking.get(
    summary="List sessions",
    permission=permissions.SESSIONS_READ,
    query=schemas.SessionsQuery,
    returns=schemas.SessionSchema,
    errors=[Unprocessable],
    paged=True,
    example=[_SESSION],
)
def list_sessions(query: dict[str, Any]) -> Page:
    """Narrowed to one's own sessions, one's clients' or all, by role."""
    return sessions.find(**query)


@booking.get(
    "/<uuid:session_id>",
    summary="Read a session",
    permission=permissions.SESSIONS_READ,
    returns=schemas.SessionSchema,
    versioned=True,
    example=_SESSION,
)
def read_session(session_id: UUID) -> Any:
    return sessions.get(session_id=session_id)


@booking.patch(
    "/<uuid:session_id>",
    summary="Move, annotate, cancel or settle a session",
    permission=permissions.SESSIONS_UPDATE,
    body=schemas.SessionChanges,
    returns=schemas.SessionSchema,
    errors=[
        errors.TransitionIllegal,
        errors.IntervalInvalid,
        errors.InPast,
        errors.OutsideAvailability,
        errors.Overlap,
        Unprocessable,
    ],
    versioned=True,
    request_example={"status": "completed"},
    example={**_SESSION, "status": "completed", "version": 2},
)
def change_session(
    session_id: UUID, body: dict[str, Any], if_match: int | None
) -> TrainingSession:
    """``completed`` and ``no_show`` take ``scheduling.sessions.manage``."""
    return sessions.change(
        session_id=session_id, changes=body, expected_version=if_match
    )


def _read_day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
        schemas.in_calendar(day)
    except RuleBroken as error:
        raise Unprocessable(details={"path": {"date": error.messages}}) from error
    except ValueError as error:
        raise _no_date() from error
    if day.isoformat() != text:
        raise _no_date()
    return day


def _no_date() -> ValidationFailed:
    return ValidationFailed(details={"path": {"date": ["Not a valid date."]}})


def _document(found: availability.AvailabilityDocument) -> dict[str, Any]:
    return {
        "coach_id": found.coach_id,
        "timezone": found.timezone,
        "windows": [
            {"weekday": weekday, "starts": window.starts, "ends": window.ends}
            for weekday, windows in sorted(found.weekly.items())
            for window in windows
        ],
        "rules": found.rules,
        "version": found.version,
    }
