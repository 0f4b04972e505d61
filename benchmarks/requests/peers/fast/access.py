"""Which gym is addressed, who calls, and what they may do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Header, Request
from sqlalchemy import Select, func, or_, select

from benchmarks.requests.peers.common import errors, roles
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.common.reminders import Cause
from benchmarks.requests.peers.common.tokens import verify
from benchmarks.requests.peers.fast.database import Database
from benchmarks.requests.peers.fast.models import AuthSession, ClientGrant, Gym, User


async def _gym(
    request: Request, db: Database, x_tenant: Annotated[str, Header()] = ""
) -> Gym:
    """Enters the gym; row level security lets the transaction see it alone."""
    gym = await db.scalar(select(Gym).where(Gym.slug == x_tenant))
    if gym is None:
        raise errors.TenantUnknown
    if gym.status != "active":
        raise errors.TenantSuspended
    await db.execute(select(func.set_config("app.tenant_id", str(gym.id), True)))  # noqa: FBT003 — until the transaction ends
    request.state.tenant = gym.slug
    return gym


CurrentGym = Annotated[Gym, Depends(_gym)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is logged in."""

    id: UUID
    role: str
    zone: ZoneInfo
    cause: Cause

    def may(self, permission: str) -> bool:
        return roles.may(self.role, permission)


async def _caller(
    request: Request,
    db: Database,
    gym: CurrentGym,
    authorization: Annotated[str | None, Header()] = None,
) -> Caller:
    """Knows callers by their access tokens, and asks whether these still hold."""
    claims = verify(authorization)
    if claims.tenant_id != gym.id:
        raise errors.TenantMismatch
    found = await db.execute(
        select(User.id, User.role)
        .join(AuthSession, AuthSession.user_id == User.id)
        .where(
            AuthSession.id == claims.session_id,
            AuthSession.revoked_at.is_(None),
            AuthSession.expires_at > utc_now(),
            User.id == claims.user_id,
            User.status == "active",
        )
    )
    user = found.one_or_none()
    if user is None:
        raise errors.AuthRequired
    request.state.user_id = str(user.id)
    cause = cause_of(request, gym.id, user.id)
    return Caller(user.id, user.role, ZoneInfo(gym.timezone), cause)


CurrentCaller = Annotated[Caller, Depends(_caller)]


def allowed(permission: str) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency that gives the caller, if they hold a permission."""

    async def check(caller: CurrentCaller) -> Caller:
        if not caller.may(permission):
            raise errors.Forbidden(details={"permission": permission})
        return caller

    return check


def cause_of(request: Request, tenant_id: UUID, user_id: UUID) -> Cause:
    """On whose behalf a request writes."""
    address = request.client.host if request.client else None
    return Cause(tenant_id, user_id, request.state.trace_id, address)


def granted_to(user_id: UUID) -> Select[UUID]:
    """The clients whom somebody was given."""
    return select(ClientGrant.client_id).where(
        ClientGrant.user_id == user_id,
        or_(ClientGrant.expires_at.is_(None), ClientGrant.expires_at > utc_now()),
    )


async def require_reach(db: Database, caller: Caller, client_id: UUID) -> None:
    """Refuses a client out of the caller's reach.

    Raises:
        Forbidden: The client is.
    """
    if caller.role in roles.WHOLE_GYM or client_id == caller.id:
        return
    granted = granted_to(caller.id).where(ClientGrant.client_id == client_id)
    if caller.role == roles.OWN_ROWS or await db.scalar(granted.limit(1)) is None:
        raise errors.Forbidden("This client is not yours to see.")
