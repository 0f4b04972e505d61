"""Around the routes: headers, the line in the log, refusals."""

import logging
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class RequestMiddleware:
    """Gives each request its trace id, headers and line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), 500
        state = scope.setdefault("state", {})
        state["trace_id"] = trace_id_of(Headers(scope=scope).get("x-request-id"))

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update({**SECURITY_HEADERS, "X-Request-Id": state["trace_id"]})
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            log_request(
                traceId=state["trace_id"],
                tenant=state.get("tenant"),
                userId=state.get("user_id"),
                method=scope["method"],
                route=getattr(scope.get("route"), "path", None),
                status=status,
                ms=round((perf_counter() - started) * 1000, 2),
            )


def failure(request: Request, error: errors.Refused) -> JSONResponse:
    """Answers with a refusal, in the envelope."""
    meta = {"traceId": request.state.trace_id}
    told = {"ok": False, "error": error.body(), "meta": meta}
    return JSONResponse(told, status_code=error.status)


def install_handlers(app: FastAPI) -> None:
    """Answers every way in which a request can fail."""
    app.exception_handler(errors.Refused)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(IntegrityError)(_constraint)
    app.exception_handler(HTTPException)(_framework)
    app.exception_handler(Exception)(_defect)


async def _refused(request: Request, error: errors.Refused) -> JSONResponse:
    return failure(request, error)


async def _malformed(request: Request, error: RequestValidationError) -> JSONResponse:
    details: dict[str, dict[str, list[str]]] = {}
    for fault in error.errors():
        where, field = _place(fault["loc"])
        details.setdefault(where, {}).setdefault(field, []).append(fault["msg"])
    return failure(request, errors.ValidationFailed(details=details))


def _place(location: Sequence[Any]) -> tuple[str, str]:
    return str(location[0]), ".".join(map(str, location[1:])) or "_schema"


async def _constraint(request: Request, error: IntegrityError) -> JSONResponse:
    cause = error.orig.__cause__ if error.orig else None
    known = _CONSTRAINTS.get(getattr(cause, "constraint_name", None) or "")
    if known is None:
        return await _defect(request, error)
    return failure(request, known)


async def _framework(request: Request, error: HTTPException) -> JSONResponse:
    if error.status_code == 404:  # noqa: PLR2004 — Not Found
        return failure(request, errors.NotFound())
    return failure(request, errors.ValidationFailed(str(error.detail)))


async def _defect(request: Request, error: Exception) -> JSONResponse:
    _log.error("http.defect", exc_info=error)
    return failure(request, errors.Refused())
