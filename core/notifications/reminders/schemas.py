"""Wire shapes of the rules of reminders."""

from marshmallow import fields, validate

from core.http.schema import Line, Schema
from core.notifications.reminders.models import LEAST_MINUTES, MOST_MINUTES
from core.notifications.topics import CHANNELS

MOST_WISHES = 50


class _Rule(Schema):
    kind = Line(required=True, maximum=80)
    minutes_before = fields.Integer(
        required=True,
        validate=validate.Range(LEAST_MINUTES, MOST_MINUTES),
    )
    channels = fields.List(
        fields.String(validate=validate.OneOf(CHANNELS)),
        allow_none=True,
        validate=validate.Length(min=1, max=len(CHANNELS)),
    )


class ReminderRuleOut(_Rule):
    """A rule in force."""

    title = Line(required=True, maximum=200)
    topic = Line(required=True, maximum=80)
    enabled = fields.Boolean(required=True)


class ReminderRuleIn(_Rule):
    """A rule as the gym wants it; what is left out stays as it is."""

    enabled = fields.Boolean()


class ReminderRulesIn(Schema):
    """Rules to make or change."""

    rules = fields.List(
        fields.Nested(ReminderRuleIn),
        required=True,
        validate=validate.Length(min=1, max=MOST_WISHES),
    )
