"""Reading and writing the links of a gym's chain."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Text, cast, func, select, tuple_

from core.audit.canonical import (
    COLUMNS,
    FIRST,
    AnyRow,
    Position,
    SealFields,
    leaf,
    leaves_in,
)
from core.audit.models import AuditEntry, AuditSeal
from core.clock import utc_now
from core.db.locks import try_lock
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.ids import NIL

BATCH: Final = 2000
"""Entries in one seal at most."""

START: Final = Position(-1, NIL)

HEAD: Final[tuple[Any, ...]] = (
    AuditSeal.seq,
    AuditSeal.era,
    AuditSeal.last_txid,
    AuditSeal.last_id,
    AuditSeal.hash,
    AuditSeal.entries,
    AuditSeal.cumulative,
    AuditSeal.sealed_at,
)
"""What is read of a seal without its leaves."""


class Step(NamedTuple):
    """What one call of ``seal_next`` did.

    Attributes:
        newest: Number of the newest seal; 0 when there is none.
        sealed: How many entries went into it now.
        more: Whether there may be more to seal at once.
    """

    newest: int
    sealed: int
    more: bool


_PLACE = tuple_(AuditEntry.txid, AuditEntry.id)
_HORIZON = cast(
    cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger
)
_COUNT = select(func.count()).select_from(AuditEntry)
_AFTER = tuple_(given("from_txid"), given("from_id")) < _PLACE
_UP_TO = tuple_(given("to_txid"), given("to_id")) >= _PLACE

_ENDED = Statement(select(_HORIZON))
_NEWEST = Statement(select(*HEAD).order_by(AuditSeal.seq.desc()).limit(1))
_LATER = Statement(
    select(*HEAD)
    .where(AuditSeal.seq > given("seq"))
    .order_by(AuditSeal.seq)
    .limit(given("many"))
)
_LEAVES = Statement(
    select(AuditSeal.leaves).where(
        AuditSeal.era != given("outside"),
        AuditSeal.last_txid >= given("first_txid"),
        AuditSeal.first_txid <= given("last_txid"),
    )
)
_COUNT_TO = Statement(_COUNT.where(_UP_TO))
_BETWEEN = Statement(select(*COLUMNS).where(_AFTER, _UP_TO))
_NEXT = Statement(
    select(*COLUMNS)
    .where(_AFTER, AuditEntry.txid < given("ended"))
    .order_by(AuditEntry.txid, AuditEntry.id)
    .limit(given("many"))
)


def _size() -> Statement:
    """How many entries there are, which costs what is not sealed yet.

    Where the newest seal does not tell, all are counted: there is none, a version made
    it that did not count, or the server numbers transactions anew and the sealer has
    not seen it yet, so that new entries stand before the seal's place.
    """
    newest = (
        select(AuditSeal.last_txid, AuditSeal.last_id, AuditSeal.cumulative)
        .order_by(AuditSeal.seq.desc())
        .limit(1)
        .subquery()
    )
    since = _COUNT.where(tuple_(newest.c.last_txid, newest.c.last_id) < _PLACE)
    told = select(newest.c.cumulative + since.scalar_subquery()).where(
        newest.c.last_txid < _HORIZON
    )
    return Statement(
        select(func.coalesce(told.scalar_subquery(), _COUNT.scalar_subquery()))
    )


SIZE: Final = _size()


def take_turn(session: TenantSession) -> bool:
    """Whether this transaction alone may extend the gym's chain; does not wait."""
    raw = hashlib.sha256(b"audit seal" + session.require_tenant().bytes).digest()
    return try_lock(session, int.from_bytes(raw[:8], signed=True))


def horizon(session: TenantSession) -> int:
    """Every transaction with a smaller number has ended, everywhere on the server."""
    return int(session.read_value(_ENDED))


def head(session: TenantSession) -> AnyRow | None:
    """The newest seal, by ``HEAD``."""
    found: AnyRow | None = session.read_one(_NEWEST)
    return found


def after(session: TenantSession, seq: int, *, many: int) -> Sequence[AnyRow]:
    """Seals that follow number ``seq``, by ``HEAD``."""
    return session.read(_LATER, seq=seq, many=many)


def seal_next(session: TenantSession) -> Step:
    """Seals the next entries, as many as one seal holds.

    Taken are entries whose transactions, and all with smaller numbers, have ended: so
    none can become visible later at a place that is sealed already.
    """
    last, ended = head(session), horizon(session)
    seq = last.seq if last is not None else 0
    era, place = _go_on(last, ended)
    passed = 0
    while True:
        rows = _entries(session, place, ended)
        if not rows:
            return Step(seq, sealed=0, more=False)
        fresh = rows if era == 0 else _not_held(session, rows, era)
        if fresh:
            passed += rows.index(fresh[-1]) + 1
            cumulative = _count_before(session, last, era) + passed
            _write(session, last, era, fresh, cumulative)
            return Step(seq + 1, len(fresh), more=len(rows) == BATCH)
        place = Position(rows[-1].txid, rows[-1].id)
        passed += len(rows)


def held_by(
    session: TenantSession, first_txid: int, last_txid: int, *, outside: int
) -> set[UUID]:
    """Entries of a stretch that seals of another era hold.

    Where the server counts transactions anew, entries of before stand between those
    of now.
    """
    stretch = {"first_txid": first_txid, "last_txid": last_txid}
    held = session.read(_LEAVES, outside=outside, **stretch)
    return {entry_id for row in held for entry_id, _leaf in leaves_in(row.leaves)}


def _count_before(session: TenantSession, last: AnyRow | None, era: int) -> int:
    """How many entries stand at or before the place where the chain is taken up."""
    if last is None or last.era != era:
        return 0
    known: int | None = last.cumulative
    return count_to(session, last) if known is None else known


def _not_held(
    session: TenantSession, rows: Sequence[AnyRow], era: int
) -> Sequence[AnyRow]:
    held = held_by(session, rows[0].txid, rows[-1].txid, outside=era)
    return [row for row in rows if row.id not in held]


def count_to(session: TenantSession, seal: AnyRow) -> int:
    """Counts the entries that stand at or before the last one of a seal."""
    last = {"to_txid": seal.last_txid, "to_id": seal.last_id}
    return int(session.read_value(_COUNT_TO, **last))


def between(
    session: TenantSession, first: Position, last: Position
) -> Sequence[AnyRow]:
    """Entries after ``first`` up to ``last``."""
    return session.read(
        _BETWEEN,
        from_txid=first.txid,
        from_id=first.id,
        to_txid=last.txid,
        to_id=last.id,
    )


def _go_on(last: AnyRow | None, ended: int) -> tuple[int, Position]:
    """Era and place at which the chain is taken up."""
    if last is None:
        return 0, START
    if ended <= last.last_txid:
        # What was sealed had ended, so the server has begun to count anew.
        return last.era + 1, START
    return last.era, Position(last.last_txid, last.last_id)


def _entries(session: TenantSession, place: Position, ended: int) -> list[AnyRow]:
    after = {"from_txid": place.txid, "from_id": place.id}
    return session.read(_NEXT, ended=ended, many=BATCH, **after)


def _write(
    session: TenantSession,
    last: AnyRow | None,
    era: int,
    rows: Sequence[AnyRow],
    cumulative: int,
) -> None:
    fields = SealFields(
        tenant_id=session.require_tenant(),
        seq=last.seq + 1 if last else 1,
        era=era,
        first=Position(rows[0].txid, rows[0].id),
        last=Position(rows[-1].txid, rows[-1].id),
        entries=len(rows),
        leaves=b"".join(map(leaf, rows)),
        prev_hash=last.hash if last else FIRST,
        sealed_at=utc_now(),
    )
    values = fields._asdict()
    first, final = values.pop("first"), values.pop("last")
    seal = AuditSeal(
        **values,
        first_txid=first.txid,
        first_id=first.id,
        last_txid=final.txid,
        last_id=final.id,
        hash=fields.hash(),
        cumulative=cumulative,
    )
    session.add(seal)
    session.flush()
