"""The post office: what sending takes, one for each installation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.config import Settings
from core.config.sealed_file import SealedFile
from core.config.secrets import derive_key
from core.config.vault import Vault
from core.db.services import service
from core.notifications.ports import AddressBook
from core.notifications.sealing import Seal
from core.notifications.templates import Templates
from core.notifications.transport import Transport, transport_of


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PostOffice:
    """What sending takes.

    Attributes:
        transport: The mail server for gyms without one of their own.
        sender: The address that mail comes from, perhaps with a name.
        sms_url: The text message service for gyms without one of their own.
        public_url: Of the platform, as people see it.
        signing_key: Gives what signs the links by which people opt out. It outlives
            master keys, as somebody may follow a link from a message that is years old.
    """

    templates: Templates
    addresses: AddressBook
    transport: Transport
    seal: Seal
    sender: str
    sms_url: str | None
    public_url: str
    signing_key: Callable[[], bytes]

    @classmethod
    def of(
        cls, settings: Settings, *, folders: Iterable[Path], addresses: AddressBook
    ) -> "PostOffice":
        """Builds it from the settings.

        Args:
            settings: Name the mail server, the sender and the key.
            folders: The plugins' template folders.
            addresses: Knows the accounts.

        Raises:
            TemplateDefect: A template breaks a rule.
        """
        return cls(
            templates=Templates(folders),
            addresses=addresses,
            transport=transport_of(settings),
            seal=Seal(Vault(settings)),
            sender=settings.messaging.mail_from,
            sms_url=settings.messaging.sms_url,
            public_url=settings.server.public_url,
            signing_key=link_key(settings).read,
        )


def link_key(settings: Settings) -> SealedFile:
    """What signs the links by which people opt out."""
    return SealedFile(
        settings.server.keys_dir / "links.sealed",
        Vault(settings),
        first=lambda: derive_key(settings, "unsubscribe"),
    )


def post_office() -> PostOffice:
    """The post office of this unit of work's installation.

    Raises:
        LookupError: No unit of work is open.
    """
    return service(PostOffice)
