"""``Idempotency-Key``: a create that is sent twice takes effect once.

The key is scoped to gym, user, method and route, and kept with a fingerprint of the
request in the request's own transaction, so that a key without its effect cannot
exist. Only successes are kept: a refused request may be tried again.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from flask import Request, Response
from sqlalchemy import LargeBinary, select
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.context import current
from core.db.base import TenantModel, tenant_table, tenant_unique
from core.db.compiled_writes import Deleting
from core.db.locks import try_lock
from core.db.personal import Retention
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.db.writes import append
from core.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    ValidationFailed,
)
from core.http.envelope import JSON

KEPT_FOR = timedelta(hours=24)
MAX_KEY = 255
_KEPT_HEADERS = ("ETag", "Location")


class IdempotencyKey(TenantModel):
    """The first successful answer to a keyed request."""

    __tablename__ = "idempotency_keys"
    __audited__ = False
    __retention__ = Retention("created_at", days=1)
    __table_args__ = tenant_table(tenant_unique("scope"))

    scope: Mapped[bytes] = mapped_column(LargeBinary)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)


_KEPT = Statement(select(IdempotencyKey).where(IdempotencyKey.scope == given("scope")))
_DROP = Deleting(IdempotencyKey, IdempotencyKey.scope == given("scope"))


def read_key(request: Request) -> str | None:
    """Reads the header.

    Raises:
        ValidationFailed: It is empty, too long or not printable ASCII.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise ValidationFailed(
            f"Idempotency-Key takes 1 to {MAX_KEY} printable ASCII characters."
        )
    return key


def once(
    session: TenantSession,
    request: Request,
    key: str,
    produce: Callable[[], Response],
) -> Response:
    """Answers from the first success, or produces and keeps one.

    Raises:
        IdempotencyInProgress: A request with this key is running.
        IdempotencyKeyReused: The key stands for another request.
    """
    caller = current().actor.holder_id
    scope = _digest(caller, request.method, request.path, key)
    fingerprint = _digest(request.query_string, request.get_data(cache=True))
    mine = _lock(session, session.require_tenant(), scope)
    kept = session.read_one(_KEPT, scope=scope)
    if kept is None and not mine:
        raise IdempotencyInProgress
    if mine and kept is not None and kept.created_at < utc_now() - KEPT_FOR:
        _DROP.run(session, scope=scope)
        kept = None
    if kept is not None:
        if kept.fingerprint != fingerprint:
            raise IdempotencyKeyReused
        return _replay(kept)
    response = produce()
    if response.status_code < 300:  # noqa: PLR2004 — the 2xx
        append(session, IdempotencyKey, [_keep(response, scope, fingerprint)])
    return response


def _lock(session: TenantSession, tenant_id: UUID, scope: bytes) -> bool:
    """Takes the key until this transaction ends; False when it is taken."""
    number = int.from_bytes(_digest(tenant_id, scope)[:8], signed=True)
    return try_lock(session, number)


def _keep(response: Response, scope: bytes, fingerprint: bytes) -> dict[str, Any]:
    return {
        "scope": scope,
        "fingerprint": fingerprint,
        "status": response.status_code,
        "headers": {
            name: response.headers[name]
            for name in _KEPT_HEADERS
            if name in response.headers
        },
        "body": response.get_data(),
        "created_at": utc_now(),
    }


def _replay(kept: IdempotencyKey) -> Response:
    return Response(
        kept.body,
        status=kept.status,
        headers={**kept.headers, "Idempotent-Replayed": "true"},
        content_type=JSON,
    )


def _digest(*parts: object) -> bytes:
    """A digest that no two different sequences of parts share."""
    raw = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    lengths = orjson.dumps([len(part) for part in raw])
    return hashlib.sha256(lengths + b"".join(raw)).digest()
