"""All SQL on webhooks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from core.db.locks import lock_ids
from core.db.statement import Statement, given
from core.db.unit import session
from core.db.writes import insert_new
from core.http.page import Page, SortKey
from core.http.pages import Pages
from core.ids import NIL
from core.jobs.models import JobState, OutboxJob
from core.webhooks.errors import DeliveryUnknown, EndpointUnknown
from core.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookReceipt

ENDPOINT_SORTS = {
    "created_at": WebhookEndpoint.created_at,
    "url": WebhookEndpoint.url,
}
DELIVERY_SORTS = {"created_at": WebhookDelivery.created_at}

_ENDPOINTS = Pages(WebhookEndpoint, filters={}, sorts=ENDPOINT_SORTS)
_DELIVERIES = Pages(
    WebhookDelivery,
    WebhookDelivery.endpoint_id == given("endpoint_id"),
    filters={
        "status": WebhookDelivery.status == given("status"),
        "type": WebhookDelivery.type == given("type"),
    },
    sorts=DELIVERY_SORTS,
)
_RECEIVERS = Statement(
    select(WebhookEndpoint.id).where(
        WebhookEndpoint.disabled_reason.is_(None),
        WebhookEndpoint.types.contains(given("types")),
    )
)
_BY_ID = select(WebhookEndpoint).where(WebhookEndpoint.id == given("id"))
_READ = Statement(_BY_ID)
_LOCKED = Statement(_BY_ID.with_for_update(), refresh=True)
_COUNT = Statement(select(func.count()).select_from(WebhookEndpoint))
_DELIVERY = Statement(
    select(WebhookDelivery).where(WebhookDelivery.id == given("id")).with_for_update(),
    refresh=True,
)
_LAST_TAKEN = Statement(
    select(func.max(WebhookDelivery.delivered_at)).where(
        WebhookDelivery.endpoint_id == given("endpoint_id")
    )
)
_FIRST_FAILED = Statement(
    select(func.min(WebhookDelivery.first_failed_at)).where(
        WebhookDelivery.endpoint_id == given("endpoint_id"),
        WebhookDelivery.first_failed_at >= given("since"),
    )
)
_JOB_STATE = Statement(select(OutboxJob.state).where(OutboxJob.id == given("job_id")))
_RECEIPT = Statement(select(WebhookReceipt).where(WebhookReceipt.id == given("id")))

_LIVE = (JobState.PENDING, JobState.QUEUED, JobState.RUNNING)


def add(row: WebhookEndpoint | WebhookDelivery) -> None:
    """Writes a new row."""
    session().add(row)


def save() -> None:
    """Writes what changed."""
    session().flush()


def remove(row: WebhookEndpoint) -> None:
    """Deletes an endpoint; its deliveries go with it."""
    session().delete(row)
    session().flush()


def find_endpoint(endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint | None:
    """An endpoint of this gym; ``lock`` keeps others from changing it."""
    found: WebhookEndpoint | None = session().read_one(
        _LOCKED if lock else _READ, id=endpoint_id
    )
    return found


def endpoint(endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    """An endpoint of this gym.

    Raises:
        EndpointUnknown: There is none.
    """
    found = find_endpoint(endpoint_id, lock=lock)
    if found is None:
        raise EndpointUnknown
    return found


def count_endpoints() -> int:
    """How many endpoints this gym has; until the unit of work ends nobody adds one."""
    lock_ids(session(), NIL)
    return int(session().read_value(_COUNT))


def list_endpoints(*, page: int, limit: int, sort: Sequence[SortKey]) -> Page:
    """One page of the endpoints."""
    return _ENDPOINTS.read(session(), {}, page=page, limit=limit, sort=sort)


def receivers_of(name: str) -> list[UUID]:
    """The endpoints that are on and get a type."""
    return [row.id for row in session().read(_RECEIVERS, types=[name])]


def find_delivery(delivery_id: UUID) -> WebhookDelivery | None:
    """A delivery of this gym, locked until the unit of work ends."""
    found: WebhookDelivery | None = session().read_one(_DELIVERY, id=delivery_id)
    return found


def delivery(endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """A delivery to an endpoint, locked until the unit of work ends.

    Raises:
        DeliveryUnknown: There is none.
    """
    found = find_delivery(delivery_id)
    if found is None or found.endpoint_id != endpoint_id:
        raise DeliveryUnknown
    return found


def list_deliveries(
    endpoint_id: UUID, filters: Mapping[str, Any], *, sort: Sequence[SortKey]
) -> Page:
    """One page of an endpoint's deliveries.

    Args:
        endpoint_id: Whose.
        filters: ``page`` and ``limit``; ``status`` and ``type`` where they are given.
        sort: Keys of ``DELIVERY_SORTS``.
    """
    wanted = {name: filters.get(name) for name in ("status", "type")}
    return _DELIVERIES.read(
        session(),
        {**wanted, "endpoint_id": endpoint_id},
        page=filters["page"],
        limit=filters["limit"],
        sort=sort,
    )


def failing_since(endpoint_id: UUID, not_before: datetime) -> datetime | None:
    """When an endpoint first failed after the last time that it took anything.

    Args:
        endpoint_id: Which.
        not_before: Failures before this moment do not count.
    """
    last_taken = session().read_value(_LAST_TAKEN, endpoint_id=endpoint_id)
    since = max(not_before, last_taken) if last_taken else not_before
    failed: datetime | None = session().read_value(
        _FIRST_FAILED, endpoint_id=endpoint_id, since=since
    )
    return failed


def job_lives(job_id: UUID | None) -> bool:
    """Says whether a delivery's job is still going to run, or running."""
    return session().read_value(_JOB_STATE, job_id=job_id) in _LIVE


def add_receipt(values: Mapping[str, Any]) -> bool:
    """Writes a receipt; False when the provider's event is known already.

    Waits for whoever is writing the same one, and sees how that ends.
    """
    return bool(insert_new(session(), WebhookReceipt, [values]))


def find_receipt(receipt_id: UUID) -> WebhookReceipt | None:
    """A receipt of this gym."""
    found: WebhookReceipt | None = session().read_one(_RECEIPT, id=receipt_id)
    return found
