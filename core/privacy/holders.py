"""Who holds data about people: core and every installed plugin, switched on or off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from core.db.services import service
from core.privacy.archives import Archives
from core.privacy.declarations import Model, models_in
from core.privacy.ledger import Ledger

Result = TypeVar("Result")

CORE = "core"


class Step(Protocol):
    """Runs work in a transaction of its own, inside the gym."""

    def __call__(self, work: Callable[[], Result], /) -> Result:
        """Runs ``work`` and commits."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Core, or a plugin.

    Attributes:
        id: The plugin's; ``core`` for core.
        title: As a person reads it.
        package: Where its models lie; None for core.
        hooks: Calls hooks of this one plugin, whether or not a gym has it on.
    """

    id: str
    title: str
    package: str | None = None
    hooks: Any = None

    @property
    def models(self) -> list[Model]:
        """Its models of gyms' rows, those that refer to others first."""
        if self.id != CORE and self.package is None:
            return []
        return models_in(self.package)


@dataclass(frozen=True, slots=True)
class Privacy:
    """What export, erasure and retention work with.

    Attributes:
        holders: Each plugin before those that it builds on; core comes last.
    """

    holders: Sequence[Holder]
    ledger: Ledger
    archives: Archives

    def holder(self, holder_id: str) -> Holder:
        """One holder by its id."""
        return next(one for one in self.holders if one.id == holder_id)


def privacy() -> Privacy:
    """The service of this unit of work's installation."""
    return service(Privacy)
