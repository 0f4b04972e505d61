"""Wire shapes of the dashboard."""

from marshmallow import fields, validate

from core.http.schema import Schema, Text


class TileOut(Schema):
    """One figure of a plugin."""

    id = Text(required=True, metadata={"description": "Unique within the plugin."})
    plugin = Text(required=True, metadata={"description": "Id of the plugin."})
    title = Text(required=True)
    value = fields.Raw(
        required=True,
        allow_none=True,
        metadata={
            "description": "A number or a short text; null when status is error. "
            "Money is in minor units of the currency that the unit names.",
            "type": ["number", "string"],
        },
    )
    unit = Text(
        required=True,
        allow_none=True,
        metadata={"description": "What is counted, such as sessions or EUR."},
    )
    status = Text(
        required=True,
        validate=validate.OneOf(["ok", "error"]),
        metadata={"description": "error: the plugin could not give its figures."},
    )


class SummaryOut(Schema):
    """The gym's figures at a glance."""

    members = fields.Integer(required=True, metadata={"description": "Active clients."})
    new_members_this_month = fields.Integer(
        required=True,
        metadata={"description": "Active clients since the first of the gym's month."},
    )
    staff = fields.Integer(
        required=True,
        metadata={"description": "Active admins, team members and coaches."},
    )
    failed_notifications = fields.Integer(
        required=True, metadata={"description": "Messages that were given up."}
    )
    dead_jobs = fields.Integer(
        required=True, metadata={"description": "Background jobs that were given up."}
    )
    tiles = fields.List(
        fields.Nested(TileOut),
        required=True,
        metadata={"description": "Of the plugins that are on."},
    )
