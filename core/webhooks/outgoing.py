"""Writing webhooks: in the caller's transaction, a row and a job for each receiver."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from core.clock import as_rfc3339, utc_now
from core.config.vault import Vault
from core.context import current
from core.db.services import service
from core.http.schema import camel_case
from core.ids import new_id
from core.jobs.codec import encode
from core.jobs.events import fields_of, public_name
from core.jobs.outbox import enqueue
from core.webhooks import repository
from core.webhooks.catalog import Catalog
from core.webhooks.jobs import deliver
from core.webhooks.models import BODIES, WebhookDelivery

_PEOPLE = ("client_id", "user_id")


def send(name: str, data: Mapping[str, Any], *, about: UUID | None = None) -> int:
    """Sends a webhook to the gym's endpoints that get its type.

    It goes out if the caller's transaction commits, by a job, at least once.

    Args:
        name: Its type, declared in a manifest or in ``webhook_types`` of a part.
        data: What it says: JSON values, ids and moments, with keys as they go out.
            64 KiB at most.
        about: The user whom it is about; it is deleted when they are erased.

    Returns:
        To how many endpoints it goes; 0 while the feature that sends it is off.

    Raises:
        TypeUndeclared: Nobody has declared the type.
        JobDeclarationError: The data cannot be written as JSON, or is too large.
    """
    receivers = _receivers(name)
    _write_all(receivers, name, data, about)
    return len(receivers)


def announce(event: object) -> None:
    """Sends an event, where it is public; heard by ``emit``."""
    name = public_name(event)
    if name is None:
        return
    receivers = _receivers(name)
    if not receivers:
        return
    values = fields_of(event)
    person = next((values[key] for key in _PEOPLE if values.get(key)), None)
    data = {camel_case(key): _plain(values[key]) for key in values}
    _write_all(receivers, name, data, person)


def _receivers(name: str) -> Sequence[UUID]:
    """The endpoints that get a type; none while the feature that sends it is off."""
    catalog = service(Catalog)
    catalog.require(name)
    if not catalog.is_on(name, current().require_gym()):
        return ()
    return repository.receivers_of(name)


def _write_all(
    receivers: Sequence[UUID], name: str, data: Mapping[str, Any], about: UUID | None
) -> None:
    if not receivers:
        return
    body = body_of(name, data)
    for endpoint_id in receivers:
        write(endpoint_id, name, body, about=about)
    repository.save()


def body_of(name: str, data: Mapping[str, Any]) -> bytes:
    """The JSON of a message: ``type``, ``timestamp`` and ``data``."""
    message = {"type": name, "timestamp": as_rfc3339(utc_now()), "data": dict(data)}
    return orjson.dumps(encode(message))


def write(
    endpoint_id: UUID, name: str, body: bytes, *, about: UUID | None = None
) -> WebhookDelivery:
    """Writes one delivery and its job; the caller flushes."""
    tenant_id = current().require_gym().id
    delivery_id = new_id()
    row = WebhookDelivery(
        id=delivery_id,
        endpoint_id=endpoint_id,
        person_id=about,
        type=name,
        body=service(Vault).seal(
            body, purpose=BODIES, bound_to=tenant_id.bytes + delivery_id.bytes
        ),
        job_id=enqueue(deliver, args={"delivery_id": delivery_id}),
    )
    repository.add(row)
    return row


def _plain(value: Any) -> Any:
    return as_rfc3339(value) if isinstance(value, datetime) else value
