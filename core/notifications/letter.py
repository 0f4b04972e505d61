"""One delivery with what it says, as a channel gets it."""

from collections.abc import Callable
from dataclasses import dataclass

from core.context import Gym
from core.notifications.models import Delivery
from core.notifications.templates import Rendered
from core.notifications.topics import Topic

Sending = Callable[[], object]
"""Hands a message over, outside any transaction; see ``Channel.prepare``."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery with what it says.

    Attributes:
        delivery: Its row; read it before the transaction ends.
        unsubscribe: Address by which its reader opts out; None where nobody can.
    """

    delivery: Delivery
    gym: Gym
    topic: Topic
    rendered: Rendered
    unsubscribe: str | None = None
