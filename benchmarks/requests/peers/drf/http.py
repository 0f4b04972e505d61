"""Around the views: headers, the line in the log, the envelope, refusals."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from benchmarks.requests.peers.common import errors
from benchmarks.requests.peers.common.http import (
    SECURITY_HEADERS,
    log_request,
    trace_id_of,
)

_log = logging.getLogger(__name__)

_CONSTRAINTS: dict[str, errors.Refused] = {
    "scheduling_sessions_coach_free": errors.Overlap(details={"who": "coach"}),
    "scheduling_sessions_client_free": errors.Overlap(details={"who": "client"}),
    "uq_idempotency_keys__tenant_id_scope": errors.IdempotencyInProgress(),
    "uq_passes_ledger__session": errors.SessionCovered(),
}


def request_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Gives each request its trace id, headers and line in the log."""

    def handle(request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        request.trace_id = trace_id_of(request.headers.get("X-Request-Id"))
        response = get_response(request)
        for name, value in SECURITY_HEADERS.items():
            response.headers[name] = value
        response.headers["X-Request-Id"] = request.trace_id
        response.headers["Content-Length"] = str(len(response.content))
        log_request(
            traceId=request.trace_id,
            tenant=getattr(request, "tenant_slug", None),
            userId=getattr(request, "caller_id", None),
            method=request.method,
            route=request.resolver_match.route if request.resolver_match else None,
            status=response.status_code,
            ms=round((perf_counter() - started) * 1000, 2),
        )
        return response

    return handle


def success(
    request: Request,
    data: Any,
    *,
    status: int = 200,
    pagination: dict[str, Any] | None = None,
) -> Response:
    """Answers with data, in the envelope."""
    meta: dict[str, Any] = {"traceId": request.trace_id}
    if pagination is not None:
        meta["pagination"] = pagination
    return Response({"ok": True, "data": data, "meta": meta}, status=status)


def failure(request: Request, error: errors.Refused) -> Response:
    """Answers with a refusal, in the envelope; what was written stays."""
    meta = {"traceId": request.trace_id}
    told = {"ok": False, "error": error.body(), "meta": meta}
    return Response(told, status=error.status)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Undoes what was written, and answers with the refusal."""
    set_rollback()
    return failure(context["request"], _refused(error))


def _refused(error: Exception) -> errors.Refused:
    if isinstance(error, errors.Refused):
        return error
    if isinstance(error, IntegrityError):
        name = error.__cause__.diag.constraint_name
        if name in _CONSTRAINTS:
            return _CONSTRAINTS[name]
    if isinstance(error, exceptions.ValidationError | exceptions.ParseError):
        return errors.ValidationFailed(details={"body": error.detail})
    if isinstance(error, exceptions.APIException):
        return _named(error)
    _log.error("http.defect", exc_info=error)
    return errors.Refused()


def _named(error: exceptions.APIException) -> errors.Refused:
    known = errors.NotFound() if error.status_code == 404 else errors.Forbidden()  # noqa: PLR2004 — Not Found
    if error.status_code in {405, 406, 415}:
        known = errors.ValidationFailed(str(error.detail))
    return known


@transaction.non_atomic_requests
def ready(_request: HttpRequest) -> HttpResponse:
    """Answers as soon as requests can be served."""
    return HttpResponse(b'{"ok":true}', content_type="application/json")
