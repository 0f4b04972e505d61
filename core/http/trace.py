"""The trace id: on the answer, in every log line, audit row and job of a request."""

import re
import time
from collections.abc import Iterable
from http.client import BAD_REQUEST
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, request

from core import context
from core.context import Context
from core.http.metrics import count_request
from core.ids import new_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger("palestra.http")

PROBES = frozenset({"/health", "/ready", "/metrics"})
"""Asked every few seconds by machines; only their failures are worth a line."""

_WELL_FORMED = re.compile(r"^[A-Za-z0-9._-]{8,128}$")


class TraceMiddleware:
    """Opens the context of each request and closes it with the response."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        trace_id = given if _WELL_FORMED.match(given) else str(new_id())
        address = environ.get("REMOTE_ADDR")
        tokens = structlog.contextvars.bind_contextvars(traceId=trace_id)
        try:
            with context.use(Context(trace_id=trace_id, address=address)):
                return self._app(environ, start_response)
        finally:
            structlog.contextvars.reset_contextvars(**tokens)


def install(app: Flask) -> None:
    """Counts each request and writes one line for it."""

    @app.before_request
    def _start() -> None:
        context.current().started = time.perf_counter()

    @app.after_request
    def _finish(response: Response) -> Response:
        here = context.current()
        seconds = time.perf_counter() - here.started
        method, rule = request.method, request.url_rule
        route = rule.rule if rule is not None else None
        status = response.status_code
        count_request(method, route, status, seconds)
        known = {
            "route": route,
            "tenant": here.gym.slug if here.gym else None,
            "userId": here.actor.user_id,
            "apiKeyId": here.actor.api_key_id,
        }
        untold = route in PROBES and status < BAD_REQUEST
        (log.debug if untold else log.info)(
            "http.request",
            method=method,
            status=status,
            ms=round(seconds * 1000, 2),
            **{name: str(value) for name, value in known.items() if value is not None},
        )
        return response
