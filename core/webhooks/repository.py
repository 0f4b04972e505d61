"""All SQL on webhooks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from core.db.locks import lock_ids
from core.db.statement import Statement, given
from core.db.unit import session
from core.db.writes import insert_new
from core.http.page import Page, SortKey
from core.ids import NIL
from core.jobs.models import JobState, OutboxJob
from core.webhooks.errors import DeliveryUnknown, EndpointUnknown
from core.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookReceipt

ENDPOINT_SORTS = {
    "created_at": WebhookEndpoint.created_at,
    "url": WebhookEndpoint.url,
}
DELIVERY_SORTS = {"created_at": WebhookDelivery.created_at}

_RECEIVERS = Statement(
    select(WebhookEndpoint.id).where(
        WebhookEndpoint.disabled_reason.is_(None),
        WebhookEndpoint.types.contains(given("types")),
    )
)

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
    statement = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)
    if lock:
        statement = statement.with_for_update().execution_options(
            populate_existing=True
        )
    return session().scalar(statement)


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
    return session().scalar(select(func.count()).select_from(WebhookEndpoint)) or 0


def list_endpoints(*, page: int, limit: int, sort: Sequence[SortKey]) -> Page:
    """One page of the endpoints."""
    order: list[Any] = [
        ENDPOINT_SORTS[key.name].desc() if key.descending else ENDPOINT_SORTS[key.name]
        for key in sort
    ]
    rows = session().scalars(
        select(WebhookEndpoint)
        .order_by(*order, WebhookEndpoint.id)
        .limit(limit)
        .offset((page - 1) * limit)
    )
    total = session().scalar(select(func.count()).select_from(WebhookEndpoint))
    return Page(items=rows.all(), page=page, limit=limit, total=total or 0)


def receivers_of(name: str) -> list[UUID]:
    """The endpoints that are on and get a type."""
    return [row.id for row in session().read(_RECEIVERS, types=[name])]


def find_delivery(delivery_id: UUID) -> WebhookDelivery | None:
    """A delivery of this gym, locked until the unit of work ends."""
    return session().scalar(
        select(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id)
        .with_for_update()
    )


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
    page, limit = filters["page"], filters["limit"]
    criteria: list[ColumnElement[bool]] = [WebhookDelivery.endpoint_id == endpoint_id]
    if "status" in filters:
        criteria.append(WebhookDelivery.status == filters["status"])
    if "type" in filters:
        criteria.append(WebhookDelivery.type == filters["type"])
    falling = sort[-1].descending
    order: list[Any] = [
        DELIVERY_SORTS[key.name].desc() if key.descending else DELIVERY_SORTS[key.name]
        for key in sort
    ]
    rows = session().scalars(
        select(WebhookDelivery)
        .where(*criteria)
        .order_by(*order, WebhookDelivery.id.desc() if falling else WebhookDelivery.id)
        .limit(limit)
        .offset((page - 1) * limit)
    )
    total = session().scalar(
        select(func.count()).select_from(WebhookDelivery).where(*criteria)
    )
    return Page(items=rows.all(), page=page, limit=limit, total=total or 0)


def failing_since(endpoint_id: UUID, not_before: datetime) -> datetime | None:
    """When an endpoint first failed after the last time that it took anything.

    Args:
        endpoint_id: Which.
        not_before: Failures before this moment do not count.
    """
    last_taken = session().scalar(
        select(func.max(WebhookDelivery.delivered_at)).where(
            WebhookDelivery.endpoint_id == endpoint_id
        )
    )
    since = max(not_before, last_taken) if last_taken else not_before
    return session().scalar(
        select(func.min(WebhookDelivery.first_failed_at)).where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.first_failed_at >= since,
        )
    )


def job_lives(job_id: UUID | None) -> bool:
    """Says whether a delivery's job is still going to run, or running."""
    state = session().scalar(select(OutboxJob.state).where(OutboxJob.id == job_id))
    return state in _LIVE


def add_receipt(values: Mapping[str, Any]) -> bool:
    """Writes a receipt; False when the provider's event is known already.

    Waits for whoever is writing the same one, and sees how that ends.
    """
    return bool(insert_new(session(), WebhookReceipt, [values]))


def find_receipt(receipt_id: UUID) -> WebhookReceipt | None:
    """A receipt of this gym."""
    return session().scalar(
        select(WebhookReceipt).where(WebhookReceipt.id == receipt_id)
    )
