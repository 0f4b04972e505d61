"""Ways out of the house: a mail server, a folder for trying things out, or none."""

import os
import smtplib
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import structlog

from core.config import Settings
from core.config.groups import Environment
from core.notifications.errors import Deferred, Refused
from core.notifications.reasons import reason_of
from core.outbound.errors import AddressRefused
from core.outbound.smtp import MailServer

_PERMANENT = 500

log = structlog.get_logger(__name__)


class Transport(Protocol):
    """Takes a message away."""

    def send(self, message: EmailMessage) -> None:
        """Sends it; returning means that the other side has taken it.

        Raises:
            Refused: It was refused for good.
            Deferred: It was not taken this time.
        """


@dataclass(frozen=True, slots=True)
class SmtpTransport(MailServer):
    """A mail server, one connection for each message."""

    def send(self, message: EmailMessage) -> None:
        """See ``Transport``."""
        sender = message["From"].addresses[0].addr_spec
        recipient = message["To"].addresses[0].addr_spec
        server = self._connected()
        try:
            server.send_message(message, sender, [recipient])
        except (smtplib.SMTPException, OSError) as error:
            raise _failure(error) from error
        finally:
            # The server has the message by now, or never will: nothing that goes
            # wrong in saying goodbye changes that.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        """Opens a connection; whatever is wrong here is not the message's fault."""
        try:
            return self.connect()
        except AddressRefused as refusal:
            raise Deferred(f"The mail server: {refusal}") from refusal
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise Deferred(f"The mail server: {reason_of(error)}") from error


def _failure(error: Exception) -> Refused | Deferred:
    """Tells a refusal for good from one for now, by the reply's first digit.

    RFC 5321 §4.2.1: 4yz may succeed later, 5yz will not.
    """
    replies = [error]
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = [
            smtplib.SMTPResponseException(code, text)
            for code, text in error.recipients.values()
        ]
    final = all(
        isinstance(reply, smtplib.SMTPNotSupportedError)
        or (
            isinstance(reply, smtplib.SMTPResponseException)
            and reply.smtp_code >= _PERMANENT
        )
        for reply in replies
    )
    kind = Refused if final else Deferred
    return kind(f"The mail server: {reason_of(replies[0])}")


@dataclass(frozen=True, slots=True)
class FolderTransport:
    """Writes each message as two files, named by its ``Message-ID``.

    For development: a mail program opens the ``.eml``, and the ``.txt`` holds the plain
    text, whose links can be followed from anywhere.
    """

    folder: Path

    def send(self, message: EmailMessage) -> None:
        """See ``Transport``."""
        name = message["Message-ID"].strip("<>").partition("@")[0]
        text = message.get_body(("plain",))
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if text is not None:
                self._write(f"{name}.txt", text.get_content().encode())
            self._write(f"{name}.eml", message.as_bytes())
        except OSError as error:
            raise Deferred(f"The outbox folder: {reason_of(error)}") from error
        log.info("mail.written", file=f"{self.folder.name}/{name}.txt")

    def _write(self, name: str, content: bytes) -> None:
        """Writes a file in one go, readable by its owner alone."""
        handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".draft-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(self.folder / name)


class NoTransport:
    """Refuses every message, and says so in the log once in each process."""

    def __init__(self) -> None:
        self._said = False

    def send(self, message: EmailMessage) -> None:  # noqa: ARG002 — there is no way out
        """See ``Transport``."""
        if not self._said:
            self._said = True
            log.error("mail.no_server", remedy="set SMTP_URL")
        raise Refused("No mail server is set up; the operator sets SMTP_URL.")


def transport_of(settings: Settings) -> Transport:
    """The way out that the settings name."""
    if settings.messaging.smtp_url is not None:
        return SmtpTransport.of(settings.messaging.smtp_url)
    if settings.server.environment is Environment.DEVELOPMENT:
        return FolderTransport(settings.server.home / "outbox")
    return NoTransport()
