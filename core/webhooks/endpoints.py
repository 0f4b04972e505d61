"""The webhook routes of a gym's admin."""

from typing import Any
from uuid import UUID

from core.errors import Unprocessable
from core.http.blueprint import Blueprint
from core.http.page import Page
from core.webhooks import repository, service
from core.webhooks.errors import (
    DeliveryUnknown,
    EndpointOff,
    EndpointUnknown,
    StillPending,
    TooManyEndpoints,
    TypeUnknown,
    UrlRefused,
)
from core.webhooks.models import WebhookDelivery, WebhookEndpoint
from core.webhooks.permissions import (
    MANAGE_ENDPOINTS,
    READ_ENDPOINTS,
    RESEND_DELIVERIES,
)
from core.webhooks.schemas import (
    DeliveryQuery,
    EndpointChange,
    EndpointIn,
    EndpointOut,
    EndpointQuery,
    EndpointWithSecret,
    TypeOut,
    WebhookDeliveryOut,
)

webhooks = Blueprint(
    "webhooks",
    prefix="/admin/webhooks",
    tag="Webhooks",
    description="What happens in the gym, told to other systems.",
)


@webhooks.get(
    summary="List webhook endpoints",
    permission=READ_ENDPOINTS,
    query=EndpointQuery,
    returns=EndpointOut,
    paged=True,
)
def list_endpoints(query: dict[str, Any]) -> Page:
    """The oldest first unless asked otherwise; at most 20 in a gym."""
    return repository.list_endpoints(**query)


@webhooks.post(
    summary="Add a webhook endpoint",
    permission=MANAGE_ENDPOINTS,
    body=EndpointIn,
    returns=EndpointWithSecret,
    status=201,
    keeps_answer=False,
    errors=(UrlRefused, TypeUnknown, TooManyEndpoints, Unprocessable),
)
def add_endpoint(body: dict[str, Any]) -> service.WithSecret:
    """The answer holds the secret; it is not shown again."""
    return service.create(**body)


@webhooks.get(
    "/types",
    summary="List the types of webhook",
    permission=READ_ENDPOINTS,
    returns=TypeOut,
    many=True,
)
def list_types() -> list[dict[str, str]]:
    """Those of features that are switched on."""
    return [{"type": name} for name in service.available_types()]


@webhooks.get(
    "/<uuid:webhook_id>",
    summary="Show a webhook endpoint",
    permission=READ_ENDPOINTS,
    returns=EndpointOut,
    versioned=True,
    errors=(EndpointUnknown,),
)
def show_endpoint(webhook_id: UUID) -> WebhookEndpoint:
    """Without its secret."""
    return repository.endpoint(webhook_id)


@webhooks.patch(
    "/<uuid:webhook_id>",
    summary="Change a webhook endpoint",
    permission=MANAGE_ENDPOINTS,
    body=EndpointChange,
    returns=EndpointOut,
    versioned=True,
    errors=(EndpointUnknown, UrlRefused, TypeUnknown, Unprocessable),
)
def change_endpoint(
    webhook_id: UUID, body: dict[str, Any], if_match: int | None
) -> WebhookEndpoint:
    """Deliveries that wait go to where the endpoint then leads."""
    return service.change(webhook_id, body, expected_version=if_match)


@webhooks.delete(
    "/<uuid:webhook_id>",
    summary="Delete a webhook endpoint",
    permission=MANAGE_ENDPOINTS,
    status=204,
    errors=(EndpointUnknown,),
)
def delete_endpoint(webhook_id: UUID) -> None:
    """Its deliveries go with it, and nothing more is sent there."""
    service.delete(webhook_id)


@webhooks.post(
    "/<uuid:webhook_id>/rotate-secret",
    summary="Give an endpoint a new secret",
    permission=MANAGE_ENDPOINTS,
    returns=EndpointWithSecret,
    errors=(EndpointUnknown,),
)
def rotate_secret(webhook_id: UUID) -> service.WithSecret:
    """The secret before signs along for 24 hours; an even older one no more."""
    return service.rotate_secret(webhook_id)


@webhooks.post(
    "/<uuid:webhook_id>/test",
    summary="Send a sample to an endpoint",
    permission=RESEND_DELIVERIES,
    returns=WebhookDeliveryOut,
    status=201,
    errors=(EndpointUnknown, EndpointOff),
)
def send_sample(webhook_id: UUID) -> WebhookDelivery:
    """Of the type `webhooks.test`; the list of deliveries tells how it went."""
    return service.send_sample(webhook_id)


@webhooks.get(
    "/<uuid:webhook_id>/deliveries",
    summary="List what was sent to an endpoint",
    permission=READ_ENDPOINTS,
    query=DeliveryQuery,
    returns=WebhookDeliveryOut,
    paged=True,
    errors=(EndpointUnknown,),
)
def list_deliveries(webhook_id: UUID, query: dict[str, Any]) -> Page:
    """Newest first; deliveries are kept for 30 days."""
    return service.list_deliveries(webhook_id, query)


@webhooks.post(
    "/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/resend",
    summary="Send a delivery again",
    permission=RESEND_DELIVERIES,
    returns=WebhookDeliveryOut,
    errors=(EndpointUnknown, DeliveryUnknown, EndpointOff, StillPending),
)
def resend_delivery(webhook_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """It keeps its id and its contents, and has all its attempts before it."""
    return service.resend(webhook_id, delivery_id)
