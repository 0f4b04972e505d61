"""A real service for text messages on loopback, as Apprise's ``json://`` calls it."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import orjson
from typing_extensions import override


@dataclass
class SmsServer:
    """What arrived, and what will be answered.

    Attributes:
        replies: Statuses of the next answers, in order; then 200.
        got: Path, %-decoded, and body of each request that was taken.
    """

    port: int = 0
    replies: deque[int] = field(default_factory=deque)
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}"

    @property
    def texts(self) -> list[str]:
        return [body["message"] for _path, body in self.got]


@contextmanager
def sms_server() -> Iterator[SmsServer]:
    """Runs one on a free port."""
    server = SmsServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            status = server.replies.popleft() if server.replies else 200
            if status == 200:
                server.got.append((unquote(self.path), orjson.loads(content)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, *_arguments: Any) -> None:
            """Says nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = httpd.server_address[1]
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
