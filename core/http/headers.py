"""Security headers and the trace id on every answer."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from core import context
from core.http.envelope import JSON

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ALWAYS: Final[tuple[tuple[str, str], ...]] = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "no-referrer"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
_NAMES = {name.lower() for name, _ in _ALWAYS}
_NOT_KEPT = ("Cache-Control", "no-store")


def install(app: Flask) -> None:
    """Adds the headers; a route that needs a wider policy sets its own."""
    app.wsgi_app = HeadersMiddleware(app.wsgi_app)  # type: ignore[method-assign]


class HeadersMiddleware:
    """Completes the headers of each answer as they are sent.

    Not in an ``after_request``: Werkzeug looks through all headers for each one that
    is set, and copies every one of them when the answer is sent.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        def start(
            status: str, headers: list[tuple[str, str]], *error: Any
        ) -> Callable[[bytes], object]:
            return start_response(status, _completed(headers), *error)

        return self._app(environ, start)


def _completed(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    given = {name.lower(): value for name, value in headers}
    added = _ALWAYS
    if not _NAMES.isdisjoint(given):
        added = tuple(one for one in _ALWAYS if one[0].lower() not in given)
    own = [("X-Request-Id", context.current().trace_id)]
    # API answers are somebody's; nothing in between may keep them.
    kind = given.get("content-type", "").partition(";")[0].strip()
    if kind == JSON and "cache-control" not in given:
        own.append(_NOT_KEPT)
    return [*headers, *added, *own]
