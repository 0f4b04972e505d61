"""When coaches are open, and which slots that leaves free."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core.sdk.base import Page, SortKey, current, require_version, utc_now
from plugins.scheduling.domain.opening import OpeningHours, Window, collide
from plugins.scheduling.domain.slots import Rules, free_slots
from plugins.scheduling.domain.walltime import Interval, day_begins
from plugins.scheduling.errors import OverrideMissing, WindowsOverlap
from plugins.scheduling.models import AvailabilityRules, DateOverride
from plugins.scheduling.repository import (
    Hours,
    HoursRepository,
    OverrideRepository,
    RulesRepository,
    SessionRepository,
    WindowRepository,
)
from plugins.scheduling.service.people import require_coach, require_own_calendar

_hours = HoursRepository()
_rules = RulesRepository()
_windows = WindowRepository()
_overrides = OverrideRepository()
_sessions = SessionRepository()

_DAY = timedelta(days=1)

UNSET_VERSION = 0
"""The version of an availability that nobody has set."""

FRESH_VERSION = 1
"""The version of one that was just made with the defaults, which means the same."""


@dataclass(frozen=True, slots=True)
class Availability:
    """A coach's opening hours and booking rules."""

    opening: OpeningHours
    rules: Rules


@dataclass(frozen=True, slots=True)
class AvailabilityDocument:
    """A coach's weekly windows and rules, as one thing to read and replace."""

    coach_id: UUID
    timezone: str
    weekly: Mapping[int, Sequence[Window]]
    rules: Rules
    version: int


def read(*, coach_id: UUID) -> AvailabilityDocument:
    """Returns a coach's weekly windows and rules; the defaults when none are set.

    Raises:
        CoachUnknown: There is no such coach.
    """
    require_coach(coach_id)
    return _document(coach_id)


def replace(
    *,
    coach_id: UUID,
    timezone: str | None,
    weekly: Mapping[int, Sequence[Window]],
    rules: Rules,
    expected_version: int | None,
) -> AvailabilityDocument:
    """Replaces a coach's weekly windows and rules.

    Sessions that were booked under the old ones stay.

    Args:
        coach_id: Whose.
        timezone: IANA name of the zone of the windows; the gym's when None.
        weekly: ISO weekday → windows.
        rules: How the coach may be booked.
        expected_version: The version that the caller saw; None for any.

    Raises:
        CoachUnknown: There is no such coach.
        Forbidden: It is another coach.
        WindowsOverlap: Two windows of a day share time.
        PreconditionFailed: The version is another one by now.
    """
    require_own_calendar(coach_id)
    _refuse_overlaps(weekly)
    row = _locked(coach_id, expected_version)
    _windows.replace(coach_id, weekly)
    zone = timezone or current().require_gym().timezone
    _rules.touch(row, {"timezone": zone, **asdict(rules)})
    return _document(coach_id)


def add_window(*, coach_id: UUID, weekday: int, window: Window) -> None:
    """Opens one more stretch of every week.

    Raises:
        CoachUnknown: There is no such coach.
        Forbidden: It is another coach.
        WindowsOverlap: The coach is open during a part of it already.
    """
    require_own_calendar(coach_id)
    row = _locked(coach_id, None)
    present = _windows.of_coach(coach_id).get(weekday, [])
    _refuse_overlaps({weekday: [*present, window]})
    _windows.insert(coach_id, weekday, [window])
    _rules.touch(row)


def list_overrides(
    *, coach_id: UUID, page: int, limit: int, sort: Sequence[SortKey]
) -> Page:
    """Returns the dates on which a coach departs from the week.

    Raises:
        CoachUnknown: There is no such coach.
    """
    require_coach(coach_id)
    return _overrides.listed(coach_id, page=page, limit=limit, sort=sort)


def set_override(
    *,
    coach_id: UUID,
    day: date,
    windows: Sequence[Window],
    expected_version: int | None,
) -> DateOverride:
    """Sets what holds on one date instead of the week; no window means closed.

    Raises:
        CoachUnknown: There is no such coach.
        Forbidden: It is another coach.
        WindowsOverlap: Two of the windows share time.
        PreconditionFailed: The date's version is another one by now.
    """
    require_own_calendar(coach_id)
    _refuse_overlaps({day.isoweekday(): windows})
    _rules.locked(coach_id, zone=current().require_gym().zone)
    present = _overrides.of_day(coach_id, day)
    require_version(present.version if present else UNSET_VERSION, expected_version)
    return _overrides.put(coach_id, day, windows)


def clear_override(*, coach_id: UUID, day: date) -> None:
    """Lets the week hold again on one date.

    Raises:
        CoachUnknown: There is no such coach.
        Forbidden: It is another coach.
        OverrideMissing: Nothing is set for that date.
    """
    require_own_calendar(coach_id)
    row = _overrides.of_day(coach_id, day)
    if row is None:
        raise OverrideMissing
    _overrides.remove(row)


def find_slots(*, coach_id: UUID, first: date, last: date) -> list[Interval]:
    """Returns the slots a client may book, from ``first`` to ``last``, both included.

    Raises:
        CoachUnknown: There is no such coach.
    """
    require_coach(coach_id)
    known = _availability(_hours.of_coach(coach_id, first, last))
    zone = known.opening.zone
    stretch = Interval(
        day_begins(first, zone), day_begins(last + timedelta(days=1), zone)
    )
    return free_slots(
        known.opening,
        known.rules,
        first=first,
        last=last,
        booked=_sessions.booked(coach_id, stretch.widened(known.rules.gap)),
        now=utc_now(),
    )


def availability_around(coach_id: UUID, interval: Interval) -> Availability:
    """Returns what decides whether a coach may be booked during ``interval``."""
    # The zone is not known yet; in any, these are the dates or the ones beside them.
    first, last = interval.starts.date() - _DAY, interval.ends.date() + _DAY
    return _availability(_hours.of_coach(coach_id, first, last))


def _availability(stored: Hours) -> Availability:
    zone = _zone(stored.timezone)
    opening = OpeningHours(zone, stored.weekly, stored.overrides)
    return Availability(opening, stored.rules)


def _document(coach_id: UUID) -> AvailabilityDocument:
    row = _rules.of_coach(coach_id)
    return AvailabilityDocument(
        coach_id=coach_id,
        timezone=_zone(None if row is None else row.timezone).key,
        weekly=_windows.of_coach(coach_id),
        rules=Rules() if row is None else row.rules,
        version=UNSET_VERSION if row is None else row.version,
    )


def _locked(coach_id: UUID, expected_version: int | None) -> AvailabilityRules:
    """The head of a coach's availability, held for change, at the version asked for."""
    row = _rules.locked(coach_id, zone=current().require_gym().zone)
    if expected_version == UNSET_VERSION:
        expected_version = FRESH_VERSION
    require_version(row.version, expected_version)
    return row


def _zone(timezone: str | None) -> ZoneInfo:
    return current().require_gym().zone if timezone is None else ZoneInfo(timezone)


def _refuse_overlaps(weekly: Mapping[int, Sequence[Window]]) -> None:
    for weekday, windows in weekly.items():
        if collide(windows):
            raise WindowsOverlap(details={"weekday": weekday})
