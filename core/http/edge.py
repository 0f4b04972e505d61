"""The outermost layer: opens the context of a request, and finishes its answer.

Headers are added as the answer is sent, not in Flask's ``after_request``: Werkzeug
looks through all headers for each one that is set, and copies every one of them when
the answer is sent.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.client import BAD_REQUEST
from typing import TYPE_CHECKING, Any, Final

import structlog

from core import context
from core.context import Context
from core.http.envelope import JSON
from core.http.metrics import count_request
from core.ids import new_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger("palestra.http")

Header = tuple[str, str]

Completion = Callable[["WSGIEnvironment", Mapping[str, str]], Iterable[Header]]
"""Gives headers to add, of a request and the headers that its answer has by now, whose
names are in lower case."""

PROBES = frozenset({"/health", "/ready", "/metrics"})
"""Asked every few seconds by machines; only their failures are worth a line."""

_WELL_FORMED = re.compile(r"^[A-Za-z0-9._-]{8,128}$")

_ALWAYS: Final[tuple[Header, ...]] = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "no-referrer"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
_NAMES: Final = {name.lower() for name, _ in _ALWAYS}
_NOT_KEPT: Final = ("Cache-Control", "no-store")


class Edge:
    """Gives each answer its trace id and headers, counts it and writes a line for it.

    Args:
        app: What is called within the context.
        completions: Give further headers.
    """

    def __init__(
        self, app: "WSGIApplication", completions: Sequence[Completion] = ()
    ) -> None:
        self._app = app
        self._completions = completions

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        here = Context(
            trace_id=_trace_id(environ),
            address=environ.get("REMOTE_ADDR"),
            started=time.perf_counter(),
        )

        def start(
            status: str, headers: list[Header], *error: Any
        ) -> Callable[[bytes], object]:
            completed = self._completed(environ, headers, here.trace_id)
            write = start_response(status, completed, *error)
            _note(here, environ["REQUEST_METHOD"], int(status[:3]))
            return write

        tokens = structlog.contextvars.bind_contextvars(traceId=here.trace_id)
        try:
            with context.use(here):
                return self._app(environ, start)
        finally:
            structlog.contextvars.reset_contextvars(**tokens)

    def _completed(
        self, environ: "WSGIEnvironment", headers: list[Header], trace_id: str
    ) -> list[Header]:
        """All headers of an answer; a route that needs a wider policy sets its own."""
        given = {name.lower(): value for name, value in headers}
        added: Iterable[Header] = _ALWAYS
        if not _NAMES.isdisjoint(given):
            added = [one for one in _ALWAYS if one[0].lower() not in given]
        completed = [*headers, *added, ("X-Request-Id", trace_id)]
        # API answers are somebody's; nothing in between may keep them.
        kind = given.get("content-type", "").partition(";")[0].strip()
        if kind == JSON and "cache-control" not in given:
            completed.append(_NOT_KEPT)
        for complete in self._completions:
            completed.extend(complete(environ, given))
        return completed


def _trace_id(environ: "WSGIEnvironment") -> str:
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _WELL_FORMED.match(given) else str(new_id())


def _note(here: Context, method: str, status: int) -> None:
    """Counts an answer and writes a line for it."""
    seconds = time.perf_counter() - here.started
    method = count_request(method, here.route, status, seconds)
    known = {
        "route": here.route,
        "tenant": here.gym.slug if here.gym else None,
        "userId": here.actor.user_id,
        "apiKeyId": here.actor.api_key_id,
    }
    untold = here.route in PROBES and status < BAD_REQUEST
    (log.debug if untold else log.info)(
        "http.request",
        method=method,
        status=status,
        ms=round(seconds * 1000, 2),
        **{name: str(value) for name, value in known.items() if value is not None},
    )
