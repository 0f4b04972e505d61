"""A port of its own for the figures, where no web process runs."""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from typing_extensions import override

from core.metrics.door import Door
from core.metrics.exposition import CONTENT_TYPE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
"""Tell that a request was sent on by somebody."""


class _Quiet(WSGIRequestHandler):
    """Writes no line a request, and waits for nobody."""

    timeout = 5

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    @override
    def address_string(self) -> str:
        """The address as it is; a look-up of its name could take seconds."""
        return str(self.client_address[0])


class MetricsPort:
    """Serves ``GET /metrics`` from a thread until it is closed.

    Args:
        host: Address to listen on.
        port: 0 takes any free one.
        render: Gives the figures.
        door: Says who may read them.
    """

    def __init__(
        self, host: str, port: int, *, render: Callable[[], bytes], door: Door
    ) -> None:
        self._render = render
        self._door = door
        self._server = make_server(
            host, port, self._answer, server_class=WSGIServer, handler_class=_Quiet
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics-port", daemon=True
        )
        self._thread.start()

    @property
    def number(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        plain = [("Content-Type", "text/plain; charset=utf-8")]
        admitted = self._door.admits(
            address=environ.get("REMOTE_ADDR"),
            authorization=environ.get("HTTP_AUTHORIZATION"),
            forwarded=any(name in environ for name in FORWARDED),
        )
        if not admitted:
            start_response("403 Forbidden", plain)
            return [b"You may not read this.\n"]
        if environ.get("PATH_INFO") != "/metrics":
            start_response("404 Not Found", plain)
            return [b"There is only /metrics here.\n"]
        if environ.get("REQUEST_METHOD") != "GET":
            start_response("405 Method Not Allowed", [*plain, ("Allow", "GET")])
            return [b"GET it.\n"]
        start_response("200 OK", [("Content-Type", CONTENT_TYPE)])
        return [self._render()]
