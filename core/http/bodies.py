"""Bodies are read whole, and within bounds, before anything else happens.

A caller who announces a body and does not send it would otherwise hold a thread, and
behind log-in a database transaction, for as long as it pleases. So the body is read
here, outside every transaction, and only part of a process's threads may be waiting for
one at any moment: the others go on serving.

The content of files is too large for that. The one route that takes it reads it by
itself, a little at a time; what holds here is that few do so at once.
"""

import io
import re
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

import orjson

from core.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STREAMED = "palestra.streamed"
"""Set in the environment of a request whose body the route must read by itself."""

_UPLOADS = re.compile(r"(/t/[^/]+)?/api/v1/files/upload/[A-Za-z0-9_-]+")

_BUSY_AFTER_S = 0.1
"""How long a request waits for one of the places where bodies are read."""


class BodyMiddleware:
    """Replaces ``wsgi.input`` by what was read of it.

    Args:
        app: What is called then.
        max_bytes: A longer body is left unread; the route answers 413.
        at_once: How many bodies may be waited for at the same time; keep it below the
            number of threads. One of them is never the content of a file.
    """

    def __init__(self, app: "WSGIApplication", *, max_bytes: int, at_once: int) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._places = threading.BoundedSemaphore(max(1, at_once))
        self._uploads = threading.BoundedSemaphore(max(1, at_once - 1))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if _is_upload(environ):
            return self._streamed(environ, start_response)
        wanted = self._wanted(environ)
        if wanted == 0:
            return self._app(environ, start_response)
        if not self._places.acquire(timeout=_BUSY_AFTER_S):
            return _busy(start_response)
        try:
            body = environ["wsgi.input"].read(wanted)
        finally:
            self._places.release()
        environ["wsgi.input"] = io.BytesIO(body)
        return self._app(environ, start_response)

    def _streamed(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Keeps a place for as long as the route works, which reads the body."""
        if not self._uploads.acquire(timeout=_BUSY_AFTER_S):
            return _busy(start_response)
        try:
            if not self._places.acquire(timeout=_BUSY_AFTER_S):
                return _busy(start_response)
            try:
                environ[STREAMED] = True
                return self._app(environ, start_response)
            finally:
                self._places.release()
        finally:
            self._uploads.release()

    def _wanted(self, environ: "WSGIEnvironment") -> int:
        """How many bytes to read: none where there is no body, or far too much."""
        if environ.get("HTTP_TRANSFER_ENCODING"):
            return self._max_bytes + 1
        length = environ.get("CONTENT_LENGTH") or "0"
        announced = int(length) if length.isdecimal() else 0
        return announced if announced <= self._max_bytes else 0


def _is_upload(environ: "WSGIEnvironment") -> bool:
    """Says whether the content of a file is sent, by the path as the server saw it."""
    whole = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return environ["REQUEST_METHOD"] == "PUT" and bool(_UPLOADS.fullmatch(whole))


def is_streamed(environ: "WSGIEnvironment") -> bool:
    """Says whether the route reads the body by itself."""
    return bool(environ.get(STREAMED))


def _busy(start_response: "StartResponse") -> Iterable[bytes]:
    """Answers 503; the request's own context is not there yet."""
    error = Unavailable("Too many unfinished requests at once; try again shortly.")
    body = {"ok": False, "error": {"code": error.code, "message": str(error)}}
    headers = [("Content-Type", "application/json"), ("Retry-After", "1")]
    start_response("503 Service Unavailable", headers)
    return [orjson.dumps({**body, "meta": {"traceId": None}})]
