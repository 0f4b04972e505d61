"""The path prefix ``/t/<slug>``: every gym's address where gyms share one host."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH_SLUG = "palestra.slug"
"""WSGI key under which the slug of the path prefix is handed on."""

PREFIX = "/t/"


class PathPrefixMiddleware:
    """Moves ``/t/<slug>`` from the path to the mount point, and notes the slug.

    The application behind it sees the same paths with and without the prefix, while
    links that it builds keep it.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            slug, _, rest = path.removeprefix(PREFIX).partition("/")
            if slug:
                # Cookies are limited to this path: one spelling, whatever was typed.
                slug = slug.lower()
                environ[PATH_SLUG] = slug
                mounted_at = environ.get("SCRIPT_NAME", "")
                environ["SCRIPT_NAME"] = f"{mounted_at}{PREFIX}{slug}"
                environ["PATH_INFO"] = f"/{rest}"
        return self._app(environ, start_response)
