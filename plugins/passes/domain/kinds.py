"""The words of passes: kinds, states, and what a ledger entry stands for."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a holding is. Packs and memberships come from a product."""

    FREE = "free"
    TRIAL = "trial"
    GIFT = "gift"
    PACK = "pack"
    MEMBERSHIP = "membership"


class ProductKind(StrEnum):
    """What a gym sells."""

    PACK = "pack"
    MEMBERSHIP = "membership"


class ValidFrom(StrEnum):
    """From when the days of a pack count."""

    PURCHASE = "purchase"
    FIRST_USE = "first_use"


class Per(StrEnum):
    """The stretch for which a membership grants a number of classes."""

    WEEK = "week"
    MONTH = "month"


class State(StrEnum):
    """Where a holding stands."""

    ACTIVE = "active"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Entry(StrEnum):
    """What a ledger entry stands for."""

    GRANT = "grant"
    USE = "use"
    RETURN = "return"
    ADJUST = "adjust"
    EXPIRE = "expire"


OF_CODES: Final = (Kind.FREE, Kind.TRIAL, Kind.GIFT)
"""The kinds that a batch of codes may have without a product."""
