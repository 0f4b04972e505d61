"""What a milestone gives, and the life of a gift."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

MAX_USES = 1000
MAX_DAYS = 3650


class GiftKind(StrEnum):
    """What is given: words, a pass, or nothing."""

    MESSAGE = "message"
    PASS = "pass"  # noqa: S105 — a pass to train, no password
    NONE = "none"


class GiftChannel(StrEnum):
    """How a gift is handed over; ``WEBHOOK`` leaves it to another system."""

    EMAIL = "email"
    SMS = "sms"
    INBOX = "inbox"
    WEBHOOK = "webhook"


class GiftStatus(StrEnum):
    """Where a gift stands. What is sent or canceled stays so."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    CANCELED = "canceled"


OPEN = frozenset({GiftStatus.PENDING, GiftStatus.FAILED})
"""In these a gift may still be handed over, or called off."""


class Failure(StrEnum):
    """Why a gift could not be handed over, where no other feature gave a reason.

    ``PASSES_OFF``: it is a pass, and the gym has no passes. ``NOT_REACHABLE``: no
    channel reaches the person. ``NO_RECEIVER``: no webhook takes it.
    """

    PASSES_OFF = "PASSES_OFF"
    NOT_REACHABLE = "NOT_REACHABLE"
    NO_RECEIVER = "NO_RECEIVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftTerms:
    """What is given.

    Attributes:
        text: The gym's own words; None leaves it to the template.
        uses: How many sessions a pass is good for.
        expires_in_days: How long a pass is good.
        channels: How the client learns of it.
    """

    kind: GiftKind = GiftKind.NONE
    text: str | None = None
    uses: int | None = None
    expires_in_days: int | None = None
    channels: tuple[GiftChannel, ...] = ()

    @property
    def to_person(self) -> tuple[GiftChannel, ...]:
        """The channels that reach the client."""
        return tuple(one for one in self.channels if one is not GiftChannel.WEBHOOK)

    @property
    def to_system(self) -> bool:
        """Whether another system is told."""
        return GiftChannel.WEBHOOK in self.channels

    def flaw(self) -> str | None:
        """What contradicts itself, as a sentence; None if nothing does."""
        is_pass = self.kind is GiftKind.PASS
        has_terms = self.uses is not None, self.expires_in_days is not None
        if is_pass and not all(has_terms):
            return "A pass takes uses and expiresInDays."
        if not is_pass and any(has_terms):
            return "Only a pass has uses and expiresInDays."
        if is_pass and not self.to_person:
            return "A pass takes email, sms or inbox: its code goes to the client."
        if self.kind is GiftKind.MESSAGE and not self.channels:
            return "A message takes a channel."
        if self.kind is GiftKind.NONE and (self.channels or self.text):
            return "Where nothing is given, there is no text and no channel."
        return None


def next_without(reached: AbstractSet[int], given: AbstractSet[int]) -> int | None:
    """Which time a gift made by hand is for: the first that has none yet.

    Args:
        reached: The times that the client reached the milestone.
        given: Those for which there is a gift.

    Returns:
        Its number; 1 also where the milestone is not reached yet, as a gift may come
        early. None where each has its gift.
    """
    return min((reached | {1}) - given, default=None)
