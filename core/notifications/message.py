"""A rendered message as real mail (RFC 5322, MIME multipart/alternative)."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from typing_extensions import override

from core.notifications.errors import Refused
from core.notifications.templates import Rendered

_MAX_NAME = 100
_LINK: Final = "list-unsubscribe"


class _Policy(EmailPolicy):
    """Mail for SMTP whose link to unsubscribe stays in one piece.

    A long header without spaces would be folded into encoded words (RFC 2047), which
    have no place in an address: mailboxes then show no way to unsubscribe.
    """

    @override
    def fold(self, name: str, value: str) -> str:
        if name.lower() != _LINK:
            folded: str = super().fold(name, value)
            return folded
        return f"{name}: {value}{self.linesep}"

    @override
    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() != _LINK:
            return super().fold_binary(name, value)
        return self.fold(name, value).encode()


_POLICY: Final = _Policy(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends what to whom, beside the text.

    Attributes:
        delivery_id: Makes the ``Message-ID``, so that a message sent twice is known
            as the same one.
        sender: The address it comes from, perhaps with a name.
        gym_name: Shown as the sender's name.
        to_name: Shown as the recipient's name.
        at: When it is sent.
        unsubscribe: Address that takes a POST by which the reader opts out (RFC 8058);
            None where nobody can.
    """

    delivery_id: UUID
    sender: str
    gym_name: str
    to_address: str
    to_name: str | None
    language: str
    at: datetime
    unsubscribe: str | None = None


def compose(envelope: Envelope, rendered: Rendered) -> EmailMessage:
    """Builds the message.

    Raises:
        Refused: The recipient's address is none.
    """
    sender = _sender(envelope.gym_name, envelope.sender)
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = rendered.subject
    message["From"] = sender
    message["To"] = _recipient(envelope.to_name or "", envelope.to_address)
    message["Date"] = format_datetime(envelope.at)
    message["Message-ID"] = f"<{envelope.delivery_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if envelope.unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{envelope.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    # Last, because adding the alternative moves headers on the content to its part.
    message["Content-Language"] = envelope.language
    return message


def _sender(name: str, sender: str) -> Address:
    """The address of the settings, which may be at a bare host such as localhost."""
    local, _, domain = parseaddr(sender)[1].rpartition("@")
    return Address(_shown(name), local, domain)


def _recipient(name: str, address: str) -> Address:
    """The recipient, the domain in ASCII."""
    try:
        checked = validate_email(
            address, check_deliverability=False, test_environment=True
        )
        return Address(_shown(name), checked.local_part, checked.ascii_domain)
    except (EmailNotValidError, ValueError) as error:
        raise Refused("The recipient's address is not valid.") from error


def _shown(name: str) -> str:
    """A name on one line, not too long."""
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split())[:_MAX_NAME]
