"""What lockers offers the other plugins: the only module that they may import."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.sdk.jobs import public_event
from core.sdk.plugin import hookspec


class LockersHooks:
    """Hook specifications of lockers."""

    @hookspec
    def locker_objections(self, client_id: UUID) -> Sequence[str]:
        """Gives reasons why a client shall not get a locker now, as staff read them.

        Asked before a locker is rented out. One reason of any plugin is enough.
        """

    @hookspec
    def locker_rented(self, client_id: UUID, rental_id: UUID) -> None:
        """Tells that a locker was just rented out, in the same transaction."""


@public_event("lockers.rental.started")
@dataclass(frozen=True, slots=True)
class RentalStarted:
    """A client got a locker."""

    rental_id: UUID
    locker_id: UUID
    client_id: UUID


@public_event("lockers.rental.ended")
@dataclass(frozen=True, slots=True)
class RentalEnded:
    """A client gave a locker back.

    Attributes:
        refunded: How much of the deposit went back, in minor units.
    """

    rental_id: UUID
    locker_id: UUID
    client_id: UUID
    refunded: int
