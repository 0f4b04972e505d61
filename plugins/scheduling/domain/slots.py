"""Which slots of a coach are free, and why a wanted time may not be booked."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from plugins.scheduling.domain.opening import OpeningHours, Window, days
from plugins.scheduling.domain.walltime import (
    Interval,
    covers,
    day_of,
    exists,
    merged,
    moment_of,
    wall_clock,
)

MAX_RANGE_DAYS = 62
"""How many dates one look at the free slots may span."""


class Reason(StrEnum):
    """Why a time cannot be booked although it is not taken."""

    WINDOWS = "windows"
    NOTICE = "notice"
    ADVANCE = "advance"
    DAILY_LIMIT = "dailyLimit"
    BUFFER = "buffer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a coach may be booked.

    Attributes:
        slot_minutes: Length of the slots that are offered.
        buffer_before_minutes: Kept free before each session, to prepare it.
        buffer_after_minutes: Kept free after each session, to end it.
        minimum_notice_minutes: How long before its start a session is booked at
            the latest.
        maximum_advance_days: How many dates ahead of today one may book; None for
            any.
        daily_limit: How many sessions a date takes; None for any number.
    """

    slot_minutes: int = 60
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    minimum_notice_minutes: int = 0
    maximum_advance_days: int | None = 365
    daily_limit: int | None = None

    @property
    def gap(self) -> timedelta:
        """What lies between two sessions: the end of one, the start of the next."""
        return timedelta(minutes=self.buffer_before_minutes + self.buffer_after_minutes)

    @property
    def counts_others(self) -> bool:
        """Whether a booking depends on sessions that it does not overlap."""
        return self.daily_limit is not None or bool(self.gap)


def free_slots(
    opening: OpeningHours,
    rules: Rules,
    *,
    first: date,
    last: date,
    booked: Sequence[Interval],
    now: datetime,
) -> list[Interval]:
    """The slots that a client may book, in order of time.

    Slots follow the wall clock from the start of each window. One that would start
    inside a gap of the clock does not exist; one in an hour that is shown twice
    exists once, in the first; a slot that a change of the clock pushed into the one
    before it gives way. A slot lasts ``rules.slot_minutes`` of real time.

    Args:
        opening: When the coach is open.
        rules: How the coach may be booked.
        first: The first date looked at, in the coach's zone.
        last: The last date, included.
        booked: The coach's sessions from before the range to after it.
        now: The present moment.
    """
    blocked = merged(session.widened(rules.gap) for session in booked)
    starts = [interval.starts for interval in blocked]
    counts = Counter(day_of(session.starts, opening.zone) for session in booked)
    found: list[Interval] = []
    for day in days(first, last):
        if _beyond(rules, day, opening, now) or _full(rules, counts[day]):
            continue
        for slot in _slots_of(opening, rules, day):
            at = bisect_right(starts, slot.starts) - 1
            taken = (at >= 0 and blocked[at].overlaps(slot)) or (
                at + 1 < len(blocked) and blocked[at + 1].overlaps(slot)
            )
            if not taken and not _too_soon(rules, slot, now):
                found.append(slot)
    return found


def refusal(
    opening: OpeningHours,
    rules: Rules,
    wanted: Interval,
    *,
    booked: Iterable[Interval],
    now: datetime,
) -> Reason | None:
    """Why a client may not book ``wanted``; None when nothing speaks against it.

    A session that overlaps ``wanted`` is no reason here: the database refuses that.

    Args:
        opening: When the coach is open.
        rules: How the coach may be booked.
        wanted: The time asked for.
        booked: The coach's other sessions of that date and around it.
        now: The present moment.
    """
    day = day_of(wanted.starts, opening.zone)
    others = list(booked)
    same_day = sum(day_of(other.starts, opening.zone) == day for other in others)
    crowded = any(
        other.widened(rules.gap).overlaps(wanted) and not other.overlaps(wanted)
        for other in others
    )
    checks = (
        (Reason.WINDOWS, not covers(opening.open_around(wanted), wanted)),
        (Reason.NOTICE, _too_soon(rules, wanted, now)),
        (Reason.ADVANCE, _beyond(rules, day, opening, now)),
        (Reason.DAILY_LIMIT, _full(rules, same_day)),
        (Reason.BUFFER, crowded),
    )
    return next((reason for reason, speaks in checks if speaks), None)


def _slots_of(opening: OpeningHours, rules: Rules, day: date) -> list[Interval]:
    """All slots of a date, free or not."""
    found: list[Interval] = []
    for window in opening.windows_on(day):
        span = opening.span(day, window)
        for slot in _grid(opening, rules, day, window):
            if span.contains(slot) and (not found or found[-1].ends <= slot.starts):
                found.append(slot)
    return found


def _grid(
    opening: OpeningHours, rules: Rules, day: date, window: Window
) -> Iterable[Interval]:
    """One slot for each step of the wall clock that exists."""
    length = timedelta(minutes=rules.slot_minutes)
    for minute in range(window.starts, window.ends, rules.slot_minutes):
        shown = wall_clock(day, minute)
        if exists(shown, opening.zone):
            starts = moment_of(shown, opening.zone)
            yield Interval(starts, starts + length)


def _too_soon(rules: Rules, wanted: Interval, now: datetime) -> bool:
    return wanted.starts < now + timedelta(minutes=rules.minimum_notice_minutes)


def _beyond(rules: Rules, day: date, opening: OpeningHours, now: datetime) -> bool:
    if rules.maximum_advance_days is None:
        return False
    return (day - day_of(now, opening.zone)).days > rules.maximum_advance_days


def _full(rules: Rules, count: int) -> bool:
    return rules.daily_limit is not None and count >= rules.daily_limit
