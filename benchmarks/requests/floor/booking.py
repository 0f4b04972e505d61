"""Sessions booked and moved."""

from datetime import datetime, timedelta
from typing import Any, Final

from psycopg.errors import ExclusionViolation

from benchmarks.requests.floor import database
from benchmarks.requests.floor.errors import (
    Refused,
    conflict,
    not_found,
    not_the_floors,
    unreadable,
)
from benchmarks.requests.floor.gate import require_client
from benchmarks.requests.floor.ids import new_id
from benchmarks.requests.floor.opening import (
    MAX_DURATION,
    Span,
    booked,
    in_past,
    lock,
    refuse_time,
)
from benchmarks.requests.floor.records import audit, emit, plan_reminders, sealed
from benchmarks.requests.floor.sessions import COLUMNS, answer_with, require_reach
from benchmarks.requests.floor.wire import (
    Answer,
    Request,
    flag,
    line,
    moment,
    read_body,
    text,
    uuid,
)
from core.clock import utc_now

_MIN_DURATION: Final = timedelta(minutes=5)
_MAX_VERSION: Final = 18

_BOOKING: Final = {
    "clientId": uuid,
    "coachId": uuid,
    "startsAt": moment,
    "endsAt": moment,
    "location": line(200, nullable=True),
    "notes": text(4000, nullable=True),
    "ignoreAvailability": flag,
}
_REQUIRED: Final = ("clientId", "coachId", "startsAt", "endsAt")
_CHANGES: Final = {
    "startsAt": moment,
    "endsAt": moment,
    "ignoreAvailability": flag,
}

_PAIR = (
    "SELECT (SELECT id FROM members_clients WHERE tenant_id = %s AND id = %s),"
    " (SELECT id FROM members_coaches WHERE tenant_id = %s AND id = %s)"
)
_INSERT = (
    f"INSERT INTO scheduling_sessions ({COLUMNS}, tenant_id)"  # noqa: S608 — ours
    f" VALUES ({', '.join(['%s'] * 12)}) ON CONFLICT DO NOTHING"
)
_FIND = f"SELECT {COLUMNS} FROM scheduling_sessions WHERE tenant_id = %s AND id = %s"  # noqa: S608 — ours
_MOVE = (
    f"WITH stood AS ({_FIND} FOR UPDATE)"  # noqa: S608 — ours
    " UPDATE scheduling_sessions AS kept SET starts_at = %s, ends_at = %s,"
    " updated_at = %s, version = kept.version + 1 FROM stood"
    " WHERE kept.tenant_id = %s AND kept.id = stood.id"
    " RETURNING kept.version, stood.starts_at, stood.ends_at"
)


def book_session(request: Request) -> Answer:
    """Books a session, unless coach or client has one at that time."""
    body = read_body(request, _BOOKING, _REQUIRED)
    tenant = request.tenant
    client_id, coach_id = body["clientId"], body["coachId"]
    span = _interval(body["startsAt"], body["endsAt"])
    [(client, coach)] = database.rows(_PAIR, (tenant, client_id, tenant, coach_id))
    if coach is None:
        raise Refused(404, "SESS_COACH_UNKNOWN", "There is no such coach.")
    if client is None:
        raise Refused(404, "SESS_CLIENT_UNKNOWN", "There is no such client.")
    require_client(request, client_id)
    override = body.get("ignoreAvailability", False)
    refuse_time(request, coach_id, span, override=override)
    now = utc_now()
    session_id = new_id()
    fresh = (
        session_id,
        client_id,
        coach_id,
        *span,
        "scheduled",
        body.get("location"),
        body.get("notes"),
        1,
        now,
        now,
    )
    if not database.run(_INSERT, (*fresh, tenant)):
        raise _overlap(tenant, coach_id, span)
    _audit_booking(request, fresh)
    if request.gym.scheduling.get("requireEntitlement"):
        raise not_the_floors("bookings that a pass must pay for")
    plan_reminders(request, session_id, span[0])
    emit(request, "scheduling.session.booked")
    return answer_with(request, fresh, 201)


def move_session(request: Request) -> Answer:
    """Moves a session to other times."""
    body = read_body(request, _CHANGES)
    expected = _read_if_match(request)
    place = (request.tenant, request.identifier)
    seen = _find(request, _FIND, place)
    lock(request.tenant, seen[2], seen[1])
    found = _find(request, f"{_FIND} FOR UPDATE", place)
    version, before = found[8], (found[3], found[4])
    if expected is not None and version != expected:
        raise Refused(
            412,
            "PRECONDITION_FAILED",
            "Somebody changed this in the meantime; fetch it again.",
            details={"currentVersion": version},
        )
    starts, ends = body.get("startsAt"), body.get("endsAt")
    span = _interval(starts or before[0], ends or before[1])
    if span == before:
        return answer_with(request, found)
    _refuse_move(request, found, span, override=body.get("ignoreAvailability", False))
    now = utc_now()
    try:
        moved = database.changed(_MOVE, (*place, *span, now, request.tenant))
    except ExclusionViolation as error:
        coach = error.diag.constraint_name == "scheduling_sessions_coach_free"
        raise _taken("coach" if coach else "client") from error
    if moved is None:
        raise conflict("Somebody changed this in the meantime; try again.")
    version, *stood = moved
    _audit_move(request, (stood[0], stood[1]), span)
    plan_reminders(request, found[0], span[0])
    emit(request, "scheduling.session.moved")
    fresh = (*found[:3], *span, *found[5:8], version, found[9], now)
    return answer_with(request, fresh)


def _find(request: Request, statement: str, place: tuple[str, str]) -> database.Row:
    found = database.row(statement, place)
    if found is None:
        raise not_found("There is no such session.")
    require_reach(request, coach_id=found[2], client_id=found[1])
    return found


def _refuse_move(
    request: Request, found: database.Row, span: Span, *, override: bool
) -> None:
    if found[5] != "scheduled":
        raise Refused(
            409, "SESS_ILLEGAL_TRANSITION", "Only a scheduled session can be moved."
        )
    manages = "scheduling.sessions.manage" in request.caller().permissions
    if found[3] <= utc_now() and not manages:
        raise in_past("This session has begun already.")
    refuse_time(request, found[2], span, override=override, besides=found[0])


def _interval(starts: datetime, ends: datetime) -> Span:
    if not _MIN_DURATION <= ends - starts <= MAX_DURATION:
        message = "A session lasts from 5 minutes to 8 hours."
        raise Refused(422, "SESS_INTERVAL_INVALID", message)
    return starts, ends


def _overlap(tenant: str, coach_id: str, span: Span) -> Refused:
    others = booked((tenant, coach_id), *span)
    taken = any(one[0] < span[1] and span[0] < one[1] for one in others)
    return _taken("coach" if taken else "client")


def _taken(who: str) -> Refused:
    message = "There is another session at this time."
    return Refused(409, "SESS_OVERLAP", message, details={"who": who})


def _audit_booking(request: Request, fresh: tuple[Any, ...]) -> None:
    entry_id, notes = new_id(), fresh[7]
    person = fresh[1] if notes else None
    audit(
        request,
        "scheduling.session.create",
        "scheduling.session",
        fresh[0],
        after={
            "client_id": fresh[1],
            "coach_id": fresh[2],
            "starts_at": fresh[3],
            "ends_at": fresh[4],
            "status": fresh[5],
            "location": fresh[6],
            "notes": (
                sealed(request, fresh[1], entry_id, "notes", notes) if notes else notes
            ),
            "version": fresh[8],
            "created_at": fresh[9],
            "updated_at": fresh[10],
        },
        person=person,
        entry_id=entry_id,
    )


def _audit_move(request: Request, before: Span, after: Span) -> None:
    names = ("starts_at", "ends_at")
    changed = [at for at in (0, 1) if before[at] != after[at]]
    audit(
        request,
        "scheduling.session.update",
        "scheduling.session",
        request.identifier,
        before={names[at]: before[at] for at in changed},
        after={names[at]: after[at] for at in changed},
    )


def _read_if_match(request: Request) -> int | None:
    """The version that the caller expects; None when any will do."""
    header = request.environ.get("HTTP_IF_MATCH")
    if header is None or header.strip() == "*":
        return None
    tag = header.strip()
    digits = tag[1:-1]
    quoted = tag.startswith('"') and tag.endswith('"')
    if not (quoted and digits.isdecimal() and len(digits) <= _MAX_VERSION):
        raise unreadable('If-Match takes one ETag as it was given, like "3".')
    return int(digits)
