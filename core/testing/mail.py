"""A real mail server on loopback: what the platform sent, as it arrived."""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from core.app import Installation
from core.notifications.office import PostOffice
from core.notifications.transport import SmtpTransport

TAKEN = "250 OK"

_PATIENCE_S = 60
"""So long the server may take to start, however busy the machine is."""


class MailServer:
    """What arrived, and what will be answered.

    Attributes:
        replies: Answers to the next messages, in order; then all are taken.
        recipients: Answers to the next RCPT commands, likewise.
        wire: Each message as it came.
        envelopes: Sender and recipients of each.
        secured: Whether each came over TLS.
    """

    def __init__(self) -> None:
        self.replies: deque[str] = deque()
        self.recipients: deque[str] = deque()
        self.wire: list[bytes] = []
        self.envelopes: list[tuple[str | None, list[str]]] = []
        self.secured: list[bool] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, as ``SMTP_URL`` is written."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[EmailMessage]:
        """What arrived, oldest first."""
        return [message_from_bytes(one, policy=policy.default) for one in self.wire]

    def to(self, address: str) -> list[EmailMessage]:
        """What arrived for one address, oldest first."""
        return [
            message
            for message, (_sender, recipients) in zip(
                self.messages, self.envelopes, strict=True
            )
            if address in recipients
        ]

    async def handle_RCPT(  # noqa: N802 — the library's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Takes a recipient, unless another answer was arranged."""
        answer = self.recipients.popleft() if self.recipients else TAKEN
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 — the library's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Takes a message, unless another answer was arranged."""
        answer = self.replies.popleft() if self.replies else TAKEN
        if answer == TAKEN:
            assert isinstance(envelope.content, bytes)
            self.wire.append(envelope.content)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
            self.secured.append(session.ssl is not None)
        return answer


class _Controller(Controller):
    """Controller that listens on a socket it is given, which nobody else can take.

    Its loop is closed at the end, as warnings are errors here.
    """

    def __init__(self, handler: Any, listening: socket.socket, **options: Any) -> None:
        host, port = listening.getsockname()
        super().__init__(
            handler,
            hostname=host,
            port=port,
            loop=asyncio.new_event_loop(),
            ready_timeout=_PATIENCE_S,
            **options,
        )
        self._listening = listening

    @override
    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(
            self._factory_invoker, sock=self._listening, ssl=self.ssl_context
        )

    @override
    def stop(self, no_assert: bool = False) -> None:
        super().stop(no_assert)
        if not self.loop.is_closed():
            self.loop.close()


@contextmanager
def mail_server(port: int = 0, **options: Any) -> Iterator[MailServer]:
    """Runs a server on loopback, on a port that is free unless one is given."""
    server = MailServer()
    with smtp_on_loopback(server, port, **options) as server.port:
        yield server


@contextmanager
def smtp_on_loopback(handler: Any, port: int = 0, **options: Any) -> Iterator[int]:
    """Runs a handler of aiosmtpd on loopback, and gives its port.

    Args:
        handler: Has methods such as ``handle_DATA``.
        port: Where; 0 for one that is free.
        options: Of aiosmtpd's ``Controller`` and ``SMTP``.
    """
    listening = socket.create_server(("127.0.0.1", port))
    controller = _Controller(handler, listening, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def captured_mail(installation: Installation) -> Iterator[MailServer]:
    """Has an installation mail to a server of the block's own."""
    with mail_server() as server:
        usual = installation.services.get(PostOffice)
        here = replace(usual, transport=SmtpTransport.of(server.url))
        installation.services.put(PostOffice, here)
        try:
            yield server
        finally:
            installation.services.put(PostOffice, usual)
