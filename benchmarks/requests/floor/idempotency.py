"""``Idempotency-Key``: a create that is sent twice takes effect once."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import orjson

from benchmarks.requests.floor import database
from benchmarks.requests.floor.errors import Refused, unreadable
from benchmarks.requests.floor.ids import new_id
from benchmarks.requests.floor.wire import Answer, Request
from core.clock import utc_now

_KEPT_FOR = timedelta(hours=24)
_MAX_KEY = 255

_LOCK = "SELECT pg_try_advisory_xact_lock(%s)"
_KEPT = (
    "SELECT fingerprint, status, headers, body, created_at FROM idempotency_keys"
    " WHERE tenant_id = %s AND scope = %s"
)
_FORGET = "DELETE FROM idempotency_keys WHERE tenant_id = %s AND scope = %s"
_KEEP = (
    "INSERT INTO idempotency_keys (tenant_id, id, scope, fingerprint, status,"
    " headers, body, created_at)"
)


def once(request: Request, work: Callable[[Request], Answer]) -> Answer:
    """Answers from the first success, or works and keeps the answer."""
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return work(request)
    if not (0 < len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
        raise unreadable(
            f"Idempotency-Key takes 1 to {_MAX_KEY} printable ASCII characters."
        )
    caller, tenant = request.caller().user_id, request.tenant
    scope = _digest(
        caller.encode(), request.method.encode(), request.path.encode(), key.encode()
    )
    query = request.environ.get("QUERY_STRING", "").encode()
    fingerprint = _digest(query, request.body)
    number = int.from_bytes(_digest(tenant.encode(), scope)[:8], signed=True)
    locked = database.row(_LOCK, (number,))
    kept = database.row(_KEPT, (tenant, scope))
    if locked is None or (kept is None and not locked[0]):
        raise Refused(
            409,
            "IDEMPOTENCY_IN_PROGRESS",
            "A request with this Idempotency-Key is still running.",
        )
    if kept is not None and locked[0] and kept[4] < utc_now() - _KEPT_FOR:
        database.run(_FORGET, (tenant, scope))
        kept = None
    if kept is not None:
        return _replay(kept, fingerprint)
    answer = work(request)
    values = (
        tenant,
        new_id(),
        scope,
        fingerprint,
        answer.status,
        "{}",
        answer.body,
        utc_now(),
    )
    database.leave(_KEEP, values)
    return answer


def _replay(kept: database.Row, fingerprint: bytes) -> Answer:
    known, status, headers, body, _created_at = kept
    if known != fingerprint:
        raise Refused(
            422,
            "IDEMPOTENCY_KEY_REUSED",
            "This Idempotency-Key was used with another request.",
        )
    replayed = (*headers.items(), ("Idempotent-Replayed", "true"))
    return Answer(status, body, replayed)


def _digest(*parts: bytes) -> bytes:
    """A digest that no two different sequences of parts share."""
    lengths = orjson.dumps([len(part) for part in parts])
    return hashlib.sha256(lengths + b"".join(parts)).digest()
