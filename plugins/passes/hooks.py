"""What passes tells the other plugins, and what it does for them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.sdk.jobs import public_event
from core.sdk.plugin import hookspec


@public_event("passes.pass.granted")
@dataclass(frozen=True, slots=True, kw_only=True)
class PassGranted:
    """A client has a pass, pack or membership.

    Attributes:
        kind: ``free``, ``trial``, ``gift``, ``pack`` or ``membership``.
        uses: None where they are not counted down.
        expires_at: None where nothing ends it, or its days wait for the first use.
    """

    pass_id: UUID
    client_id: UUID
    kind: str
    uses: int | None
    expires_at: datetime | None


@public_event("passes.pass.redeemed")
@dataclass(frozen=True, slots=True, kw_only=True)
class PassRedeemed:
    """A use was taken, at the desk or by a booking.

    Attributes:
        client_id: The holder; None where nobody holds the pass yet.
        session_id: The session it pays for; None at the desk.
        remaining: Uses left; None where they are not counted down.
    """

    pass_id: UUID
    client_id: UUID | None
    session_id: UUID | None
    remaining: int | None


@public_event("passes.pass.expired")
@dataclass(frozen=True, slots=True, kw_only=True)
class PassExpired:
    """What a client held is good no more; codes that nobody held are not told."""

    pass_id: UUID
    client_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftPass:
    """A pass that was given.

    Attributes:
        code: As people read it; whoever shows it uses the pass, so keep it out of logs.
    """

    pass_id: UUID
    code: str = field(repr=False)


class PassesHooks:
    """Hook specifications of passes."""

    @hookspec(firstresult=True)
    def grant_gift_pass(
        self, client_id: UUID, uses: int, expires_in_days: int, reason: str
    ) -> GiftPass | None:
        """Gives a client a pass, in the caller's transaction; tells them nothing.

        Whoever calls it writes to the client. None while passes is off.

        Args:
            client_id: Of a client of this gym.
            uses: From 1 to 1000.
            expires_in_days: From 1 to 3650; today is not counted.
            reason: Shown in the pass's ledger, at most 500 characters.

        Raises:
            NotFound: There is no such client.
            ValueError: A number or the reason is out of bounds.
        """
