"""Writes that nobody waits for: kept until the transaction ends, and sent with it."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from core.db.statement import Compiled


class Write(Protocol):
    """A write that can wait.

    Attributes:
        table: What it writes to.
    """

    table: str

    def statements(self) -> Iterable[tuple[Compiled, Mapping[str, Any]]]:
        """What to run, each with the value of each parameter."""


Kept = TypeVar("Kept", bound=Write)


class Parting:
    """The writes of a session that wait for its end, in the order they came in.

    Attributes:
        tables: What they write to.
    """

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self._kept: dict[Hashable, Any] = {}

    def keep(self, key: Hashable, write: Kept) -> Kept:
        """Keeps a write; gives the one that is kept under this key already."""
        self.tables.add(write.table)
        kept: Kept = self._kept.setdefault(key, write)
        return kept

    def take(self) -> list[tuple[Compiled, Mapping[str, Any]]]:
        """What to run; nothing is kept any longer."""
        if not self._kept:
            return []
        kept = self._kept.values()
        self.drop()
        return [one for write in kept for one in write.statements()]

    def drop(self) -> None:
        """Forgets all, because the transaction is undone."""
        self._kept, self.tables = {}, set()
