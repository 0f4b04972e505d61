"""What every channel is to the rest of notifications."""

from typing import Protocol

from core.notifications.letter import Letter, Sending
from core.notifications.ports import Recipient


class Channel(Protocol):
    """A way to people.

    Attributes:
        name: The same in every installation.
        interrupts: It makes a telephone sound, so quiet hours put it off.
    """

    @property
    def name(self) -> str: ...

    @property
    def interrupts(self) -> bool: ...

    def is_set_up(self) -> bool:
        """Whether the current gym has what the channel takes."""

    def address_of(self, recipient: Recipient) -> str | None:
        """Where the channel reaches somebody; None where it does not."""

    def masked(self, address: str) -> str:
        """An address as staff see it in lists."""

    def prepare(self, letter: Letter) -> Sending:
        """Gets a message ready, in a transaction, to be handed over outside it.

        Returns:
            What hands it over. Returning from that means that the other side has
            taken it; it raises ``Refused`` when it was refused for good, ``Deferred``
            when it was not taken this time. It may be called twice for one delivery,
            when a process dies in between.

        Raises:
            Refused: It can never go.
        """
