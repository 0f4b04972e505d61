"""The notification routes of a gym's staff."""

from typing import Any
from uuid import UUID

from core.errors import Unprocessable
from core.http.blueprint import Blueprint
from core.http.page import Page
from core.http.stream import read_stream
from core.notifications import scheduling, service
from core.notifications.errors import (
    ChannelUnknown,
    DeliveryUnknown,
    NotCancelable,
    NotResendable,
    RecipientUnknown,
    TemplateUnknown,
    TopicMandatory,
)
from core.notifications.models import Delivery
from core.notifications.permissions import (
    READ_DELIVERIES,
    RESEND_DELIVERIES,
    SCHEDULE,
    SEND_SAMPLES,
)
from core.notifications.repository import read_on, read_page
from core.notifications.schemas import (
    DeliveryOut,
    DeliveryQuery,
    SampleIn,
    ScheduledOut,
    ScheduleIn,
)

notifications = Blueprint(
    "notifications",
    prefix="/notifications",
    tag="Notifications",
    description="What the gym sends to people.",
)


@notifications.get(
    summary="List what was sent, waits or failed",
    permission=READ_DELIVERIES,
    query=DeliveryQuery,
    returns=DeliveryOut,
    paged=True,
    errors=(Unprocessable,),
)
def list_deliveries(query: dict[str, Any]) -> Page:
    """Newest first unless asked otherwise.

    Answers in time order carry `nextCursor` while there is more; reading on with it
    costs the same at any depth and misses nothing that is written meanwhile.
    """
    limit = query["limit"]
    return read_stream(
        query,
        purpose="notifications",
        by_page=lambda: read_page(
            query, page=query["page"], limit=limit, sort=query["sort"]
        ),
        onward=lambda position: read_on(query, position, limit=limit),
    )


@notifications.post(
    "/<uuid:delivery_id>/resend",
    summary="Send a failed message again",
    permission=RESEND_DELIVERIES,
    returns=DeliveryOut,
    errors=(DeliveryUnknown, NotResendable),
)
def resend_delivery(delivery_id: UUID) -> Delivery:
    """The message gets all its attempts again, and keeps its `Message-ID`.

    What was sent cannot be sent again, because the links in it are not kept.
    """
    return service.resend(delivery_id)


@notifications.post(
    "/test",
    summary="Send a sample of a message",
    permission=SEND_SAMPLES,
    body=SampleIn,
    returns=DeliveryOut,
    status=201,
    errors=(TemplateUnknown, RecipientUnknown),
)
def send_sample(body: dict[str, Any]) -> Delivery:
    """The template is filled with made-up values; links in it lead nowhere."""
    return service.send_sample(
        template=body["template"],
        to_address=body.get("to"),
        locale=body.get("locale"),
    )


@notifications.post(
    "/schedule",
    summary="Send a message later",
    permission=SCHEDULE,
    body=ScheduleIn,
    returns=ScheduledOut,
    status=201,
    errors=(
        ChannelUnknown,
        RecipientUnknown,
        TemplateUnknown,
        TopicMandatory,
        Unprocessable,
    ),
    request_example={
        "role": "client",
        "template": "notifications.message",
        "variables": {"title": "Open day", "text": "Bring a friend on Saturday."},
        "at": "2099-03-01T09:00:00Z",
    },
)
def schedule(body: dict[str, Any]) -> scheduling.Scheduled:
    """To people by their ids, or to everybody of a role, at most 200 at once.

    Each gets it by every channel that fits; who opted out by none. What waits is in
    the list of messages and can be called off, one by one.
    """
    return scheduling.schedule(scheduling.Wish(**body))


@notifications.delete(
    "/<uuid:delivery_id>",
    summary="Call a message off",
    permission=SCHEDULE,
    status=204,
    errors=(DeliveryUnknown, NotCancelable),
)
def cancel_delivery(delivery_id: UUID) -> None:
    """While it waits; it stays in the list as `canceled`."""
    service.cancel(delivery_id)
