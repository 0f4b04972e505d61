"""Mail by a server of the gym's own."""

import smtplib
import ssl
from contextlib import closing
from datetime import timedelta
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit

import marshmallow as ma

from core.errors import ProviderFailed
from core.http.schema import Line, Schema, Text
from core.outbound.errors import AddressRefused
from core.outbound.guard import Guard
from core.outbound.smtp import MailServer
from core.plugin.integration import Configuration, Integration

TIMEOUT: Final = timedelta(seconds=10)
"""How long the server may be silent while it is tried out."""

MAX_URL: Final = 500

_PLAIN_URL: Final = r"^smtps?://[^\s/?#]+/?$"
_POSITIVE: Final = range(200, 300)


def _address(sender: str) -> None:
    _name, address = parseaddr(sender)
    local, _, domain = address.rpartition("@")
    whole = sender == address or sender.endswith(f"<{address}>")
    if not (whole and local and "." in domain and address.isascii()):
        raise ma.ValidationError("Give an address, as in Gym <hello@gym.example>.")


def _server(url: str) -> None:
    try:
        parts = urlsplit(url)
        _host, _port = parts.hostname, parts.port
    except ValueError:
        raise ma.ValidationError("Not a valid address of a mail server.") from None
    if not _host:
        raise ma.ValidationError("It names no host.")


class EmailSettings(Schema):
    """A mail server and who writes."""

    url = Text(
        required=True,
        load_only=True,
        maximum=MAX_URL,
        pattern=_PLAIN_URL,
        validate=_server,
        metadata={
            "description": "smtp://user:password@host:587, which changes to TLS where "
            "the server offers it, or smtps://…, which speaks TLS from the first byte. "
            "User and password are percent-encoded.",
            "writeOnly": True,
        },
    )
    sender = Line(
        required=True,
        maximum=200,
        validate=_address,
        metadata={"description": "Who mail comes from: Gym <hello@gym.example>."},
    )


def try_out(configuration: Configuration, guard: Guard) -> None:
    """Logs in at the server and asks it to take the sender; sends nothing.

    Raises:
        ProviderFailed: The server cannot be reached, or refuses.
    """
    where = MailServer.of(configuration["url"], guard=guard, timeout=TIMEOUT)
    try:
        with closing(where.connect()) as server:
            _name, sender = parseaddr(configuration["sender"])
            code, said = server.mail(sender)
            if code not in _POSITIVE:
                raise smtplib.SMTPSenderRefused(code, said, sender)
    except smtplib.SMTPResponseException as error:
        raise ProviderFailed(f"The mail server: {_reply(error)}") from None
    except AddressRefused as refusal:
        raise ProviderFailed(f"The mail server: {refusal}") from None
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise ProviderFailed(f"The mail server: {_reason(error)}") from None


def _reply(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{error.smtp_code} {told}"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return f"{type(error).__name__}."


EMAIL: Final = Integration(
    name="email",
    title="E-mail",
    summary="A mail server of the gym's own; else mail goes by the platform's.",
    schema=EmailSettings,
    test=try_out,
)
