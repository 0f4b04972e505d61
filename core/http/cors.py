"""Which web origins may call a gym's API from a browser.

Written by hand: flask-cors takes its origins when the application is built, while
ours belong to the gym that each request addresses.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from flask import Request, Response

from core import context
from core.context import Gym
from core.http.blueprint import API
from core.http.edge import Header

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

METHODS = "GET, POST, PUT, PATCH, DELETE"

REQUEST_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    "X-CSRF-Token, X-Request-Id, X-Tenant"
)
"""What a page may send besides the headers that browsers always let through."""

RESPONSE_HEADERS = (
    "Allow, Content-Disposition, ETag, Idempotent-Replayed, Link, Location, "
    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
    "X-CSRF-Token, X-Request-Id"
)
"""What a page may read besides the headers that browsers always let through."""

PREFLIGHT_SECONDS = 600
"""How long a browser may keep the answer to a preflight."""

LastKnown = Callable[[Request], Gym | None]

_VARY: Final = ("Vary", "Origin")
_GRANTED: Final = "Access-Control-Allow-Origin"


class Cors:
    """Says which pages may call a gym and read its answers.

    Args:
        default_origins: For gyms that list no origins of their own.
        last_known: Gives the gym that a request addresses as this process last saw
            it, without asking the database and without raising. It serves requests
            that are refused before their gym is entered, so that a page can read
            the refusal.
    """

    def __init__(self, default_origins: Sequence[str], last_known: LastKnown) -> None:
        self._default = frozenset(map(str.lower, default_origins))
        self._last_known = last_known

    def allows(self, gym: Gym | None, origin: str) -> bool:
        """Whether pages of ``origin`` may call the gym.

        ``null``, the origin of sandboxed frames and local files, is everybody's and
        so never allowed.
        """
        if gym is None or origin == "null":
            return False
        return origin in (gym.cors_origins or self._default)

    def preflight(self, request: Request, gym: Gym) -> Response:
        """Answers what ``is_preflight`` says is one, before caller or route is known.

        The answer tells whether the origin may call this gym, and nothing about the
        path: it is the same for routes that exist, that are switched off and that
        never were.
        """
        response = Response(status=204)
        origin = request.headers["Origin"]
        if self.allows(gym, origin):
            response.headers.extend(_grants(origin))
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response

    def headers(
        self, environ: "WSGIEnvironment", given: Mapping[str, str]
    ) -> Iterable[Header]:
        """Headers for any answer of the API, refusals included."""
        if not _is_api(environ["PATH_INFO"]):
            return ()
        origin = environ.get("HTTP_ORIGIN")
        if origin is None or _GRANTED.lower() in given:
            return (_VARY,)
        gym = context.current().gym or self._last_known(Request(environ))
        if not self.allows(gym, origin):
            return (_VARY,)
        exposed = ("Access-Control-Expose-Headers", RESPONSE_HEADERS)
        return (_VARY, *_grants(origin), exposed)


def is_preflight(request: Request) -> bool:
    """Whether a browser asks leave for the request that it is about to send."""
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


def _grants(origin: str) -> Sequence[Header]:
    return (_GRANTED, origin), ("Access-Control-Allow-Credentials", "true")


def _is_api(path: str) -> bool:
    return path == API or path.startswith(f"{API}/")
