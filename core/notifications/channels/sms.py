"""Text messages, by whatever service an Apprise address names."""

from collections.abc import Sequence
from functools import partial

from core.integrations import read
from core.notifications.apprise_way import AppriseTransport
from core.notifications.errors import Refused
from core.notifications.letter import Letter, Sending
from core.notifications.office import post_office
from core.notifications.ports import Recipient

_SHOWN = 2


class SmsChannel:
    """See ``Channel``."""

    name = "sms"
    interrupts = True

    def is_set_up(self) -> bool:
        """Whether the gym or the platform names a service."""
        return bool(_urls())

    def address_of(self, recipient: Recipient) -> str | None:
        """The number that the person showed to be theirs."""
        return recipient.phone

    def masked(self, address: str) -> str:
        """All but the last digits hidden."""
        return f"***{address[-_SHOWN:]}"

    def prepare(self, letter: Letter) -> Sending:
        """Shortens the text."""
        urls = _urls()
        if not urls:
            raise Refused("No service for text messages is set up.")
        transport = AppriseTransport(urls)
        number, text = letter.delivery.to_address, letter.rendered.short
        return partial(transport.send, number, text)


def _urls() -> Sequence[str]:
    """The services: the gym's own where it set up any, else the platform's."""
    own = read("sms")
    if own is not None:
        urls: Sequence[str] = own["urls"]
        return urls
    url = post_office().sms_url
    return () if url is None else (url,)
