"""Wire shapes of the admin's routes on plugins, settings and the gym itself."""

from marshmallow import fields

from core.http.described import json_schema
from core.http.schema import Moment, Schema, Text


class PluginView(Schema):
    """One plugin as a gym's admin sees it."""

    id = fields.String(attribute="manifest.id")
    title = fields.String(attribute="manifest.title")
    summary = fields.String(attribute="manifest.summary")
    version = fields.String(attribute="manifest.version")
    category = fields.String(attribute="manifest.category")
    enabled = fields.Boolean(metadata={"description": "Whether it works in this gym."})
    state = fields.String(
        metadata={
            "enum": ["on", "off", "waiting"],
            "description": (
                "waiting: on, but something that it requires is off, or the operator "
                "switched it off for every gym."
            ),
        }
    )
    requires = fields.List(
        fields.String(), metadata={"description": "Plugins that it needs."}
    )
    dependants = fields.List(
        fields.String(), metadata={"description": "Plugins that need it."}
    )
    settings = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        metadata={"description": "Its settings in this gym, defaults included."},
    )
    settings_schema = fields.Function(
        lambda state: json_schema(state.manifest.settings),
        metadata={"type": "object", "description": "JSON Schema of its settings."},
    )


class PluginChange(Schema):
    """Switches a plugin, sets it, or both."""

    enabled = fields.Boolean(
        metadata={"description": "On also switches on what it requires."}
    )
    settings = fields.Dict(
        keys=Text(maximum=100),
        values=fields.Raw(allow_none=True),
        metadata={"description": "Settings to replace; the others stay."},
    )
    with_dependants = fields.Boolean(
        metadata={"description": "Switching off takes along the plugins that need it."}
    )


class Branding(Schema):
    """How the gym looks."""

    logo_file_id = fields.UUID(allow_none=True)
    primary_color = fields.String(allow_none=True)
    secondary_color = fields.String(allow_none=True)


class Limits(Schema):
    """What the gym's plan allows; null is no limit."""

    members = fields.Integer(allow_none=True)
    staff = fields.Integer(allow_none=True)
    storage_bytes = fields.Integer(allow_none=True)
    requests_per_minute = fields.Integer(allow_none=True)


class GymView(Schema):
    """The gym's own data; the operator changes all of it but the branding."""

    id = fields.UUID()
    slug = fields.String()
    name = fields.String()
    status = fields.String()
    timezone = fields.String(metadata={"description": "IANA time zone."})
    locale = fields.String(metadata={"description": "Language code."})
    currency = fields.String(metadata={"description": "ISO 4217 code."})
    domains = fields.List(fields.String())
    branding = fields.Nested(Branding)
    limits = fields.Nested(Limits)
    created_at = Moment()


GYM_EXAMPLE = {
    "id": "019b0a52-7c3e-7d10-9f2a-5d1c0e8b4a11",
    "slug": "iron-temple",
    "name": "Iron Temple",
    "status": "active",
    "timezone": "America/New_York",
    "locale": "en",
    "currency": "USD",
    "domains": ["gym.iron-temple.example"],
    "branding": {
        "logoFileId": None,
        "primaryColor": "#0b5fff",
        "secondaryColor": None,
    },
    "limits": {
        "members": 500,
        "staff": 20,
        "storageBytes": None,
        "requestsPerMinute": None,
    },
    "createdAt": "2026-03-01T09:00:00Z",
}
"""A gym as its own admin sees it."""
