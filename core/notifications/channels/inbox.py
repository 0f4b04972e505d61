"""The inbox that people read in the platform itself."""

from functools import partial

from core.db.unit import session
from core.db.writes import insert_new
from core.jobs.current import step
from core.notifications.errors import Refused
from core.notifications.letter import Letter, Sending
from core.notifications.models import InboxItem
from core.notifications.ports import Recipient


class InboxChannel:
    """See ``Channel``. It is exactly once: an item's id is its delivery's."""

    name = "inbox"
    interrupts = False

    def is_set_up(self) -> bool:
        """Always."""
        return True

    def address_of(self, recipient: Recipient) -> str | None:
        """Nothing needs to be known of somebody who has an account."""
        return None if recipient.user_id is None else ""

    def masked(self, address: str) -> str:  # noqa: ARG002 — there is none
        """Always the same."""
        return "inbox"

    def prepare(self, letter: Letter) -> Sending:
        """Takes the text out of the delivery, so that it can be put down."""
        row = letter.delivery
        if row.user_id is None:
            raise Refused("Nobody without an account has an inbox.")
        item = {
            "id": row.id,
            "user_id": row.user_id,
            "topic": row.topic,
            "title": letter.rendered.subject,
            "body": letter.rendered.text,
        }
        return partial(step, lambda: insert_new(session(), InboxItem, [item]))
