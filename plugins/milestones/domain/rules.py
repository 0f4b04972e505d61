"""When a milestone is reached: a rule, held against what was counted."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MAX_AMOUNT = 1_000_000
"""What one thing counts at most, and the highest threshold."""

MAX_REACHED = 1000
"""How often one client reaches one milestone at most."""

_WEEK = timedelta(days=7)


class RuleKind(StrEnum):
    """How a rule counts.

    ``COUNT``: the sum of what was counted. ``STREAK``: weeks in a row, from Monday in
    the gym's zone, in each of which something was counted.
    """

    COUNT = "count"
    STREAK = "streak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a milestone is reached.

    Attributes:
        counter: Name of what is counted.
        threshold: The sum, or the weeks in a row, that it takes.
        repeat_every: How much more it takes each further time; None for once.
        window_days: Only what lies within so many dates is added up; None for all.
        counts_from: The first date that counts, in the gym's zone.
        counts_until: The last one.
    """

    counter: str
    threshold: int
    kind: RuleKind = RuleKind.COUNT
    repeat_every: int | None = None
    window_days: int | None = None
    counts_from: date | None = None
    counts_until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether what happened on a date counts."""
        begun = self.counts_from is None or day >= self.counts_from
        return begun and (self.counts_until is None or day <= self.counts_until)

    def flaw(self) -> str | None:
        """What contradicts itself in the rule, as a sentence; None if nothing does."""
        if self.kind is RuleKind.STREAK and self.window_days is not None:
            return "A streak has no windowDays: it is broken by a week without."
        if (
            self.counts_from is not None
            and self.counts_until is not None
            and self.counts_until < self.counts_from
        ):
            return "countsUntil lies before countsFrom."
        return None


@dataclass(frozen=True, slots=True, order=True)
class Counted:
    """Something that counts.

    Attributes:
        amount: How much; more than 0.
    """

    at: datetime
    amount: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a client stands with a milestone.

    Attributes:
        reached: When it was reached, once for each time, in order.
        current: What counts towards the next time; where there is none, all of it.
        target: What the next time takes; where there is none, the threshold.
        complete: It was reached and does not repeat.
    """

    reached: tuple[datetime, ...]
    current: int
    target: int
    complete: bool

    @property
    def percent(self) -> int:
        """How far it is, from 0 to 100, rounded down."""
        return 100 if self.complete else min(100, self.current * 100 // self.target)


def standing(
    rule: Rule, counted: Iterable[Counted], *, zone: ZoneInfo, now: datetime
) -> Standing:
    """Holds a rule against what was counted; the order in which it came is no matter.

    Args:
        rule: When the milestone is reached.
        counted: All that was counted, of the rule's counter.
        zone: The gym's, which decides on dates and weeks.
        now: The moment for which ``current`` is said.
    """
    dated = [
        (one.at.astimezone(zone).date(), one)
        for one in sorted(counted)
        if one.amount > 0
    ]
    within = [(day, one) for day, one in dated if rule.covers(day)]
    today = now.astimezone(zone).date()
    work = _streak if rule.kind is RuleKind.STREAK else _sum
    return work(rule, within, today)


class _Stretch:
    """What counts towards the next time, oldest first."""

    def __init__(self, days: int | None) -> None:
        self._days = days
        self._parts: deque[tuple[date, int]] = deque()
        self.total = 0

    def add(self, day: date, amount: int) -> None:
        self._parts.append((day, amount))
        self.total += amount

    def forget(self, today: date) -> None:
        """Drops what is too old to be added up on a date."""
        if self._days is None:
            return
        while self._parts and (today - self._parts[0][0]).days >= self._days:
            self.total -= self._parts.popleft()[1]

    def use(self, amount: int) -> None:
        """Takes away what a time took, the oldest first."""
        self.total -= amount
        while amount > 0:
            day, there = self._parts.popleft()
            if there > amount:
                self._parts.appendleft((day, there - amount))
            amount -= there


def _sum(rule: Rule, counted: Sequence[tuple[date, Counted]], today: date) -> Standing:
    stretch, reached = _Stretch(rule.window_days), list[datetime]()
    target, complete = rule.threshold, False
    for day, one in counted:
        stretch.add(day, one.amount)
        stretch.forget(day)
        while stretch.total >= target and not complete and len(reached) < MAX_REACHED:
            reached.append(one.at)
            if rule.repeat_every is None:
                complete = True
            else:
                stretch.use(target)
                target = rule.repeat_every
    stretch.forget(today)
    return Standing(tuple(reached), stretch.total, target, complete)


def _streak(
    rule: Rule, counted: Sequence[tuple[date, Counted]], today: date
) -> Standing:
    reached, target, complete = list[datetime](), rule.threshold, False
    run, last = 0, None
    for monday, at in _weeks(counted):
        if last is None or monday - last != _WEEK:
            run, target = 0, rule.threshold
        run, last = run + 1, monday
        if run == target and not complete:
            reached.append(at)
            if rule.repeat_every is None:
                complete = True
            else:
                target += rule.repeat_every
    if last is None or _monday(today) - last > _WEEK:
        run, target = 0, rule.threshold
    return Standing(tuple(reached), run, target, complete)


def _weeks(counted: Sequence[tuple[date, Counted]]) -> list[tuple[date, datetime]]:
    """The weeks in which something was counted, each with the first moment of it."""
    first: dict[date, datetime] = {}
    for day, one in counted:
        first.setdefault(_monday(day), one.at)
    return list(first.items())


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
