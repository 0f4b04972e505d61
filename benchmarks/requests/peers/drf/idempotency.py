"""``Idempotency-Key``: a create that is sent twice takes effect once."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from benchmarks.requests.peers.common import errors
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.common.http import digest
from benchmarks.requests.peers.drf.models import IdempotencyKey

KEPT_FOR = timedelta(hours=24)

_JSON = "application/json"
_OK = range(200, 300)


def idempotent(
    view: Callable[[Any, Request], Response],
) -> Callable[[Any, Request], HttpResponse]:
    """Answers from the first success, or keeps this one in its own transaction.

    Of two at the same moment the unique constraint lets one through.
    """

    @wraps(view)
    def once(self: Any, request: Request) -> HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(self, request)
        scope = digest(request.user.id, request.method, request.path, key)
        fingerprint = digest(
            request.META.get("QUERY_STRING", ""),
            request._request.body,  # noqa: SLF001 — the parser reads it from there
        )
        kept = IdempotencyKey.objects.filter(scope=scope).first()
        if kept is not None and kept.created_at > utc_now() - KEPT_FOR:
            return _replay(kept, fingerprint)
        if kept is not None:
            kept.delete()
        response = view(self, request)
        if response.status_code not in _OK:
            return response
        body = request.accepted_renderer.render(response.data)
        IdempotencyKey.objects.create(
            tenant_id=request.gym.id,
            scope=scope,
            fingerprint=fingerprint,
            status=response.status_code,
            body=body,
        )
        return HttpResponse(body, status=response.status_code, content_type=_JSON)

    return once


def _replay(kept: IdempotencyKey, fingerprint: bytes) -> HttpResponse:
    if bytes(kept.fingerprint) != fingerprint:
        raise errors.IdempotencyKeyReused
    answer = HttpResponse(bytes(kept.body), status=kept.status, content_type=_JSON)
    answer.headers["Idempotent-Replayed"] = "true"
    return answer
