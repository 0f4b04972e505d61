"""Passes as they are judged, and as they are shown."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from core.sdk.base import AppError, current, hooks, utc_now
from core.sdk.rights import require_client
from plugins.passes.domain.calendar import day_begins, period_around
from plugins.passes.domain.codes import shown
from plugins.passes.domain.entitlement import Holding, Refusal, state
from plugins.passes.domain.kinds import Per, State
from plugins.passes.errors import (
    AllowanceUsed,
    AlreadyRedeemed,
    ClientUnknown,
    NotStarted,
    PassBlocked,
    PassExpired,
    PassPaused,
    PassRevoked,
)
from plugins.passes.models import Pass
from plugins.passes.permissions import PASSES_MANAGE
from plugins.passes.repository import LedgerRepository

_ledger = LedgerRepository()

REFUSALS: Mapping[Refusal, type[AppError]] = {
    Refusal.REVOKED: PassRevoked,
    Refusal.BLOCKED: PassBlocked,
    Refusal.NOT_STARTED: NotStarted,
    Refusal.EXPIRED: PassExpired,
    Refusal.PAUSED: PassPaused,
    Refusal.USED: AlreadyRedeemed,
    Refusal.ALLOWANCE: AllowanceUsed,
}
"""How each reason is answered when somebody wants to use a pass."""

_SHOWN = (
    "id",
    "batch_id",
    "product_id",
    "client_id",
    "kind",
    "remaining",
    "allowance",
    "allowance_per",
    "starts_at",
    "expires_at",
    "valid_days",
    "renews",
    "paused_from",
    "paused_until",
    "blocked_reason",
    "version",
    "created_at",
    "updated_at",
)


def zone() -> tzinfo:
    """The time zone of the gym at hand."""
    return current().require_gym().zone


def require_known_client(client_id: UUID) -> None:
    """Refuses an id that is no client's, or of a client out of reach.

    Raises:
        ClientUnknown: There is no such client in this gym.
        Forbidden: The actor may not act for this client.
    """
    if not hooks().client_exists(client_id=client_id):
        raise ClientUnknown
    require_client(client_id)


def holdings(rows: Iterable[Pass], moment: datetime) -> list[Holding]:
    """Passes as they are judged for a session at ``moment``.

    One more query for each kind of allowance among them.
    """
    rows = list(rows)
    left: dict[UUID, int] = {}
    for per in Per:
        granted = {
            row.id: row.allowance or 0 for row in rows if row.allowance_per == per
        }
        if granted:
            since, until = period_around(moment, per, zone())
            taken = _ledger.taken(granted.keys(), since, until)
            left |= {one: granted[one] - taken.get(one, 0) for one in granted}
    return [_holding(row, left.get(row.id)) for row in rows]


def state_of(row: Pass) -> State:
    """Where a pass stands now."""
    return state(
        revoked=row.revoked_at is not None,
        closed=row.expired_at is not None,
        remaining=row.remaining,
        ends_at=None if row.renews else row.expires_at,
        now=utc_now(),
    )


def present(row: Pass) -> dict[str, Any]:
    """A pass as the actor may see it: the code for its holder and for the desk."""
    actor = current().actor
    own = row.client_id is not None and row.client_id == actor.user_id
    may_see = own or actor.may(PASSES_MANAGE.name)
    return {
        **{name: getattr(row, name) for name in _SHOWN},
        "code": shown(row.code) if may_see else None,
        "status": state_of(row).value,
        "blocked": row.blocked_at is not None,
    }


def _holding(row: Pass, allowance_left: int | None) -> Holding:
    first, last = row.paused_from, row.paused_until
    return Holding(
        id=row.id,
        remaining=row.remaining,
        allowance_left=allowance_left,
        starts_at=row.starts_at,
        ends_at=None if row.renews else row.expires_at,
        paused_from=None if first is None else day_begins(first, zone()),
        paused_until=(
            None if last is None else day_begins(last + timedelta(days=1), zone())
        ),
        blocked=row.blocked_at is not None,
        revoked=row.revoked_at is not None,
        closed=row.expired_at is not None,
    )
