"""Wire shapes of scheduling."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from typing_extensions import override

from core.sdk.http import (
    Line,
    Moment,
    PageQuery,
    RuleBroken,
    Schema,
    Sort,
    Text,
    ValidationError,
    fields,
    validate,
    validates_schema,
)
from plugins.scheduling.domain.opening import Window
from plugins.scheduling.domain.sessions import Status
from plugins.scheduling.domain.slots import MAX_RANGE_DAYS, Rules
from plugins.scheduling.domain.walltime import format_wall_time, parse_wall_time

MAX_WINDOWS = 100
"""How many windows a week, or a date, takes."""


CALENDAR = range(1990, 2200)
"""The years in which anything is planned; outside, clocks cannot be reckoned with."""


def in_calendar(value: date | datetime) -> None:
    """Refuses dates and moments of other centuries.

    Raises:
        RuleBroken: The year is none of ``CALENDAR``.
    """
    if value.year not in CALENDAR:
        raise RuleBroken(f"Give a year from {CALENDAR.start} to {CALENDAR.stop - 1}.")


class WallTime(fields.String):
    """``HH:MM`` on the wire, minutes of the day in Python; ``24:00`` ends a day."""

    def __init__(self, **kwargs: Any) -> None:
        described = {
            "pattern": r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$",
            "example": "09:00",
        }
        super().__init__(metadata=described, **kwargs)

    @override
    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **kwargs: Any
    ) -> str | None:
        return None if value is None else format_wall_time(value)

    @override
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return parse_wall_time(super()._deserialize(value, *args, **kwargs))
        except ValueError as error:
            raise ValidationError(str(error)) from error


def known_zone(name: str) -> None:
    """Refuses a name that is no IANA time zone.

    Raises:
        RuleBroken: The time zone database does not know it.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RuleBroken("Name an IANA time zone, as Europe/Berlin.") from error


class WindowSchema(Schema):
    """An open stretch of a day, on the wall clock."""

    starts = WallTime(required=True)
    ends = WallTime(required=True)

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_options: Any) -> None:
        if data["starts"] >= data["ends"]:
            raise RuleBroken(
                "A window ends after it starts. Split one that runs past midnight "
                "in two, the first until 24:00.",
                "ends",
            )


def _weekday() -> fields.Integer:
    return fields.Integer(
        required=True,
        validate=validate.Range(min=1, max=7),
        metadata={"description": "ISO 8601: Monday is 1, Sunday is 7."},
    )


class WeeklyWindowSchema(WindowSchema):
    """An open stretch of every week."""

    weekday = _weekday()


class NewWindowSchema(WeeklyWindowSchema):
    """One more open stretch of every week of a coach."""

    coach_id = fields.UUID(required=True)


def _minutes(default: int, *, least: int, most: int, meaning: str) -> fields.Integer:
    return fields.Integer(
        load_default=default,
        validate=validate.Range(min=least, max=most),
        metadata={"description": meaning},
    )


_DEFAULT = Rules()


class RulesSchema(Schema):
    """How a coach may be booked."""

    slot_minutes = _minutes(
        _DEFAULT.slot_minutes, least=5, most=480, meaning="Length of offered slots."
    )
    buffer_before_minutes = _minutes(
        _DEFAULT.buffer_before_minutes,
        least=0,
        most=240,
        meaning="Kept free before each session.",
    )
    buffer_after_minutes = _minutes(
        _DEFAULT.buffer_after_minutes,
        least=0,
        most=240,
        meaning="Kept free after each session.",
    )
    minimum_notice_minutes = _minutes(
        _DEFAULT.minimum_notice_minutes,
        least=0,
        most=60 * 24 * 30,
        meaning="How long before its start a client books at the latest.",
    )
    maximum_advance_days = fields.Integer(
        allow_none=True,
        load_default=_DEFAULT.maximum_advance_days,
        validate=validate.Range(min=1, max=3650),
        metadata={"description": "How many dates ahead clients book; null: any."},
    )
    daily_limit = fields.Integer(
        allow_none=True,
        load_default=_DEFAULT.daily_limit,
        validate=validate.Range(min=1, max=100),
        metadata={"description": "Sessions a date takes from clients; null: any."},
    )


class AvailabilitySchema(Schema):
    """A coach's weekly windows and booking rules, as one document."""

    coach_id = fields.UUID()
    timezone = fields.String(metadata={"example": "Europe/Berlin"})
    windows = fields.List(fields.Nested(WeeklyWindowSchema))
    rules = fields.Nested(RulesSchema)
    version = fields.Integer(metadata={"description": "0 while nobody has set any."})


class AvailabilityBody(Schema):
    """What replaces a coach's weekly windows and booking rules."""

    timezone = Text(
        maximum=64,
        validate=known_zone,
        load_default=None,
        metadata={"description": "Zone of the windows; the gym's when left out."},
    )
    windows = fields.List(
        fields.Nested(WeeklyWindowSchema),
        required=True,
        validate=validate.Length(max=MAX_WINDOWS),
    )
    rules = fields.Nested(RulesSchema, load_default=lambda: RulesSchema().load({}))


class OverrideBody(Schema):
    """What holds on a date instead of the week."""

    windows = fields.List(
        fields.Nested(WindowSchema),
        required=True,
        validate=validate.Length(max=MAX_WINDOWS),
        metadata={"description": "Open stretches; an empty list closes the date."},
    )


class OverrideSchema(Schema):
    """A date that departs from the week."""

    coach_id = fields.UUID()
    day = fields.Date(data_key="date")
    closed = fields.Boolean()
    windows = fields.List(fields.Nested(WindowSchema))
    version = fields.Integer()


class OverridesQuery(PageQuery):
    """The query of the list of overrides."""

    sort = Sort("date", default="date")


class SlotsQuery(Schema):
    """Which coach, from which date to which, both included, in the coach's zone."""

    coach_id = fields.UUID(required=True)
    first = fields.Date(required=True, data_key="from", validate=in_calendar)
    last = fields.Date(required=True, data_key="to", validate=in_calendar)

    @validates_schema
    def _bounded(self, data: dict[str, date], **_options: Any) -> None:
        if not 0 <= (data["last"] - data["first"]).days < MAX_RANGE_DAYS:
            raise RuleBroken(
                f"Ask for 1 to {MAX_RANGE_DAYS} days, the earlier one first.", "to"
            )


class SlotSchema(Schema):
    """A free slot."""

    starts_at = Moment(attribute="starts")
    ends_at = Moment(attribute="ends")


class SessionSchema(Schema):
    """A session."""

    id = fields.UUID()
    client_id = fields.UUID()
    coach_id = fields.UUID()
    starts_at = Moment()
    ends_at = Moment()
    status = fields.String(validate=validate.OneOf([status.value for status in Status]))
    location = fields.String(allow_none=True)
    notes = fields.String(allow_none=True)
    version = fields.Integer()
    created_at = Moment()
    updated_at = Moment()


def _location() -> Line:
    return Line(maximum=200, blank=True, allow_none=True)


def _notes() -> Text:
    return Text(maximum=4000, allow_none=True)


def _status() -> fields.Enum[Status]:
    return fields.Enum(Status, by_value=True, metadata={"type": "string"})


def _gym_date() -> fields.Date:
    return fields.Date(
        validate=in_calendar, metadata={"description": "In the gym's zone, included."}
    )


def _ignore() -> fields.Boolean:
    return fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={
            "description": "Book whatever opening hours and rules say; takes "
            "the permission `scheduling.sessions.override`."
        },
    )


class NewSessionSchema(Schema):
    """A wish for a session."""

    client_id = fields.UUID(required=True)
    coach_id = fields.UUID(required=True)
    starts_at = Moment(required=True, validate=in_calendar)
    ends_at = Moment(required=True, validate=in_calendar)
    location = _location()
    notes = _notes()
    ignore_availability = _ignore()


class SessionChanges(Schema):
    """What to change of a session; what is not named stays."""

    starts_at = Moment(validate=in_calendar)
    ends_at = Moment(validate=in_calendar)
    status = _status()
    location = _location()
    notes = _notes()
    ignore_availability = _ignore()


class SessionsQuery(PageQuery):
    """The query of the list of sessions."""

    coach_id = fields.UUID()
    client_id = fields.UUID()
    status = _status()
    date_from = _gym_date()
    date_to = _gym_date()
    sort = Sort("starts_at", "created_at", default="startsAt")


class SchedulingSettings(Schema):
    """What a gym sets for scheduling."""

    require_entitlement = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        metadata={
            "description": "Whether a booking takes a pass, pack or membership of the "
            "client; counts while a feature that keeps them is on."
        },
    )
    late_cancel_hours = fields.Integer(
        load_default=24,
        validate=validate.Range(min=0, max=720),
        metadata={
            "description": "A session canceled less than so many hours before its "
            "start keeps the use that was taken for it."
        },
    )


def windows_of(loaded: list[dict[str, int]]) -> list[Window]:
    """Builds the windows of a date from what a schema loaded."""
    return [Window(one["starts"], one["ends"]) for one in loaded]


def week_of(loaded: list[dict[str, int]]) -> dict[int, list[Window]]:
    """Builds the windows of a week, by weekday, from what a schema loaded."""
    weekly: dict[int, list[Window]] = {}
    for one in loaded:
        weekly.setdefault(one["weekday"], []).append(Window(one["starts"], one["ends"]))
    return weekly
