"""Mail, by the gym's own server or the platform's."""

from functools import partial

from core.clock import utc_now
from core.db.services import service
from core.integrations import read
from core.notifications.letter import Letter, Sending
from core.notifications.message import Envelope, compose
from core.notifications.office import post_office
from core.notifications.ports import Recipient
from core.notifications.reasons import masked
from core.notifications.transport import SmtpTransport, Transport
from core.outbound.guard import Guard


class EmailChannel:
    """See ``Channel``."""

    name = "email"
    interrupts = False

    def is_set_up(self) -> bool:
        """Always: without a server a delivery fails, and everybody sees that."""
        return True

    def address_of(self, recipient: Recipient) -> str | None:
        """The person's e-mail address."""
        return recipient.address or None

    def masked(self, address: str) -> str:
        """All but the first letter and the domain hidden."""
        return masked(address)

    def prepare(self, letter: Letter) -> Sending:
        """Composes the message."""
        row = letter.delivery
        transport, sender = _way()
        message = compose(
            Envelope(
                delivery_id=row.id,
                sender=sender,
                gym_name=letter.gym.name,
                to_address=row.to_address,
                to_name=row.to_name,
                language=row.locale,
                at=utc_now(),
                unsubscribe=letter.unsubscribe,
            ),
            letter.rendered,
        )
        return partial(transport.send, message)


def _way() -> tuple[Transport, str]:
    """The server and the sender: the gym's own where it set up one."""
    own = read("email")
    if own is None:
        office = post_office()
        return office.transport, office.sender
    transport = SmtpTransport.of(own["url"], guard=service(Guard))
    return transport, own["sender"]
