"""Redeeming a pass."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.requests.peers.common import audit, errors, passes, roles
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.fast.access import Caller, allowed, require_reach
from benchmarks.requests.peers.fast.database import Database
from benchmarks.requests.peers.fast.http import failure
from benchmarks.requests.peers.fast.idempotency import once
from benchmarks.requests.peers.fast.models import (
    AuditEntry,
    Client,
    LedgerEntry,
    Miss,
    Pass,
    TrainingSession,
)
from benchmarks.requests.peers.fast.schemas import (
    Envelope,
    PassOut,
    RedemptionBody,
    envelope,
)

router = APIRouter(prefix="/passes")

Redeemer = Annotated[Caller, Depends(allowed(roles.PASSES_REDEEM))]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a pass shall pay for, and who shall hold it."""

    session: TrainingSession | None
    client_id: UUID | None


@router.post("/redeem", status_code=201)
async def redeem_pass(
    request: Request, db: Database, caller: Redeemer, body: RedemptionBody
) -> Response:
    """Takes one use of the pass with a code."""

    async def produce() -> Envelope[PassOut] | Response:
        wish = await _wish(db, caller, body)
        row = await _pass_of(db, caller, body.code)
        if row is None:
            return failure(request, errors.PassNotFound())
        await _take(db, caller, row, wish)
        own = row.client_id == caller.id
        see_code = own or caller.may(roles.PASSES_MANAGE)
        shown = passes.present(row, see_code=see_code, now=utc_now())
        told = PassOut.model_validate(shown)
        return envelope(request, told, None, Envelope[PassOut])

    return await once(request, db, caller, produce)


async def _wish(db: AsyncSession, caller: Caller, body: RedemptionBody) -> _Wish:
    session = None
    if body.session_id is not None:
        session = await db.scalar(
            select(TrainingSession).where(TrainingSession.id == body.session_id)
        )
        if session is None:
            raise errors.PassSessionUnknown
        await require_reach(db, caller, session.client_id)
        if session.status == "canceled":
            raise errors.SessionUnfit("This session was canceled.")
    if body.client_id is not None:
        if not await _is_client(db, body.client_id):
            raise errors.PassClientUnknown
        await require_reach(db, caller, body.client_id)
    return _Wish(session, body.client_id)


async def _pass_of(db: AsyncSession, caller: Caller, typed: str) -> Pass | None:
    """Finds a pass by what somebody typed, locks it, and counts what leads nowhere."""
    now = utc_now()
    miss = await db.scalar(select(Miss).where(Miss.holder_id == caller.id))
    fresh = miss is not None and now < miss.since + passes.WINDOW
    if miss is not None and fresh and miss.misses >= passes.FREE_MISSES:
        raise errors.TooManyMisses
    code = passes.normalised(typed)
    row = await db.scalar(select(Pass).where(Pass.code == code).with_for_update())
    if row is not None:
        return row
    if miss is None:
        tenant_id = caller.cause.tenant_id
        db.add(Miss(tenant_id=tenant_id, holder_id=caller.id, since=now, misses=1))
    elif fresh:
        miss.misses += 1
    else:
        miss.since, miss.misses = now, 1
    return None


async def _take(db: AsyncSession, caller: Caller, row: Pass, wish: _Wish) -> None:
    """Takes a use of a pass that is locked, and writes it down."""
    if row.client_id is not None:
        await require_reach(db, caller, row.client_id)
    moment = utc_now() if wish.session is None else wish.session.starts_at
    passes.refuse_unfit(row, moment, caller.zone)
    if row.allowance_per is not None:
        await _refuse_beyond_allowance(db, row, moment, caller)
    changes = dict(passes.take_one(row, moment, caller.zone))
    holder = await _holder(db, caller, row, wish)
    if row.remaining is not None and holder != row.client_id:
        changes["client_id"] = holder
    before: dict[str, Any] = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    await db.flush()
    cause = caller.cause
    if changes:
        told = audit.entry(
            cause, "passes.pass.update", row.id, before=before, after=changes
        )
        db.add(AuditEntry(**told))
    used = {
        "pass_id": row.id,
        "kind": "use",
        "uses": -1,
        "balance": row.remaining,
        "session_id": None if wish.session is None else wish.session.id,
        "counts_at": moment,
        "created_at": utc_now(),
    }
    entry = LedgerEntry(tenant_id=cause.tenant_id, **used)
    db.add(entry)
    await db.flush()
    told = audit.entry(cause, "passes.ledger.create", entry.id, after=used)
    db.add(AuditEntry(**told))


async def _holder(
    db: AsyncSession, caller: Caller, row: Pass, wish: _Wish
) -> UUID | None:
    """Who holds the pass from now on; None where nobody does."""
    of_session = None if wish.session is None else wish.session.client_id
    named = {one for one in (row.client_id, of_session, wish.client_id) if one}
    if len(named) > 1:
        raise errors.SessionUnfit("The pass, the session and the client do not match.")
    if named:
        return named.pop()
    is_client = caller.role == roles.OWN_ROWS and await _is_client(db, caller.id)
    return caller.id if is_client else None


async def _is_client(db: AsyncSession, user_id: UUID) -> bool:
    found = await db.scalar(select(Client.id).where(Client.id == user_id))
    return found is not None


async def _refuse_beyond_allowance(
    db: AsyncSession, row: Pass, moment: datetime, caller: Caller
) -> None:
    per = row.allowance_per or "month"
    since, until = passes.period_around(moment, per, caller.zone)
    taken = await db.scalar(
        select(func.sum(LedgerEntry.uses)).where(
            LedgerEntry.pass_id == row.id,
            LedgerEntry.kind.in_(("use", "return")),
            LedgerEntry.counts_at >= since,
            LedgerEntry.counts_at < until,
        )
    )
    if (row.allowance or 0) + (taken or 0) <= 0:
        raise errors.AllowanceUsed
