"""``Idempotency-Key``: a create that is sent twice takes effect once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.requests.peers.common import errors
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.common.http import digest
from benchmarks.requests.peers.fast.access import Caller
from benchmarks.requests.peers.fast.models import IdempotencyKey
from benchmarks.requests.peers.fast.schemas import Envelope

KEPT_FOR: Final = timedelta(hours=24)
CREATED: Final = 201

_JSON: Final = "application/json"


async def once(
    request: Request,
    db: AsyncSession,
    caller: Caller,
    produce: Callable[[], Awaitable[Envelope[Any] | Response]],
) -> Response:
    """Answers from the first success, or keeps this one in its own transaction.

    Of two at the same moment the unique constraint lets one through.

    Args:
        request: The request, with or without a key.
        db: Its transaction.
        caller: Whose key it is.
        produce: Does the work; a finished response is a refusal and is not kept.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _answer(await produce())
    scope = digest(caller.id, request.method, request.url.path, key)
    fingerprint = digest(request.url.query, await request.body())
    kept = await db.scalar(select(IdempotencyKey).where(IdempotencyKey.scope == scope))
    if kept is not None and kept.created_at > utc_now() - KEPT_FOR:
        return _replay(kept, fingerprint)
    if kept is not None:
        await db.delete(kept)
        await db.flush()
    response = _answer(await produce())
    if response.status_code == CREATED:
        row = IdempotencyKey(
            tenant_id=caller.cause.tenant_id,
            scope=scope,
            fingerprint=fingerprint,
            status=response.status_code,
            body=response.body,
        )
        db.add(row)
    return response


def _answer(produced: Envelope[Any] | Response) -> Response:
    if isinstance(produced, Response):
        return produced
    body = produced.model_dump_json(by_alias=True).encode()
    return Response(body, status_code=CREATED, media_type=_JSON)


def _replay(kept: IdempotencyKey, fingerprint: bytes) -> Response:
    if kept.fingerprint != fingerprint:
        raise errors.IdempotencyKeyReused
    headers = {"Idempotent-Replayed": "true"}
    return Response(kept.body, kept.status, headers, media_type=_JSON)
