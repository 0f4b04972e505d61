"""Webhooks that come in: who sent them, just now, and each of them once.

A plugin's public route reads the raw body, verifies it by one of the two functions here
and hands the event to ``receive_once``.
"""

import binascii
import hashlib
import hmac
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import orjson

from core.clock import utc_now
from core.config.vault import Vault
from core.context import current
from core.db.services import service
from core.ids import new_id
from core.jobs.actor import JobActor
from core.jobs.outbox import enqueue
from core.webhooks import repository
from core.webhooks.errors import ReceiptUnknown, SignatureInvalid
from core.webhooks.models import RECEIPTS
from core.webhooks.signing import key_of, signature

TOLERANCE_S: Final = 300
"""Seconds that a signature may be older or newer than our clock."""

MAX_ID: Final = 255
_MAX_SIGNATURES = 20
_MAX_DIGITS = 12


class Headers(Protocol):
    """Headers of a request; names are found in any case."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a header, else ``default``."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A webhook that came in.

    Attributes:
        provider: Who sent it.
        event_id: The provider's id of it.
        payload: What it said.
        received_at: When it first came.
    """

    provider: str
    event_id: str
    payload: Mapping[str, Any]
    received_at: datetime


def verify_standard(body: bytes, headers: Headers, secrets: Iterable[str]) -> str:
    """Verifies a webhook signed by Standard Webhooks.

    Args:
        body: As it came, byte for byte.
        headers: Of the request.
        secrets: ``whsec_…``, any of which may have signed it.

    Returns:
        Its id, the value of ``webhook-id``.

    Raises:
        SignatureInvalid: No signature fits, or it was made more than 300 seconds ago
            or ahead.
    """
    message_id = headers.get("webhook-id", "")
    seconds = headers.get("webhook-timestamp", "")
    if not 0 < len(message_id) <= MAX_ID:
        raise SignatureInvalid
    _require_recent(seconds)
    given = []
    for one in headers.get("webhook-signature", "").split(" ")[:_MAX_SIGNATURES]:
        version, _, text = one.partition(",")
        if version == "v1":
            given.append(_decoded(text))
    expected = [
        signature(key_of(secret), message_id, seconds, body) for secret in secrets
    ]
    _require_match(expected, given)
    return message_id


def verify_stripe(body: bytes, header: str, secrets: Iterable[str]) -> None:
    """Verifies a webhook signed as Stripe does: ``t=…,v1=…,v1=…``.

    The signature is HMAC-SHA256 of ``t.body``, in hexadecimal; the secret is its key
    as it stands, prefix and all.

    Args:
        body: As it came, byte for byte.
        header: The value of ``Stripe-Signature``.
        secrets: Any of which may have signed it.

    Raises:
        SignatureInvalid: No signature fits, or it was made more than 300 seconds ago
            or ahead.
    """
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    if len(times) != 1:
        raise SignatureInvalid
    _require_recent(times[0])
    given = [_unhexed(value) for name, _, value in pairs if name == "v1"]
    content = times[0].encode() + b"." + body
    expected = [
        hmac.digest(secret.encode(), content, hashlib.sha256) for secret in secrets
    ]
    _require_match(expected, given[:_MAX_SIGNATURES])


def receive_once(
    *,
    provider: str,
    event_id: str,
    payload: Mapping[str, Any],
    actor: JobActor[Any] | str,
) -> UUID | None:
    """Takes an event in, unless it is known: its row and its job, or neither.

    Verify it before. Providers send again what they believe lost, and in any order: the
    actor fetches or compares the present state instead of trusting the order.

    Args:
        provider: Who sent it; with the account where a gym may have several.
        event_id: The provider's id. It is remembered for 30 days.
        payload: What it said; kept sealed for as long.
        actor: Gets the receipt's id as ``receipt_id`` and reads it with ``received``.

    Returns:
        The receipt's id; None when the event is known already.

    Raises:
        SignatureInvalid: The id is empty or too long to be one.
    """
    if not 0 < len(event_id) <= MAX_ID or "\0" in event_id:
        raise SignatureInvalid("The event has no usable id.")
    tenant_id, receipt_id = current().require_gym().id, new_id()
    is_new = repository.add_receipt(
        {
            "id": receipt_id,
            "provider": provider,
            "event_id": event_id,
            "payload": service(Vault).seal(
                orjson.dumps(dict(payload)),
                purpose=RECEIPTS,
                bound_to=tenant_id.bytes + receipt_id.bytes,
            ),
            "received_at": utc_now(),
        }
    )
    if not is_new:
        return None
    enqueue(actor, args={"receipt_id": receipt_id})
    return receipt_id


def received(receipt_id: UUID) -> Receipt:
    """A webhook that came in, for the actor of ``receive_once``.

    Raises:
        ReceiptUnknown: It is not this gym's, or more than 30 days old.
    """
    row = repository.find_receipt(receipt_id)
    if row is None:
        raise ReceiptUnknown
    payload = service(Vault).open(
        row.payload, purpose=RECEIPTS, bound_to=row.tenant_id.bytes + row.id.bytes
    )
    return Receipt(row.provider, row.event_id, orjson.loads(payload), row.received_at)


def _require_recent(seconds: str) -> None:
    whole = seconds.isascii() and seconds.isdigit() and len(seconds) <= _MAX_DIGITS
    if not whole or abs(utc_now().timestamp() - int(seconds)) > TOLERANCE_S:
        raise SignatureInvalid


def _require_match(expected: Iterable[bytes], given: Iterable[bytes]) -> None:
    known = list(expected)
    pairs = [(one, other) for one in given for other in known]
    # All are compared, so that the time does not tell which of them fits.
    if not sum(hmac.compare_digest(one, other) for one, other in pairs):
        raise SignatureInvalid


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _unhexed(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
