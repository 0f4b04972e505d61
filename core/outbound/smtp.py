"""One connection to a mail server, logged in, for whoever has something to say."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from core.outbound.guard import Guard

_PORTS: Final = {"smtp": 587, "smtps": 465}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where a mail server is, and who we are there.

    ``smtps://`` speaks TLS from the first byte. ``smtp://`` begins plain and changes to
    TLS when the server offers it; a password is sent over TLS, or to this machine
    itself, and to nobody else. Certificates are verified.

    Attributes:
        tls: Whether TLS is spoken from the first byte.
        timeout: How long the server may be silent.
        guard: Holds the host to public addresses; None for one that the operator chose.
        context: Verifies the server; made anew for each connection.
    """

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=20)
    guard: Guard | None = None
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    @classmethod
    def of(
        cls,
        url: str,
        *,
        guard: Guard | None = None,
        timeout: timedelta = timedelta(seconds=20),
    ) -> Self:
        """Reads ``smtp://user:password@host:port``; user and password are %-encoded."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or _PORTS[parts.scheme],
            tls=parts.scheme == "smtps",
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or "") if parts.username else None,
            timeout=timeout,
            guard=guard,
        )

    def connect(self) -> smtplib.SMTP:
        """Opens a connection, with TLS where the server has it, and logs in.

        Raises:
            AddressRefused: The host leads to an address that is not public.
            smtplib.SMTPException: The server refuses.
            OSError: It cannot be reached, or its certificate is not good.
        """
        server = self._greeted()
        try:
            server.ehlo_or_helo_if_needed()
            if not self.tls and server.has_extn("starttls"):
                server.starttls(context=self.context())
                server.ehlo()
            self._log_in(server)
        except BaseException:
            server.close()
            raise
        return server

    def _greeted(self) -> smtplib.SMTP:
        seconds = self.timeout.total_seconds()
        addresses: Sequence[str] = (
            [self.host]
            if self.guard is None
            else self.guard.addresses(self.host, self.port)
        )
        # Without a host nothing is connected yet; TLS verifies the name set below.
        made: _Connection = (
            _TlsConnection(timeout=seconds, context=self.context())
            if self.tls
            else _Connection(timeout=seconds)
        )
        made.addresses = addresses
        vars(made)["_host"] = self.host
        made.connect(self.host, self.port)
        return made

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.username is None:
            return
        private = isinstance(server.sock, ssl.SSLSocket) or self.host in _LOOPBACK
        if not private:
            raise smtplib.SMTPNotSupportedError(
                "It offers no TLS, and a password is not sent without."
            )
        server.login(self.username, self.password or "")


class _Connection(smtplib.SMTP):
    """Connects to the given addresses, tried in turn; the name is for TLS alone.

    ``_get_socket`` is where the standard library's own TLS variant hooks in as well.
    """

    addresses: Sequence[str] = ()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        failure = OSError(f"{host} has no address.")
        for address in self.addresses:
            try:
                return socket.create_connection((address, port), timeout)
            except OSError as error:
                failure = error
        raise failure


class _TlsConnection(smtplib.SMTP_SSL, _Connection):
    """The same, with TLS from the first byte."""
