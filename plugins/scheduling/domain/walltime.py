"""Wall time and moments: what a clock on the gym's wall shows, and when that is.

Opening hours are wall time: a coach who opens at nine does so in summer and winter.
Each boundary is turned into a moment by itself; hours are never added to midnight,
because a day on which the clocks change has 23 or 25 of them, or half an hour more or
less.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A stretch of time from ``starts`` until just before ``ends``, both in UTC."""

    starts: datetime
    ends: datetime

    def overlaps(self, other: "Interval") -> bool:
        """Says whether the two have a moment in common."""
        return self.starts < other.ends and other.starts < self.ends

    def contains(self, other: "Interval") -> bool:
        """Says whether all of ``other`` lies inside."""
        return self.starts <= other.starts and other.ends <= self.ends

    def widened(self, by: timedelta) -> "Interval":
        """The interval with ``by`` added at both ends."""
        return Interval(self.starts - by, self.ends + by)


def parse_wall_time(text: str) -> int:
    """Reads ``HH:MM`` as minutes of the day; ``24:00`` is the end of the day.

    Raises:
        ValueError: It is not such a time.
    """
    hours, colon, minutes = text.partition(":")
    digits = hours + minutes
    if len(hours) != 2 or len(minutes) != 2 or not colon:  # noqa: PLR2004 — HH, MM
        raise ValueError("Write the time as HH:MM.")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("Write the time as HH:MM.")
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > MINUTES_A_DAY:  # noqa: PLR2004 — of an hour
        raise ValueError("The time runs from 00:00 to 24:00.")
    return minute


def format_wall_time(minute: int) -> str:
    """Writes minutes of the day as ``HH:MM``."""
    return f"{minute // 60:02}:{minute % 60:02}"


def wall_clock(day: date, minute: int) -> datetime:
    """What the wall clock shows ``minute`` minutes into the dial of ``day``; naive."""
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def exists(shown: datetime, zone: ZoneInfo) -> bool:
    """Says whether a clock in ``zone`` ever shows this; false inside a gap."""
    return _shows(shown.replace(tzinfo=zone).astimezone(UTC), shown, zone)


def moment_of(shown: datetime, zone: ZoneInfo) -> datetime:
    """When a clock in ``zone`` first shows ``shown``, in UTC.

    A time that is shown twice, as clocks go back, means the first (``fold=0``). A time
    that is never shown means the moment at which the clocks jump over it.
    """
    first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _shows(first, shown, zone):
        return first
    return _jump(shown.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _shows(moment: datetime, shown: datetime, zone: ZoneInfo) -> bool:
    """Says whether a clock in ``zone`` shows this at that moment."""
    return moment.astimezone(zone).replace(tzinfo=None) == shown


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The change of offset between two moments, found by halving."""
    old = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        shifted = (before + timedelta(seconds=middle)).astimezone(zone).utcoffset()
        low, high = (middle, high) if shifted == old else (low, middle)
    return before + timedelta(seconds=high)


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of ``day`` in ``zone``, which need not be midnight."""
    return moment_of(wall_clock(day, 0), zone)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The date that a calendar in ``zone`` shows at ``moment``."""
    return moment.astimezone(zone).date()


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorts intervals and joins those that touch or overlap."""
    joined: list[Interval] = []
    for interval in sorted(intervals):
        if joined and interval.starts <= joined[-1].ends:
            last = joined.pop()
            interval = Interval(last.starts, max(last.ends, interval.ends))  # noqa: PLW2901
        joined.append(interval)
    return joined


def covers(intervals: Iterable[Interval], wanted: Interval) -> bool:
    """Says whether all of ``wanted`` lies inside the intervals taken together."""
    return any(interval.contains(wanted) for interval in merged(intervals))
