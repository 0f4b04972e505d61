"""When a coach is open, and why a wanted time may not be booked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from benchmarks.requests.peers.common.errors import IntervalInvalid

MIN_DURATION: Final = timedelta(minutes=5)
MAX_DURATION: Final = timedelta(hours=8)

Span = tuple[datetime, datetime]
Window = tuple[int, int]
"""Beginning and end in minutes of the day, on the wall clock."""


class Rules(Protocol):
    """How a coach may be booked by clients."""

    buffer_before_minutes: int
    buffer_after_minutes: int
    minimum_notice_minutes: int
    maximum_advance_days: int | None
    daily_limit: int | None


@dataclass(slots=True)
class DefaultRules:
    """The rules of a coach who has set none."""

    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    minimum_notice_minutes: int = 0
    maximum_advance_days: int | None = 365
    daily_limit: int | None = None


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A coach's opening hours, as far as a wanted time needs them."""

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[Window]] = field(default_factory=dict)
    overrides: Mapping[date, Sequence[Window]] = field(default_factory=dict)

    def covers(self, wanted: Span) -> bool:
        """Says whether the coach is open during all of a time."""
        return any(
            starts <= wanted[0] and wanted[1] <= ends
            for starts, ends in _joined(self._open_around(wanted))
        )

    def _open_around(self, wanted: Span) -> list[Span]:
        day, last = (moment.astimezone(self.zone).date() for moment in wanted)
        found: list[Span] = []
        while day <= last:
            windows = self.overrides.get(day, self.weekly.get(day.isoweekday(), ()))
            found += [
                (moment_of(day, starts, self.zone), moment_of(day, ends, self.zone))
                for starts, ends in windows
            ]
            day += timedelta(days=1)
        return found


def moment_of(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """When a clock in ``zone`` shows so many minutes of a date, in UTC."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    return shown.replace(tzinfo=zone).astimezone(UTC)


def checked(starts: datetime, ends: datetime) -> Span:
    """A time of a session, in UTC.

    Raises:
        IntervalInvalid: It is too short or too long.
    """
    if not MIN_DURATION <= ends - starts <= MAX_DURATION:
        raise IntervalInvalid
    return starts.astimezone(UTC), ends.astimezone(UTC)


def gap_of(rules: Rules) -> timedelta:
    """What lies between two sessions."""
    return timedelta(minutes=rules.buffer_before_minutes + rules.buffer_after_minutes)


def counts_others(rules: Rules) -> bool:
    """Whether a booking depends on sessions that it does not overlap."""
    return rules.daily_limit is not None or bool(gap_of(rules))


def around(wanted: Span, opening: OpeningHours, rules: Rules) -> Span:
    """The stretch in which other sessions count."""
    day = wanted[0].astimezone(opening.zone).date()
    gap = gap_of(rules)
    return (
        min(wanted[0], moment_of(day, 0, opening.zone)) - gap,
        max(wanted[1], moment_of(day + timedelta(days=1), 0, opening.zone)) + gap,
    )


def refusal(
    opening: OpeningHours,
    rules: Rules,
    wanted: Span,
    others: Sequence[Span],
    now: datetime,
) -> str | None:
    """Why a client may not book a time; None when nothing speaks against it."""
    starts, ends = wanted
    day = starts.astimezone(opening.zone).date()
    ahead = (day - now.astimezone(opening.zone).date()).days
    on_day = sum(other[0].astimezone(opening.zone).date() == day for other in others)
    gap, limit, most = (
        gap_of(rules),
        rules.daily_limit,
        rules.maximum_advance_days,
    )
    checks = (
        ("windows", not opening.covers(wanted)),
        ("notice", starts < now + timedelta(minutes=rules.minimum_notice_minutes)),
        ("advance", most is not None and ahead > most),
        ("dailyLimit", limit is not None and on_day >= limit),
        (
            "buffer",
            any(
                first - gap < ends
                and starts < last + gap
                and not (first < ends and starts < last)
                for first, last in others
            ),
        ),
    )
    return next((reason for reason, speaks in checks if speaks), None)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span[0] <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], span[1]))
        else:
            joined.append(span)
    return joined
