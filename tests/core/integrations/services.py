"""Real services on loopback that integrations are tried out against."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from typing_extensions import override

from core.testing.mail import smtp_on_loopback

PASSWORD = "Wiesel-und-Dachs-77"


class MailDoor:
    """A mail server that asks for a password and notes who wants to send.

    Attributes:
        refuses_senders_with: Its reply to MAIL FROM; None takes everybody.
    """

    def __init__(self) -> None:
        self.port = 0
        self.password = PASSWORD
        self.senders: list[str] = []
        self.refuses_senders_with: str | None = None

    def authenticate(
        self,
        _server: SMTP,
        _session: Session,
        _envelope: Envelope,
        _mechanism: str,
        given: Any,
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        right = given.password == self.password.encode()
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(  # noqa: N802 — the library's name
        self,
        _server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if not session.authenticated:
            return "530 log in first"
        if self.refuses_senders_with is not None:
            return self.refuses_senders_with
        self.senders.append(address)
        envelope.mail_from = address
        return "250 OK"


@contextmanager
def mail_door() -> Iterator[MailDoor]:
    """Runs the mail server."""
    door = MailDoor()
    with smtp_on_loopback(
        door, authenticator=door.authenticate, auth_require_tls=False
    ) as door.port:
        yield door


class Gateway:
    """A gateway for text messages, of the kind that Apprise calls SMSEagle."""

    def __init__(self) -> None:
        self.port = 0
        self.status = 200
        self.taken: list[dict[str, Any]] = []


@contextmanager
def sms_gateway() -> Iterator[Gateway]:
    """Runs the gateway."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            gateway.taken.append(json.loads(self.rfile.read(length)))
            answer = json.dumps({"result": {"status": "ok"}}).encode()
            self.send_response(gateway.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Writes no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
