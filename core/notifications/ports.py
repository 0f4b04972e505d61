"""What notifications need of higher steps; handed over at the composition root."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a person is reached.

    Attributes:
        address: For mail; empty where there is none.
        name: As the person is addressed.
        locale: The language the person wants, a BCP 47 tag; None for the gym's.
        phone: The number for text messages in E.164, shown to be theirs; None where
            there is none.
        user_id: The account; None where only an address is known.
    """

    address: str
    name: str
    locale: str | None
    phone: str | None = None
    user_id: UUID | None = None


class AddressBook(Protocol):
    """Knows the accounts."""

    def recipient(self, user_id: UUID) -> Recipient | None:
        """Looks an account up in the current unit of work; None when there is none."""

    def recipients(self, user_ids: Collection[UUID]) -> Sequence[Recipient]:
        """Looks accounts up; those that are not there are left out."""

    def with_role(self, role: str, *, limit: int) -> Sequence[Recipient]:
        """The accounts in use that hold a role, at most ``limit`` of them."""
