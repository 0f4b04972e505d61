"""Flask without what this platform has no use for."""

from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Request, request
from flask.sessions import NullSession, SessionInterface
from typing_extensions import override
from werkzeug.routing import MapAdapter


def the_request() -> Request:
    """The request itself: each look at it through Flask's proxy costs three calls."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001 — Werkzeug's public way


class _NoSessions(SessionInterface):
    """Keeps nothing in cookies; what asks for a session all the same is told so."""

    _none: Final = NullSession()

    @override
    def open_session(self, app: Flask, request: Request) -> NullSession:
        return self._none


class LeanFlask(Flask):
    """Flask that spends nothing on cookie sessions, coroutines and built addresses."""

    session_interface: SessionInterface = _NoSessions()

    @override
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func  # nothing here is a coroutine, and Flask would look seven times

    @override
    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Finds routes by the path alone.

        The host tells gyms apart, which is not the routes' business, and no address
        is made from a route, so nothing is read from it here.
        """
        if request is None:
            return None
        return MapAdapter(
            self.url_map, "", "/", "", "http", request.path, request.method
        )
