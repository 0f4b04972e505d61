"""The events that were emitted while a block ran."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from core.app import Installation
from core.db.commits import after_commit
from core.jobs.events import Listeners

Event = TypeVar("Event")


class Emitted:
    """Events, oldest first.

    Attributes:
        all: Every one, whatever its class.
    """

    def __init__(self) -> None:
        self.all: list[object] = []

    def of(self, kind: type[Event]) -> list[Event]:
        """Those of one class, or of a class that derives from it."""
        return [event for event in self.all if isinstance(event, kind)]


@contextmanager
def emitted_in(installation: Installation) -> Iterator[Emitted]:
    """Notes what is emitted in the block, by whichever gym, once it is committed."""
    seen = Emitted()
    usual = installation.services.get(Listeners)

    def note(event: object) -> None:
        after_commit(lambda: seen.all.append(event))

    installation.services.put(Listeners, Listeners(usual.tell, note))
    try:
        yield seen
    finally:
        installation.services.put(Listeners, usual)
