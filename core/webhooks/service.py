"""What an admin does with webhooks: endpoints, their secrets, their deliveries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from core.audit.recorder import record_event
from core.clock import utc_now
from core.config.vault import Vault
from core.context import current
from core.db.services import service
from core.http.page import Page
from core.http.preconditions import require_version
from core.ids import new_id
from core.jobs.outbox import enqueue
from core.outbound.errors import AddressRefused
from core.webhooks import repository
from core.webhooks.catalog import SAMPLE, Catalog
from core.webhooks.errors import (
    EndpointOff,
    StillPending,
    TooManyEndpoints,
    TypeUnknown,
    UrlRefused,
)
from core.webhooks.jobs import deliver
from core.webhooks.models import (
    SECRETS,
    DeliveryStatus,
    DisabledReason,
    WebhookDelivery,
    WebhookEndpoint,
)
from core.webhooks.outgoing import body_of, write
from core.webhooks.sender import Sender
from core.webhooks.signing import new_secret

MOST_ENDPOINTS: Final = 20
OLD_SECRET_SIGNS_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class WithSecret:
    """An endpoint and its secret in the clear, for the one time that it is shown."""

    endpoint: WebhookEndpoint
    secret: str


def available_types() -> list[str]:
    """The types that can come in this gym now."""
    return service(Catalog).available(current().require_gym())


def create(
    *, url: str, types: Sequence[str], description: str | None, enabled: bool
) -> WithSecret:
    """Adds an endpoint.

    Raises:
        TooManyEndpoints: The gym has ``MOST_ENDPOINTS`` already.
        UrlRefused: Nothing is ever sent to such an address.
        TypeUnknown: Nobody sends one of the types here.
    """
    if repository.count_endpoints() >= MOST_ENDPOINTS:
        raise TooManyEndpoints(details={"most": MOST_ENDPOINTS})
    _check_url(url)
    row = WebhookEndpoint(
        id=new_id(),
        tenant_id=current().require_gym().id,
        url=url,
        types=_known(types, ()),
        description=description,
    )
    if not enabled:
        row.disabled_reason, row.disabled_at = DisabledReason.MANUAL, utc_now()
    secret = new_secret()
    row.secret = _sealed(row, secret)
    repository.add(row)
    repository.save()
    return WithSecret(row, secret)


def change(
    endpoint_id: UUID, changes: Mapping[str, Any], *, expected_version: int | None
) -> WebhookEndpoint:
    """Changes an endpoint; what is not named stays.

    Args:
        endpoint_id: Which.
        changes: ``url``, ``types``, ``description`` and ``enabled``.
        expected_version: The version that the caller saw; None for any.

    Raises:
        EndpointUnknown: There is no such endpoint.
        PreconditionFailed: The version is another one by now.
        UrlRefused: Nothing is ever sent to such an address.
        TypeUnknown: Nobody sends one of the types here.
    """
    row = repository.endpoint(endpoint_id, lock=True)
    require_version(row.version, expected_version)
    if "url" in changes and changes["url"] != row.url:
        _check_url(changes["url"])
        row.url = changes["url"]
    if "types" in changes:
        row.types = _known(changes["types"], row.types)
    if "description" in changes:
        row.description = changes["description"]
    if "enabled" in changes and changes["enabled"] != row.enabled:
        _switch(row, on=changes["enabled"])
    repository.save()
    return row


def delete(endpoint_id: UUID) -> None:
    """Deletes an endpoint and all its deliveries; what waits is not sent any more.

    Raises:
        EndpointUnknown: There is no such endpoint.
    """
    repository.remove(repository.endpoint(endpoint_id, lock=True))


def rotate_secret(endpoint_id: UUID) -> WithSecret:
    """Gives an endpoint a new secret; the old one signs along for a day.

    Raises:
        EndpointUnknown: There is no such endpoint.
    """
    row = repository.endpoint(endpoint_id, lock=True)
    secret = new_secret()
    row.previous_secret, row.secret = row.secret, _sealed(row, secret)
    row.previous_until = utc_now() + OLD_SECRET_SIGNS_FOR
    repository.save()
    record_event("webhooks.secret_rotated", "webhook_endpoint", row.id)
    return WithSecret(row, secret)


def send_sample(endpoint_id: UUID) -> WebhookDelivery:
    """Sends a sample to one endpoint, whatever types it gets.

    Raises:
        EndpointUnknown: There is no such endpoint.
        EndpointOff: It is switched off.
    """
    row = repository.endpoint(endpoint_id)
    if not row.enabled:
        raise EndpointOff
    sent = write(row.id, SAMPLE, body_of(SAMPLE, {"endpointId": row.id}))
    repository.save()
    return sent


def list_deliveries(endpoint_id: UUID, query: Mapping[str, Any]) -> Page:
    """A page of what was sent to an endpoint.

    Raises:
        EndpointUnknown: There is no such endpoint.
    """
    repository.endpoint(endpoint_id)
    return repository.list_deliveries(endpoint_id, query, sort=query["sort"])


def resend(endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Sends a delivery again, under the same id and with all its attempts.

    Raises:
        EndpointUnknown: There is no such endpoint.
        DeliveryUnknown: It got no such delivery.
        EndpointOff: It is switched off.
        StillPending: The delivery is still being tried.
    """
    endpoint = repository.endpoint(endpoint_id)
    row = repository.delivery(endpoint_id, delivery_id)
    if not endpoint.enabled:
        raise EndpointOff
    if row.status == DeliveryStatus.PENDING and repository.job_lives(row.job_id):
        raise StillPending
    row.status = DeliveryStatus.PENDING
    row.job_id = enqueue(deliver, args={"delivery_id": row.id})
    repository.save()
    return row


def _check_url(url: str) -> None:
    try:
        service(Sender).check(url)
    except AddressRefused as refusal:
        raise UrlRefused(str(refusal)) from refusal


def _known(types: Sequence[str], before: Sequence[str]) -> list[str]:
    """Refuses new types that nobody sends; a feature may be off for a while."""
    unknown = sorted(set(types) - {*available_types(), *before})
    if unknown:
        raise TypeUnknown(details={"unknown": unknown})
    return sorted(set(types))


def _switch(row: WebhookEndpoint, *, on: bool) -> None:
    row.disabled_reason = None if on else DisabledReason.MANUAL
    row.disabled_at = None if on else utc_now()
    if on:
        row.enabled_at = utc_now()


def _sealed(row: WebhookEndpoint, secret: str) -> bytes:
    return service(Vault).seal(
        secret.encode(),
        purpose=SECRETS,
        bound_to=row.tenant_id.bytes + row.id.bytes,
    )
