"""Wire shapes of the webhook routes."""

from typing import Final

from marshmallow import fields, validate

from core.http.schema import Line, Moment, PageQuery, Schema, Sort, Text
from core.outbound.addresses import MAX_URL
from core.webhooks.catalog import MESSAGE
from core.webhooks.models import DeliveryStatus, DisabledReason
from core.webhooks.repository import DELIVERY_SORTS, ENDPOINT_SORTS

_MAX_TYPES: Final = 100
_NAME = r"^[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*){1,3}$"
_STATUSES = [status.value for status in DeliveryStatus]
_REASONS = [reason.value for reason in DisabledReason]
_URL = {
    "description": "Where to send to; https.",
    "example": "https://hooks.example.com/palestra",
}


def _types(**options: object) -> fields.List[str]:
    return fields.List(
        Text(maximum=100, pattern=_NAME),
        validate=validate.Length(min=1, max=_MAX_TYPES),
        metadata={"description": "Which types it gets.", "example": [MESSAGE]},
        **options,  # type: ignore[arg-type]  # passed on as they are
    )


class EndpointIn(Schema):
    """A new receiver of webhooks."""

    url = Text(
        required=True, minimum=1, maximum=MAX_URL, pattern=r"^https?://", metadata=_URL
    )
    types = _types(required=True)
    description = Line(maximum=200, allow_none=True, load_default=None)
    enabled = fields.Boolean(load_default=True)


class EndpointChange(Schema):
    """What shall change about an endpoint."""

    url = Text(minimum=1, maximum=MAX_URL, pattern=r"^https?://", metadata=_URL)
    types = _types()
    description = Line(maximum=200, allow_none=True)
    enabled = fields.Boolean(
        metadata={"description": "Switching it on again forgets why it was off."}
    )


class EndpointQuery(PageQuery):
    """Which endpoints to list."""

    sort = Sort(*ENDPOINT_SORTS, default="createdAt")


class EndpointOut(Schema):
    """A receiver of webhooks."""

    id = fields.UUID(required=True)
    url = Text(required=True, metadata=_URL)
    types = _types(required=True)
    description = Text(required=True, allow_none=True)
    enabled = fields.Boolean(required=True)
    disabled_reason = Text(
        required=True,
        allow_none=True,
        validate=validate.OneOf([*_REASONS, None]),
        metadata={
            "description": "Why nothing is sent: switched off by hand, answered 410, "
            "or took nothing for five days.",
            "example": None,
        },
    )
    disabled_at = Moment(required=True, allow_none=True)
    previous_until = Moment(
        required=True,
        allow_none=True,
        data_key="previousSecretUntil",
        metadata={"description": "Until when the secret before signs along."},
    )
    version = fields.Integer(required=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)


class EndpointWithSecret(Schema):
    """An endpoint with its secret, which is shown this once."""

    endpoint = fields.Nested(EndpointOut, required=True)
    secret = Text(
        required=True,
        metadata={
            "description": "Verifies the signatures; it is not shown again.",
            "example": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwZRGcgtDVVMY=",
        },
    )


class TypeOut(Schema):
    """A type of webhook."""

    type = Text(required=True, metadata={"example": MESSAGE})


class DeliveryQuery(PageQuery):
    """Which deliveries to list."""

    status = Text(maximum=16, validate=validate.OneOf(_STATUSES))
    type = Text(maximum=100, metadata={"example": MESSAGE})
    sort = Sort(*DELIVERY_SORTS, default="createdAt:desc")


class WebhookDeliveryOut(Schema):
    """One message to one endpoint; what it says is not shown."""

    id = fields.UUID(
        required=True,
        metadata={"description": "The `webhook-id` that the receiver gets."},
    )
    endpoint_id = fields.UUID(required=True)
    type = Text(required=True, metadata={"example": MESSAGE})
    status = Text(required=True, validate=validate.OneOf(_STATUSES))
    attempts = fields.Integer(
        required=True, metadata={"description": "How often sending was begun."}
    )
    response_status = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "What the receiver answered last; null for nothing."},
    )
    last_error = Text(
        required=True,
        allow_none=True,
        metadata={"description": "Why it was not taken last."},
    )
    created_at = Moment(required=True)
    delivered_at = Moment(required=True, allow_none=True)
