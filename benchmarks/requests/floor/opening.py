"""Whether a coach may be booked at a time: opening hours and booking rules."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from benchmarks.requests.floor import database
from benchmarks.requests.floor.errors import Refused, forbidden
from benchmarks.requests.floor.wire import Request
from core.clock import utc_now
from plugins.scheduling.domain.walltime import moment_of as moment_in_gap

MAX_DURATION: Final = timedelta(hours=8)
_MIDNIGHT: Final = time()
_DAY: Final = timedelta(days=1)

_OF_COACH = "WHERE tenant_id = %(tenant)s AND coach_id = %(coach)s"
_HOURS = (
    "SELECT (SELECT jsonb_build_array(timezone, buffer_before_minutes,"  # noqa: S608 — ours
    " buffer_after_minutes, minimum_notice_minutes, maximum_advance_days,"
    f" daily_limit) FROM scheduling_rules {_OF_COACH}),"
    " (SELECT jsonb_agg(jsonb_build_array(weekday, starts_minute, ends_minute)"
    f" ORDER BY weekday, starts_minute) FROM scheduling_windows {_OF_COACH}),"
    " (SELECT jsonb_agg(jsonb_build_array(day, windows)) FROM scheduling_overrides"
    f" {_OF_COACH} AND day BETWEEN %(first)s AND %(last)s)"
)
_BOOKED = (
    "SELECT starts_at, ends_at, id FROM scheduling_sessions"
    " WHERE tenant_id = %s AND coach_id = %s AND status <> 'canceled'"
    " AND starts_at > %s AND starts_at < %s"
)
_LOCK = "SELECT pg_advisory_xact_lock(%s)"

Span = tuple[datetime, datetime]
Window = tuple[int, int]


class Rules(NamedTuple):
    """How a coach may be booked; ``gap`` lies between two sessions."""

    gap: timedelta
    notice: timedelta
    advance_days: int | None
    daily_limit: int | None


_DEFAULT: Final = Rules(timedelta(), timedelta(), 365, None)


def refuse_time(
    request: Request,
    coach_id: str,
    wanted: Span,
    *,
    override: bool,
    besides: str | None = None,
) -> None:
    """Holds a time to what the actor may book of this coach."""
    permissions = request.caller().permissions
    manages = "scheduling.sessions.manage" in permissions
    now = utc_now()
    if not manages and wanted[0] < now:
        raise in_past("This time has passed already.")
    if override:
        if "scheduling.sessions.override" not in permissions:
            raise forbidden(details={"permission": "scheduling.sessions.override"})
        return
    place = (request.tenant, coach_id)
    stored, weekly, overrides = _hours(place, wanted)
    zone, rules = _rules(request, stored)
    first = wanted[0].astimezone(zone).date()
    last = wanted[1].astimezone(zone).date()
    if not _is_open(wanted, (first, last), zone, weekly, overrides):
        raise _outside("windows")
    if not manages:
        others = _others(place, wanted, first, zone, rules, besides)
        _refuse_by_rules(wanted, first, zone, rules, others, now)


def booked(place: tuple[str, str], since: datetime, until: datetime) -> list[Any]:
    """The coach's sessions that are not canceled and touch a stretch."""
    return database.rows(_BOOKED, (*place, since - MAX_DURATION, until))


def lock(tenant: str, *ids: str) -> None:
    """Takes coaches and clients for this transaction, in a fixed order."""
    gym = UUID(tenant).bytes
    for number in sorted({_number(gym + UUID(one).bytes) for one in ids}):
        database.row(_LOCK, (number,))


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a date."""
    return _moment(day, 0, zone)


def in_past(message: str) -> Refused:
    return Refused(422, "SESS_IN_PAST", message)


def _number(raw: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"id:" + raw).digest()[:8], signed=True)


def _hours(
    place: tuple[str, str], wanted: Span
) -> tuple[Sequence[Any] | None, dict[int, list[Window]], dict[date, Any]]:
    """A coach's rules as they are stored, weekly windows, and overrides by date."""
    # The zone is not known yet; in any, these are the dates or the ones beside them.
    values = {
        "tenant": place[0],
        "coach": place[1],
        "first": wanted[0].date() - _DAY,
        "last": wanted[1].date() + _DAY,
    }
    [(stored, weekly, overrides)] = database.rows(_HOURS, values)
    replaced = {date.fromisoformat(day): windows for day, windows in overrides or ()}
    return stored, _by_day(weekly or ()), replaced


def _rules(request: Request, stored: Sequence[Any] | None) -> tuple[ZoneInfo, Rules]:
    if stored is None:
        return request.gym.zone, _DEFAULT
    zone, before, after, notice, advance, limit = stored
    gap = timedelta(minutes=before + after)
    return ZoneInfo(zone), Rules(gap, timedelta(minutes=notice), advance, limit)


def _by_day(weekly: Iterable[Sequence[int]]) -> dict[int, list[Window]]:
    found: dict[int, list[Window]] = {}
    for weekday, starts, ends in weekly:
        found.setdefault(weekday, []).append((starts, ends))
    return found


def _is_open(
    wanted: Span,
    days: tuple[date, date],
    zone: ZoneInfo,
    weekly: Mapping[int, list[Window]],
    overrides: Mapping[date, Any],
) -> bool:
    """Says whether all of a time lies in the open moments of the dates it touches."""
    spans: list[Span] = []
    day, last = days
    while day <= last:
        replaced = overrides.get(day)
        windows = (
            weekly.get(day.isoweekday(), ())
            if replaced is None
            else [(one["starts"], one["ends"]) for one in replaced]
        )
        spans += [
            (_moment(day, starts, zone), _moment(day, ends, zone))
            for starts, ends in windows
        ]
        day += timedelta(days=1)
    return _covers(sorted(spans), wanted)


def _covers(spans: Sequence[Span], wanted: Span) -> bool:
    """Says whether sorted spans, joined where they touch, hold all of a time."""
    joined: Span | None = None
    for starts, ends in spans:
        if starts >= ends:
            continue  # it lies wholly in a gap of the clock
        if joined is not None and starts <= joined[1]:
            joined = (joined[0], max(joined[1], ends))
        else:
            joined = (starts, ends)
        if joined[0] <= wanted[0] and wanted[1] <= joined[1]:
            return True
    return False


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """When a clock in ``zone`` first shows a minute of a day."""
    shown = datetime.combine(day, _MIDNIGHT) + timedelta(minutes=minute)
    found = shown.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == shown:
        return found
    return moment_in_gap(shown, zone)


def _others(
    place: tuple[str, str],
    wanted: Span,
    day: date,
    zone: ZoneInfo,
    rules: Rules,
    besides: str | None,
) -> list[Any]:
    """The coach's sessions that the rules count; none where they count none."""
    if rules.daily_limit is None and not rules.gap:
        return []
    lock(*place)
    since = min(wanted[0], day_begins(day, zone)) - rules.gap
    until = max(wanted[1], day_begins(day + timedelta(days=1), zone)) + rules.gap
    return [one for one in booked(place, since, until) if one[2] != besides]


def _refuse_by_rules(
    wanted: Span,
    day: date,
    zone: ZoneInfo,
    rules: Rules,
    others: Iterable[Any],
    now: datetime,
) -> None:
    starts, ends = wanted
    if starts < now + rules.notice:
        raise _outside("notice")
    if rules.advance_days is not None:
        ahead = (day - now.astimezone(zone).date()).days
        if ahead > rules.advance_days:
            raise _outside("advance")
    on_day, crowded = 0, False
    for other_starts, other_ends, _id in others:
        on_day += other_starts.astimezone(zone).date() == day
        near = other_starts - rules.gap < ends and starts < other_ends + rules.gap
        crowded |= near and not (other_starts < ends and starts < other_ends)
    if rules.daily_limit is not None and on_day >= rules.daily_limit:
        raise _outside("dailyLimit")
    if crowded:
        raise _outside("buffer")


def _outside(reason: str) -> Refused:
    return Refused(
        422,
        "SESS_OUTSIDE_AVAILABILITY",
        "The coach cannot be booked at this time.",
        details={"reason": reason},
    )
