"""Which holding pays for a session, and why one does not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from plugins.passes.domain.kinds import State


class Refusal(StrEnum):
    """Why a holding does not cover a moment."""

    REVOKED = "revoked"
    BLOCKED = "blocked"
    NOT_STARTED = "notStarted"
    EXPIRED = "expired"
    PAUSED = "paused"
    USED = "used"
    ALLOWANCE = "allowance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What somebody holds, as far as it decides.

    Attributes:
        remaining: Uses left; None where they are not counted down.
        allowance_left: Sessions left in the week or month of the moment that is asked
            about; None where any number is granted.
        ends_at: From when it is good no more; None for never, or not yet known.
        paused_from: Beginning of a pause.
        paused_until: Its end, the first moment after it.
        closed: Whether the nightly job has closed it as expired.
    """

    id: UUID
    remaining: int | None = None
    allowance_left: int | None = None
    starts_at: datetime
    ends_at: datetime | None = None
    paused_from: datetime | None = None
    paused_until: datetime | None = None
    blocked: bool = False
    revoked: bool = False
    closed: bool = False

    @property
    def unlimited(self) -> bool:
        """Whether a use costs its holder nothing."""
        return self.remaining is None and self.allowance_left is None

    def paused_at(self, moment: datetime) -> bool:
        """Whether a pause covers a moment."""
        return (
            self.paused_from is not None
            and self.paused_until is not None
            and self.paused_from <= moment < self.paused_until
        )


def refusal(holding: Holding, moment: datetime) -> Refusal | None:
    """Says why a holding does not cover a session at ``moment``; None when it does."""
    checks = (
        (Refusal.REVOKED, holding.revoked),
        (Refusal.BLOCKED, holding.blocked),
        (Refusal.EXPIRED, holding.closed or _ended(holding.ends_at, moment)),
        (Refusal.NOT_STARTED, moment < holding.starts_at),
        (Refusal.PAUSED, holding.paused_at(moment)),
        (Refusal.USED, holding.remaining == 0),
        (
            Refusal.ALLOWANCE,
            holding.allowance_left is not None and holding.allowance_left <= 0,
        ),
    )
    return next((reason for reason, holds in checks if holds), None)


def choose(holdings: Iterable[Holding], moment: datetime) -> Holding | None:
    """Picks the holding that pays for a session at ``moment``.

    First what costs nothing (a membership for any number of sessions), so that nobody
    loses a use to a gap in their attention; then what expires soonest, so that the
    least is lost; what never expires comes last. Of equals the older one, by its id.

    Returns:
        None where none of them covers the moment.
    """
    covering = [one for one in holdings if refusal(one, moment) is None]
    return min(covering, key=_precedence, default=None)


def state(
    *,
    revoked: bool,
    closed: bool,
    remaining: int | None,
    ends_at: datetime | None,
    now: datetime,
) -> State:
    """Where a holding stands at this moment, whatever the nightly job has done yet."""
    if revoked:
        return State.REVOKED
    if closed or _ended(ends_at, now):
        return State.EXPIRED
    return State.USED if remaining == 0 else State.ACTIVE


def _precedence(holding: Holding) -> tuple[bool, bool, float, UUID]:
    ends = holding.ends_at
    return (
        not holding.unlimited,
        ends is None,
        ends.timestamp() if ends is not None else 0.0,
        holding.id,
    )


def _ended(ends_at: datetime | None, moment: datetime) -> bool:
    return ends_at is not None and ends_at <= moment
