"""What scheduling tells the other plugins and asks of them.

Events tell what became of a session. Each carries the session as it then was. They go
out as webhooks too, so their names and fields stay as they are.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.sdk.jobs import public_event
from core.sdk.plugin import hookspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """The answer of whoever keeps passes and memberships.

    Attributes:
        holding_id: What pays for the session; None where the client has nothing that
            covers it.
        reasons: Why what the client holds does not cover it.
    """

    holding_id: UUID | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A session as other plugins see it."""

    session_id: UUID
    client_id: UUID
    coach_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: str


class SchedulingHooks:
    """Hook specifications of scheduling."""

    @hookspec(firstresult=True)
    def take_entitlement(
        self, client_id: UUID, session_id: UUID, starts_at: datetime
    ) -> Entitlement | None:
        """Takes a use for a session being booked; None where nobody keeps any.

        Asked in the transaction of the booking, in gyms that demand an entitlement.
        """

    @hookspec
    def return_entitlement(self, session_id: UUID) -> None:
        """Gives the use back that was taken for a session, if one was."""

    @hookspec(firstresult=True)
    def session_facts(self, session_id: UUID) -> SessionFacts | None:
        """Tells what session this is, whatever the actor's reach; None for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """Something happened to a session; whoever subscribes to this hears all of it.

    Attributes:
        version: The session's, which every change raises. Events may arrive late and in
            another order, and a lower version is older news.
        status: ``scheduled``, ``completed``, ``canceled`` or ``no_show``.
    """

    session_id: UUID
    version: int
    starts_at: datetime
    ends_at: datetime
    client_id: UUID
    coach_id: UUID
    status: str


@public_event("scheduling.session.booked")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBooked(SessionEvent):
    """A session was booked."""


@public_event("scheduling.session.moved")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMoved(SessionEvent):
    """A session has other times now."""


@public_event("scheduling.session.canceled")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCanceled(SessionEvent):
    """A session will not take place."""


@public_event("scheduling.session.completed")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCompleted(SessionEvent):
    """A session took place, and the client was there."""


@public_event("scheduling.session.no_show")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNoShow(SessionEvent):
    """A session took place without the client."""
