"""Wire shapes of the operator's API."""

from typing import Any

from marshmallow import fields, validate

from core.auth.emails import MAX_EMAIL
from core.auth.passwords import MAX_PASSWORD
from core.http.schema import Line, Moment, PageQuery, Schema, Sort, Text
from tenants.models import ExportStatus, GymStatus
from tenants.schemas import Branding, Limits

MAX_SLUG = 64
MAX_LIMIT = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""

_COLOR = "^#[0-9a-fA-F]{6}$"
_ORIGIN = r"^https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$"


class OperatorLogin(Schema):
    """An operator's name and password."""

    email = Text(required=True, minimum=1, maximum=MAX_EMAIL)
    password = Text(
        required=True, minimum=1, maximum=MAX_PASSWORD, metadata={"format": "password"}
    )


class OperatorView(Schema):
    """An operator."""

    id = fields.UUID()
    email = fields.String()
    name = fields.String()


class OperatorToken(Schema):
    """What a log-in gives."""

    access_token = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})
    operator = fields.Nested(OperatorView, required=True)


class LimitsGiven(Schema):
    """Limits of a plan; null takes a limit away, what is left out stays."""

    members = fields.Integer(
        allow_none=True, validate=validate.Range(min=1, max=MAX_LIMIT)
    )
    staff = fields.Integer(
        allow_none=True, validate=validate.Range(min=1, max=MAX_LIMIT)
    )
    storage_bytes = fields.Integer(
        allow_none=True, validate=validate.Range(min=1, max=MAX_LIMIT)
    )
    requests_per_minute = fields.Integer(
        allow_none=True, validate=validate.Range(min=1, max=1_000_000)
    )


class BrandingGiven(Schema):
    """Colours; null takes one away, what is left out stays. The logo is the gym's."""

    primary_color = Text(maximum=7, pattern=_COLOR, allow_none=True)
    secondary_color = Text(maximum=7, pattern=_COLOR, allow_none=True)


def _domains() -> fields.List[Any]:
    return fields.List(
        Text(minimum=3, maximum=253),
        validate=validate.Length(max=50),
        metadata={"description": "Domains of the gym's own that lead to it."},
    )


def _origins() -> fields.List[Any]:
    return fields.List(
        Text(maximum=300, pattern=_ORIGIN),
        validate=validate.Length(max=50),
        metadata={"description": "Origins of web pages that may call the gym's API."},
    )


class GymAdmin(Schema):
    """The first admin of a new gym."""

    email = Text(required=True, minimum=3, maximum=MAX_EMAIL)
    name = Line(required=True, maximum=120)
    password = Text(
        required=True, minimum=1, maximum=MAX_PASSWORD, metadata={"format": "password"}
    )


class GymNew(Schema):
    """A gym to be created."""

    slug = Text(
        required=True,
        minimum=3,
        maximum=40,
        pattern="^[a-z0-9](-?[a-z0-9])*$",
        metadata={"description": "Its name in addresses; it never changes."},
    )
    name = Line(required=True, maximum=120)
    timezone = Text(
        required=True,
        minimum=1,
        maximum=64,
        metadata={"description": "IANA time zone, such as Europe/Berlin."},
    )
    locale = Text(load_default="en", minimum=2, maximum=5)
    currency = Text(load_default="EUR", pattern="^[A-Z]{3}$", maximum=3)
    admin = fields.Nested(GymAdmin, required=True)
    domains = _domains()
    limits = fields.Nested(LimitsGiven)
    cors_origins = _origins()


class GymChange(Schema):
    """Parts of a gym to change."""

    name = Line(maximum=120)
    timezone = Text(minimum=1, maximum=64)
    locale = Text(minimum=2, maximum=5)
    domains = _domains()
    limits = fields.Nested(LimitsGiven)
    branding = fields.Nested(BrandingGiven)
    cors_origins = _origins()


class GymErase(Schema):
    """Says once more which gym it is."""

    slug = Text(required=True, minimum=1, maximum=MAX_SLUG)


class GymOut(Schema):
    """A gym as the operator keeps it."""

    id = fields.UUID()
    slug = fields.String()
    name = fields.String()
    status = fields.String(validate=validate.OneOf([*GymStatus]))
    timezone = fields.String()
    locale = fields.String()
    currency = fields.String()
    domains = fields.List(fields.String())
    branding = fields.Nested(Branding)
    limits = fields.Nested(Limits)
    cors_origins = fields.List(fields.String())
    created_at = Moment()
    updated_at = Moment()


class GymLine(Schema):
    """A gym in a list."""

    id = fields.UUID()
    slug = fields.String()
    name = fields.String()
    status = fields.String(validate=validate.OneOf([*GymStatus]))
    timezone = fields.String()
    created_at = Moment()


class GymsQuery(PageQuery):
    """Which gyms to list."""

    status = fields.String(
        validate=validate.OneOf([*GymStatus]),
        metadata={"description": "Without it, all that are not erased."},
    )
    q = Text(
        minimum=1, maximum=100, metadata={"description": "Part of a slug or a name."}
    )
    sort = Sort("slug", "name", "status", "created_at", default="slug")


class ExportOut(Schema):
    """A gym that is written into a file."""

    id = fields.UUID()
    gym_id = fields.UUID()
    status = fields.String(validate=validate.OneOf([*ExportStatus]))
    operator_id = fields.UUID(allow_none=True)
    rows = fields.Integer(allow_none=True)
    size_bytes = fields.Integer(allow_none=True)
    error = fields.String(
        allow_none=True,
        metadata={"description": "What kind of failure the last attempt ended with."},
    )
    created_at = Moment()
    finished_at = Moment(allow_none=True)
    expires_at = Moment(
        allow_none=True, metadata={"description": "Until when it can be downloaded."}
    )


class UsageQuery(Schema):
    """Over which days to sum up what is counted by day."""

    days = fields.Integer(
        load_default=30,
        validate=validate.Range(min=1, max=366),
        metadata={"description": "So many days in UTC, today included."},
    )


class UsageListQuery(PageQuery):
    """Whose usage, over which days."""

    days = UsageQuery().fields["days"]
    sort = Sort("slug", "name", "created_at", default="slug")


class UsageOut(Schema):
    """What a gym uses."""

    gym_id = fields.UUID()
    slug = fields.String()
    status = fields.String()
    figures = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={
            "description": "As of now: members and staff, stored bytes, and what "
            "plugins tell, such as sessions."
        },
    )
    requests = fields.Integer(metadata={"description": "In the days asked for."})
    jobs_done = fields.Integer(metadata={"description": "In the days asked for."})
    days = fields.Integer()
    limits = fields.Nested(Limits)


class QuarantineView(Schema):
    """A plugin of the installation."""

    id = fields.String()
    title = fields.String()
    version = fields.String()
    quarantined = fields.Boolean(
        metadata={"description": "Whether it is switched off for every gym."}
    )
    reason = fields.String(allow_none=True)


class QuarantineChange(Schema):
    """Switches a plugin off for every gym, or lets the gyms have it again."""

    quarantined = fields.Boolean(required=True)
    reason = Line(maximum=300, load_default="", blank=True)


class PurgeConfirmation(Schema):
    """Says again which plugin's data is to be deleted."""

    confirm = Line(maximum=40, required=True)


class LogQuery(PageQuery):
    """Which entries to list."""

    gym_id = fields.UUID()
    sort = Sort("at", default="at:desc")


class LogEntry(Schema):
    """Something that an operator did."""

    id = fields.UUID()
    at = Moment()
    operator_id = fields.UUID(
        allow_none=True, metadata={"description": "None for a command."}
    )
    action = fields.String()
    gym_id = fields.UUID(allow_none=True)
    gym_slug = fields.String(allow_none=True)
    details = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True))
    trace_id = fields.String(allow_none=True)
    address = fields.String(allow_none=True)


def plain(given: dict[str, Any], shape: type[Schema]) -> dict[str, Any]:
    """A nested part of a body as it is stored, by its names on the wire."""
    dumped: dict[str, Any] = shape().dump(given)
    return dumped
