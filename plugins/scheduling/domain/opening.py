"""When a coach is open: weekly windows, and dates that replace them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from plugins.scheduling.domain.walltime import (
    MINUTES_A_DAY,
    Interval,
    day_of,
    moment_of,
    wall_clock,
)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """An open stretch of one day, on the wall clock.

    Attributes:
        starts: Minutes of the day, from 0.
        ends: Minutes of the day, up to 1440, after ``starts``.
    """

    starts: int
    ends: int

    def __post_init__(self) -> None:
        if not 0 <= self.starts < self.ends <= MINUTES_A_DAY:
            raise ValueError("A window ends after it starts, on the same day.")


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The opening hours of one coach.

    Attributes:
        zone: Whose wall clock the windows are read on.
        weekly: ISO weekday (Monday is 1) → its windows.
        overrides: Date → the windows that replace it; none means closed.
    """

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[Window]] = field(default_factory=dict)
    overrides: Mapping[date, Sequence[Window]] = field(default_factory=dict)

    def windows_on(self, day: date) -> list[Window]:
        """The windows of one date, joined where they touch."""
        replaced = self.overrides.get(day)
        windows = (
            self.weekly.get(day.isoweekday(), ()) if replaced is None else replaced
        )
        return joined(windows)

    def open_on(self, day: date) -> list[Interval]:
        """The moments at which the coach is open on one date.

        A window that lies wholly in a gap of the clock is not there at all.
        """
        spans = [self.span(day, window) for window in self.windows_on(day)]
        return [span for span in spans if span.starts < span.ends]

    def span(self, day: date, window: Window) -> Interval:
        """The moments of one window, each boundary converted by itself."""
        return Interval(
            moment_of(wall_clock(day, window.starts), self.zone),
            moment_of(wall_clock(day, window.ends), self.zone),
        )

    def open_around(self, interval: Interval) -> list[Interval]:
        """The open moments of every date that ``interval`` touches."""
        first = day_of(interval.starts, self.zone)
        last = day_of(interval.ends, self.zone)
        return [span for day in days(first, last) for span in self.open_on(day)]


def days(first: date, last: date) -> list[date]:
    """Every date from ``first`` to ``last``, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def joined(windows: Iterable[Window]) -> list[Window]:
    """Sorts the windows of a day and joins those that touch or overlap."""
    result: list[Window] = []
    for window in sorted(windows):
        if result and window.starts <= result[-1].ends:
            last = result.pop()
            result.append(Window(last.starts, max(last.ends, window.ends)))
        else:
            result.append(window)
    return result


def collide(windows: Iterable[Window]) -> bool:
    """Says whether two windows of one day share time; touching is no sharing."""
    return any(
        second.starts < first.ends for first, second in pairwise(sorted(windows))
    )
