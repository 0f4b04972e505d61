"""Which web origins may call a gym's API from a browser.

Written by hand: flask-cors takes its origins when the application is built, while
ours belong to the gym that each request addresses.
"""

from collections.abc import Callable, Sequence

from flask import Flask, Request, Response, current_app, request

from core.context import Gym, current_or_none
from core.http.blueprint import API

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

_DEFAULT = "PALESTRA_CORS_ORIGINS"

LastKnown = Callable[[Request], Gym | None]


def install(app: Flask, default_origins: Sequence[str], last_known: LastKnown) -> None:
    """Adds the headers to API answers, refusals included.

    Args:
        app: The application.
        default_origins: For gyms that list no origins of their own.
        last_known: Gives the gym that a request addresses as this process last saw
            it, without asking the database and without raising. It serves requests
            that are refused before their gym is entered, so that a page can read
            the refusal.
    """
    app.config[_DEFAULT] = frozenset(map(str.lower, default_origins))

    @app.after_request
    def _share(response: Response) -> Response:
        if not _is_api(request.path):
            return response
        if "Vary" in response.headers:
            response.vary.add("Origin")
        else:
            response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin is not None and "Access-Control-Allow-Origin" not in response.headers:
            here = current_or_none()
            gym = here.gym if here is not None else None
            if allows(gym or last_known(request), origin):
                _grant(response, origin)
                response.headers["Access-Control-Expose-Headers"] = RESPONSE_HEADERS
        return response


def preflight(request: Request, gym: Gym) -> Response:
    """Answers what ``is_preflight`` says is one; before the caller or route is known.

    The answer tells whether the origin may call this gym, and nothing about the path:
    it is the same for routes that exist, that are switched off and that never were.
    """
    response = Response(status=204)
    origin = request.headers["Origin"]
    if allows(gym, origin):
        _grant(response, origin)
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response


def is_preflight(request: Request) -> bool:
    """Whether a browser asks leave for the request that it is about to send."""
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


def allows(gym: Gym | None, origin: str) -> bool:
    """Whether pages of ``origin`` may call the gym.

    ``null``, the origin of sandboxed frames and local files, is everybody's and so
    never allowed.
    """
    if gym is None or origin == "null":
        return False
    return origin in (gym.cors_origins or current_app.config[_DEFAULT])


def _grant(response: Response, origin: str) -> None:
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"


def _is_api(path: str) -> bool:
    return path == API or path.startswith(f"{API}/")
