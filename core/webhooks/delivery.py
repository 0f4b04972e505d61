"""Sending one webhook: read it, send it outside any transaction, note how it went."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from core.clock import utc_now
from core.config.vault import SealBroken, Vault
from core.context import current
from core.db.services import service
from core.jobs.current import current_job, step
from core.jobs.errors import RetryLater
from core.webhooks import repository
from core.webhooks.catalog import SAMPLE, Catalog
from core.webhooks.errors import NotTaken
from core.webhooks.models import (
    BODIES,
    SECRETS,
    DeliveryStatus,
    DisabledReason,
    WebhookDelivery,
    WebhookEndpoint,
)
from core.webhooks.sender import Answer, Sender
from core.webhooks.signing import signed_headers

WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Pauses between attempts, three days in all, give or take a tenth of each."""

GIVE_UP_AFTER: Final = timedelta(days=5)
"""An endpoint that takes nothing for so long is switched off."""

OFF = "The endpoint is switched off."
FEATURE_OFF = "The feature that it comes from is switched off."
SEAL_BROKEN = "Its contents or the secret cannot be opened with the present key."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A request that can go, and who makes it."""

    endpoint_id: UUID
    # A log that shows local variables must not show these.
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    sender: Sender


def deliver(delivery_id: UUID) -> None:
    """Sends a pending delivery, as the job that it names.

    A failure of the last attempt ends in ``failed``; then the job is done.

    Raises:
        RetryLater: It was not taken this time.
    """
    ready = step(lambda: _prepared(delivery_id))
    if ready is None:
        return
    answer = ready.sender.post(ready.url, ready.headers, ready.body)
    if answer.taken:
        step(lambda: _taken(delivery_id, answer))
    elif not step(lambda: _refused(delivery_id, ready.endpoint_id, answer)):
        pause = WAITS[min(current_job().attempt, len(WAITS)) - 1]
        raise RetryLater(pause * random.uniform(0.9, 1.1)) from NotTaken()  # noqa: S311


def _prepared(delivery_id: UUID) -> _Ready | None:
    """Builds the request; None when there is nothing (more) to send."""
    row = repository.find_delivery(delivery_id)
    if row is None or row.job_id != current_job().id:
        return None
    if row.status != DeliveryStatus.PENDING:
        return None
    endpoint = repository.endpoint(row.endpoint_id)
    refusal = _refusal(row, endpoint)
    if refusal is None:
        try:
            ready = _request(row, endpoint, utc_now())
        except SealBroken:
            refusal = SEAL_BROKEN
        else:
            row.attempts += 1
            return ready
    _fail(row, refusal)
    return None


def _refusal(row: WebhookDelivery, endpoint: WebhookEndpoint) -> str | None:
    if not endpoint.enabled:
        return OFF
    if row.type == SAMPLE:
        return None
    is_on = service(Catalog).is_on(row.type, current().require_gym())
    return None if is_on else FEATURE_OFF


def _request(row: WebhookDelivery, endpoint: WebhookEndpoint, now: datetime) -> _Ready:
    vault = service(Vault)
    body = vault.open(
        row.body, purpose=BODIES, bound_to=row.tenant_id.bytes + row.id.bytes
    )
    headers = signed_headers(
        secrets_of(endpoint, now), message_id=str(row.id), at=now, body=body
    )
    return _Ready(
        endpoint_id=endpoint.id,
        url=endpoint.url,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Palestra-Webhooks/1",
            **headers,
        },
        body=body,
        sender=service(Sender),
    )


def secrets_of(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The secrets that sign at a moment, the present one first."""
    sealed = [endpoint.secret]
    if endpoint.previous_secret is not None and endpoint.previous_until is not None:
        sealed += [endpoint.previous_secret] if now < endpoint.previous_until else []
    bound_to = endpoint.tenant_id.bytes + endpoint.id.bytes
    vault = service(Vault)
    return [
        vault.open(one, purpose=SECRETS, bound_to=bound_to).decode() for one in sealed
    ]


def _taken(delivery_id: UUID, answer: Answer) -> None:
    row = repository.find_delivery(delivery_id)
    if row is None:  # the endpoint was deleted meanwhile, or the person erased
        return
    row.status, row.last_error = DeliveryStatus.DELIVERED, None
    row.response_status, row.delivered_at = answer.status, utc_now()
    log.info("webhook.delivered", delivery=str(row.id), type=row.type)


def _refused(delivery_id: UUID, endpoint_id: UUID, answer: Answer) -> bool:
    """Notes that it was not taken; False when it has to be tried again."""
    # The endpoint first, in the order in which deleting it takes both.
    endpoint = repository.find_endpoint(endpoint_id, lock=True)
    row = repository.find_delivery(delivery_id)
    if endpoint is None or row is None:
        return True
    row.response_status, row.last_error = answer.status, answer.reason
    row.first_failed_at = row.first_failed_at or utc_now()
    repository.save()
    if _switched_off(endpoint, answer) or current_job().last_attempt:
        _fail(row, answer.reason)
        return True
    return False


def _switched_off(endpoint: WebhookEndpoint, answer: Answer) -> bool:
    """Switches an endpoint off that is gone, or has been failing for days."""
    if not endpoint.enabled:
        return True
    if answer.gone:
        reason = DisabledReason.GONE
    else:
        since = repository.failing_since(endpoint.id, endpoint.enabled_at)
        if since is None or utc_now() - since < GIVE_UP_AFTER:
            return False
        reason = DisabledReason.FAILING
    endpoint.disabled_reason, endpoint.disabled_at = reason, utc_now()
    log.warning("webhook.endpoint_disabled", endpoint=str(endpoint.id), reason=reason)
    return True


def _fail(row: WebhookDelivery, reason: str) -> None:
    row.status, row.last_error = DeliveryStatus.FAILED, reason
    log.warning("webhook.failed", delivery=str(row.id), type=row.type, reason=reason)
