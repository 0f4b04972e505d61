"""Wire shapes of the notification routes."""

from typing import Any

from marshmallow import fields, validate, validates_schema

from core.http.cursor import MAX_CURSOR
from core.http.schema import Moment, PageQuery, RuleBroken, Schema, Sort, Text
from core.notifications.channels import channel
from core.notifications.models import DeliveryStatus
from core.notifications.repository import SORTS
from core.notifications.scheduling import MAX_PEOPLE
from core.notifications.topics import CHANNELS

_STATUSES = [status.value for status in DeliveryStatus]
_TEMPLATE = {"description": "Name of the template.", "example": "auth.verify"}
_TOPIC = {"description": "What it is about.", "example": "account"}
_CHANNEL = {"description": "How it goes to people.", "example": "email"}
CURSOR = Text(
    maximum=MAX_CURSOR,
    metadata={
        "description": "Reads on from here, in the order that the cursor comes "
        "from; `page` and `sort` then count for nothing."
    },
)


def channel_name(**options: Any) -> Text:
    """A field that holds the name of a channel."""
    return Text(
        maximum=16, validate=validate.OneOf(CHANNELS), metadata=_CHANNEL, **options
    )


class DeliveryQuery(PageQuery):
    """Which deliveries to list; ``cursor`` reads on in time order."""

    status = Text(maximum=16, validate=validate.OneOf(_STATUSES))
    template = Text(maximum=100, metadata=_TEMPLATE)
    channel = channel_name()
    topic = Text(maximum=40, metadata=_TOPIC)
    user_id = fields.UUID(metadata={"description": "For whom it is."})
    sort = Sort(*SORTS, default="createdAt:desc")
    cursor = CURSOR


class DeliveryOut(Schema):
    """One message to one person by one channel; what it says is not shown."""

    id = fields.UUID(required=True)
    user_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "The account it is for, where there is one."},
    )
    to = fields.Function(
        lambda row: channel(row.channel).masked(row.to_address),
        metadata={
            "type": "string",
            "description": "The address or number, most of it masked.",
            "example": "a***@example.com",
        },
    )
    channel = channel_name(required=True)
    topic = Text(required=True, metadata=_TOPIC)
    template = Text(required=True, metadata=_TEMPLATE)
    locale = Text(required=True, metadata={"description": "Language it is written in."})
    status = Text(required=True, validate=validate.OneOf(_STATUSES))
    attempts = fields.Integer(
        required=True, metadata={"description": "How often sending was begun."}
    )
    last_error = Text(
        required=True,
        allow_none=True,
        metadata={"description": "Why it was not sent, without addresses."},
    )
    due_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "Not before this moment; null for at once."},
    )
    created_at = Moment(required=True)
    sent_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "When the other side took it."},
    )


class SampleIn(Schema):
    """Which sample to send where."""

    template = Text(required=True, minimum=1, maximum=100, metadata=_TEMPLATE)
    to = fields.Email(
        validate=validate.Length(max=254),
        metadata={"description": "An address; the caller's own when left out."},
    )
    locale = Text(
        pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$",
        maximum=6,
        metadata={"description": "Language; the caller's when left out."},
    )


def _one_of_both(given: dict[str, Any]) -> None:
    if ("user_ids" in given) == ("role" in given):
        raise RuleBroken("Give either userIds or role.")


class ScheduleIn(Schema):
    """What to tell whom, and when."""

    user_ids = fields.List(
        fields.UUID(),
        validate=validate.Length(min=1, max=MAX_PEOPLE),
        metadata={"description": "Accounts; or give `role`."},
    )
    role = Text(
        minimum=1,
        maximum=64,
        metadata={"description": "Everybody who holds this role and is active."},
    )
    template = Text(required=True, minimum=1, maximum=100, metadata=_TEMPLATE)
    variables = fields.Dict(
        keys=Text(maximum=100),
        required=True,
        metadata={"description": "Exactly those that the template declares."},
    )
    at = Moment(
        required=True,
        metadata={"description": "In the future, at most 366 days ahead."},
    )
    channels = fields.List(
        channel_name(),
        validate=validate.Length(min=1, max=len(CHANNELS)),
        metadata={"description": "By which channels; those of the topic if left out."},
    )

    @validates_schema
    def _for_somebody(self, given: dict[str, Any], **_options: Any) -> None:
        _one_of_both(given)


class ScheduledOut(Schema):
    """What was written down."""

    ids = fields.List(
        fields.UUID(),
        required=True,
        metadata={"description": "Of the messages, one for each person and channel."},
    )
    people = fields.Integer(
        required=True, metadata={"description": "How many people were meant."}
    )
