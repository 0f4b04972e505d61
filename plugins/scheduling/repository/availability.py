"""All SQL on when coaches are open."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from core.sdk.base import Page, SortKey, utc_now
from core.sdk.data import (
    Deleting,
    Listing,
    Repository,
    Statement,
    given,
    insert_new,
)
from plugins.scheduling.domain.opening import Window
from plugins.scheduling.domain.slots import Rules
from plugins.scheduling.errors import OverrideMissing
from plugins.scheduling.models import AvailabilityRules, DateOverride, WeeklyWindow

_OVERRIDES = Listing(
    select(DateOverride), {"coach_id": DateOverride.coach_id == given("coach_id")}
)
_RULES = Statement(
    select(AvailabilityRules).where(AvailabilityRules.coach_id == given("coach_id"))
)
_RULES_LOCKED = Statement(
    select(AvailabilityRules)
    .where(AvailabilityRules.coach_id == given("coach_id"))
    .with_for_update(),
    refresh=True,
)
_WEEK = Statement(
    select(WeeklyWindow.weekday, WeeklyWindow.starts_minute, WeeklyWindow.ends_minute)
    .where(WeeklyWindow.coach_id == given("coach_id"))
    .order_by(WeeklyWindow.weekday, WeeklyWindow.starts_minute)
)
_CLEAR_WEEK = Deleting(WeeklyWindow, WeeklyWindow.coach_id == given("coach_id"))
_OF_DAY = Statement(
    select(DateOverride)
    .where(DateOverride.coach_id == given("coach_id"), DateOverride.day == given("day"))
    .with_for_update(),
    refresh=True,
)
_RULE_NAMES = [rule.name for rule in fields(Rules)]

# One row whatever there is, each part NULL where there is nothing of it.
_HOURS = Statement(
    select(
        select(
            func.jsonb_build_array(
                AvailabilityRules.timezone,
                *(getattr(AvailabilityRules, name) for name in _RULE_NAMES),
            )
        )
        .where(AvailabilityRules.coach_id == given("coach_id"))
        .scalar_subquery()
        .label("rules"),
        select(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_array(
                        WeeklyWindow.weekday,
                        WeeklyWindow.starts_minute,
                        WeeklyWindow.ends_minute,
                    ),
                    WeeklyWindow.weekday,
                    WeeklyWindow.starts_minute,
                )
            )
        )
        .where(WeeklyWindow.coach_id == given("coach_id"))
        .scalar_subquery()
        .label("windows"),
        select(
            func.jsonb_agg(
                func.jsonb_build_array(DateOverride.day, DateOverride.windows)
            )
        )
        .where(
            DateOverride.coach_id == given("coach_id"),
            DateOverride.day.between(given("first"), given("last")),
        )
        .scalar_subquery()
        .label("overrides"),
    )
)

Week = dict[int, list[Window]]
"""ISO weekday → its windows, in order."""


@dataclass(frozen=True, slots=True)
class Hours:
    """What is stored of when a coach is open, and of how to book them.

    Attributes:
        timezone: IANA name of the zone of the windows; None where nobody set any.
        rules: The defaults where nobody set any.
        overrides: Of the dates that were asked for.
    """

    timezone: str | None
    rules: Rules
    weekly: Week
    overrides: Mapping[date, list[Window]]


class HoursRepository(Repository[AvailabilityRules]):
    """All that decides whether a coach is to be booked, read at once."""

    model = AvailabilityRules

    def of_coach(self, coach_id: UUID, first: date, last: date) -> Hours:
        """Returns a coach's hours, with the overrides from ``first`` to ``last``."""
        (row,) = self.session.read(_HOURS, coach_id=coach_id, first=first, last=last)
        timezone, *rules = row.rules or (None,)
        return Hours(
            timezone,
            Rules(**dict(zip(_RULE_NAMES, rules, strict=False))),
            _week(row.windows or ()),
            {
                date.fromisoformat(day): [Window(**window) for window in windows]
                for day, windows in row.overrides or ()
            },
        )


def _week(windows: Iterable[Sequence[int]]) -> Week:
    """Windows by weekday; each given as weekday, start and end."""
    weekly: Week = {}
    for weekday, starts, ends in windows:
        weekly.setdefault(weekday, []).append(Window(starts, ends))
    return weekly


class RulesRepository(Repository[AvailabilityRules]):
    """The heads of the coaches' availability."""

    model = AvailabilityRules

    def of_coach(self, coach_id: UUID) -> AvailabilityRules | None:
        """Returns a coach's rules; None when nobody set any."""
        found: AvailabilityRules | None = self.session.read_one(
            _RULES, coach_id=coach_id
        )
        return found

    def locked(self, coach_id: UUID, *, zone: ZoneInfo) -> AvailabilityRules:
        """Returns a coach's rules for change, made with the defaults when missing."""
        found: AvailabilityRules | None = self.session.read_one(
            _RULES_LOCKED, coach_id=coach_id
        )
        if found is not None:
            return found
        fresh = {"coach_id": coach_id, "timezone": zone.key, **asdict(Rules())}
        for row in insert_new(self.session, AvailabilityRules, [fresh]):
            return row
        made_by_another: AvailabilityRules | None = self.session.read_one(
            _RULES_LOCKED, coach_id=coach_id
        )
        if made_by_another is None:
            raise LookupError("Availability rules vanished; they are never deleted.")
        return made_by_another

    def touch(
        self, row: AvailabilityRules, values: Mapping[str, Any] | None = None
    ) -> None:
        """Changes the row, if only its version, because its windows changed."""
        for name, value in (values or {}).items():
            setattr(row, name, value)
        row.updated_at = utc_now()
        self.session.flush()


class WindowRepository(Repository[WeeklyWindow]):
    """The weekly windows."""

    model = WeeklyWindow

    def of_coach(self, coach_id: UUID) -> Week:
        """Returns a coach's windows by ISO weekday, in order."""
        return _week(self.session.read(_WEEK, coach_id=coach_id))

    def replace(self, coach_id: UUID, weekly: Mapping[int, Sequence[Window]]) -> None:
        """Makes ``weekly`` all the windows a coach has."""
        _CLEAR_WEEK.run(self.session, coach_id=coach_id)
        for weekday, windows in weekly.items():
            self.insert(coach_id, weekday, windows)

    def insert(self, coach_id: UUID, weekday: int, windows: Sequence[Window]) -> None:
        """Adds windows to one weekday."""
        insert_new(
            self.session,
            WeeklyWindow,
            [
                {
                    "coach_id": coach_id,
                    "weekday": weekday,
                    "starts_minute": window.starts,
                    "ends_minute": window.ends,
                }
                for window in windows
            ],
        )


class OverrideRepository(Repository[DateOverride]):
    """The dates that replace a week's windows."""

    model = DateOverride
    missing = OverrideMissing
    sorts = {"date": DateOverride.day}

    def of_day(self, coach_id: UUID, day: date) -> DateOverride | None:
        """Returns the override of one date for change; None when there is none."""
        found: DateOverride | None = self.session.read_one(
            _OF_DAY, coach_id=coach_id, day=day
        )
        return found

    def put(self, coach_id: UUID, day: date, windows: Sequence[Window]) -> DateOverride:
        """Sets the windows of a date; whoever calls holds the coach's rules."""
        stored = [asdict(window) for window in windows]
        row = self.of_day(coach_id, day)
        if row is None:
            return self.add(DateOverride(coach_id=coach_id, day=day, windows=stored))
        row.windows = stored
        row.updated_at = utc_now()
        self.session.flush()
        return row

    def listed(
        self, coach_id: UUID, *, page: int, limit: int, sort: Sequence[SortKey]
    ) -> Page:
        """Returns a page of a coach's overrides."""
        wanted = {"coach_id": coach_id}
        return self.page(_OVERRIDES, wanted, page=page, limit=limit, sort=sort)
