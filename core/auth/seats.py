"""Seats: how many accounts a gym's plan allows, counted so that nobody gets past it.

Every account that is not disabled takes a seat, an invited one too: who invites a
hundred people must not learn only when they arrive that there is room for ten. Clients
take one of ``members``; partners take none; everybody else takes one of ``staff``.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from core.access import Role
from core.auth.models import User, UserStatus
from core.context import current
from core.db.locks import lock_ids
from core.db.statement import Statement, given
from core.db.unit import session
from core.errors import PlanLimit

MEMBERS: Final = "members"
STAFF: Final = "staff"

_LOCKS: Final = {
    MEMBERS: UUID("5ea75000-0000-4000-8000-000000000001"),
    STAFF: UUID("5ea75000-0000-4000-8000-000000000002"),
}
"""Names of the two counts, for locks within a gym; rows with these ids do not exist."""


def _counted(of_kind: ColumnElement[bool]) -> Select[int]:
    """Counts the accounts of a kind that are not disabled."""
    in_use = User.status != UserStatus.DISABLED.value
    return select(func.count()).select_from(User).where(in_use, of_kind)


_COUNTED: Final = {
    MEMBERS: _counted(User.role == Role.CLIENT.value),
    STAFF: _counted(User.role.not_in([Role.CLIENT.value, Role.PARTNER.value])),
}
_TAKEN: Final = {kind: Statement(counted) for kind, counted in _COUNTED.items()}
_TAKEN_BY_OTHERS: Final = {
    kind: Statement(counted.where(User.id != given("user_id")))
    for kind, counted in _COUNTED.items()
}


def take(role: str, *, besides: UUID | None = None) -> None:
    """Holds the gym to its plan before somebody takes a seat.

    Until the unit of work ends, nobody else of the gym takes a seat of this kind. So
    of many at once exactly as many get through as are free.

    Args:
        role: Of whom the seat is for.
        besides: Their account, where there is one already; it is not counted.

    Raises:
        PlanLimit: There is no seat left; ``details`` names the limit and its value.
    """
    kind = _kind(role)
    limit = current().require_gym().limits.get(kind) if kind else None
    if kind is None or limit is None:
        return
    lock_ids(session(), _LOCKS[kind])
    if _count(kind, besides=besides) >= limit:
        raise PlanLimit(details={"limit": kind, "allowed": limit})


def taken() -> Mapping[str, int]:
    """How many seats of each kind the current gym uses."""
    return {kind: _count(kind) for kind in (MEMBERS, STAFF)}


def _kind(role: str) -> str | None:
    """Which limit a role counts under; None for partners."""
    if role == Role.CLIENT:
        return MEMBERS
    return None if role == Role.PARTNER else STAFF


def _count(kind: str, *, besides: UUID | None = None) -> int:
    """Counts the seats of a kind, perhaps without one account's."""
    if besides is None:
        return int(session().read_value(_TAKEN[kind]))
    return int(session().read_value(_TAKEN_BY_OTHERS[kind], user_id=besides))
