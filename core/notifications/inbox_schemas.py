"""Wire shapes of the inbox and of preferences."""

from marshmallow import fields, validate

from core.http.schema import Moment, PageQuery, Schema, Text
from core.notifications.schemas import CURSOR, channel_name


class InboxQuery(PageQuery):
    """Which messages to show."""

    unread = fields.Boolean(
        metadata={"description": "Those alone that were not read; false for the rest."}
    )
    cursor = CURSOR


class InboxItemOut(Schema):
    """A message to the caller."""

    id = fields.UUID(required=True)
    topic = Text(required=True, metadata={"example": "news"})
    title = Text(required=True, metadata={"example": "Open day on Saturday"})
    body = Text(
        required=True, metadata={"description": "Plain text.", "example": "Hello, …"}
    )
    created_at = Moment(required=True)
    read_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "When it was marked as read; null while unread."},
    )


class InboxMark(Schema):
    """Whether a message was read."""

    read = fields.Boolean(required=True)


class InboxCount(Schema):
    """How many messages were not read."""

    unread = fields.Integer(required=True, metadata={"example": 3})


class PreferenceOut(Schema):
    """A topic, and by which channels the caller gets it."""

    topic = Text(required=True, metadata={"example": "news"})
    title = Text(
        required=True,
        metadata={"description": "In the caller's language.", "example": "News"},
    )
    mandatory = fields.Boolean(
        required=True, metadata={"description": "Nobody can opt out of it."}
    )
    default_channels = fields.List(
        channel_name(),
        required=True,
        metadata={"description": "By which it goes unless its sender asks otherwise."},
    )
    channels = fields.Dict(
        keys=channel_name(),
        values=fields.Boolean(),
        required=True,
        metadata={
            "description": "Channel → whether the caller wants it by that one.",
            "example": {"email": True, "inbox": True, "sms": False},
        },
    )


class Choice(Schema):
    """Whether the caller wants a topic by a channel."""

    topic = Text(required=True, minimum=1, maximum=40, metadata={"example": "news"})
    channel = channel_name(required=True)
    wanted = fields.Boolean(required=True)


class PreferencesIn(Schema):
    """What the caller wants; what is left out stays as it is."""

    choices = fields.List(
        fields.Nested(Choice), required=True, validate=validate.Length(max=200)
    )
