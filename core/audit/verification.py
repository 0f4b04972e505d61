"""Verification: recomputes a gym's chain and names what does not fit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, tuple_

from core.audit.anchors import Anchor, Anchors
from core.audit.canonical import (
    COLUMNS,
    FIRST,
    LEAF_BYTES,
    AnyRow,
    Position,
    SealFields,
    leaf,
    leaves_in,
)
from core.audit.models import AuditEntry, AuditSeal
from core.audit.seals import START, between, count_to, head, held_by
from core.db.session import TenantSession

_AT_ONCE: Final = 20
"""Seals read with one statement; each brings up to 96 kB of leaves."""

_SEAL: Final[tuple[Any, ...]] = (
    AuditSeal.tenant_id,
    AuditSeal.seq,
    AuditSeal.era,
    AuditSeal.first_txid,
    AuditSeal.first_id,
    AuditSeal.last_txid,
    AuditSeal.last_id,
    AuditSeal.entries,
    AuditSeal.cumulative,
    AuditSeal.leaves,
    AuditSeal.prev_hash,
    AuditSeal.sealed_at,
    AuditSeal.hash,
)


class Fault(StrEnum):
    """What can be wrong with a chain."""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    SEAL_CHANGED = "seal_changed"
    SEAL_MISSING = "seal_missing"
    TAIL_CUT = "tail_cut"
    ANCHOR_DIFFERS = "anchor_differs"
    ANCHOR_CHANGED = "anchor_changed"
    ANCHOR_MISSING = "anchor_missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit.

    Attributes:
        seq: Number of the seal concerned.
        entry_id: The entry concerned, where it is a single one.
    """

    fault: Fault
    detail: str
    seq: int | None = None
    entry_id: UUID | None = None


@dataclass(slots=True)
class Verdict:
    """What verification found in one gym.

    Attributes:
        seals: How many there are.
        entries: How many entries they hold.
        pending: Entries that are not sealed yet.
        oldest_pending: When the oldest of them was written.
        unanchored: Seals that have no anchor yet.
        head: Number and hash of the newest seal.
    """

    seals: int = 0
    entries: int = 0
    pending: int = 0
    oldest_pending: datetime | None = None
    unanchored: int = 0
    head: tuple[int, str] | None = None
    findings: list[Finding] = field(default_factory=list)


def verify(session: TenantSession, anchors: Anchors) -> Verdict:
    """Checks every seal, entry and anchor of the session's gym.

    The sealer may run meanwhile. Entries that are not sealed yet are counted only.
    """
    # Anchors first: the table is only ever ahead of them.
    anchored = anchors.read(session.require_tenant())
    return _Check(session, anchored).run()


class _Check:
    def __init__(self, session: TenantSession, anchored: Sequence[Anchor]) -> None:
        self._session = session
        self._newest = head(session)
        self._lines = len(anchored)
        self._anchored: Mapping[int, Anchor] = {
            one.seq: one for one in anchored if one.genuine
        }
        self._verdict = Verdict()
        self._moved: set[UUID] = set()
        self._check_anchors(anchored)

    def run(self) -> Verdict:
        verdict, previous = self._verdict, None
        for seal in _seals(self._session):
            self._check_link(seal, previous)
            self._check_entries(seal, previous)
            verdict.seals += 1
            verdict.entries += seal.entries
            verdict.unanchored += seal.seq not in self._anchored
            previous = seal
        self._check_tail(previous)
        self._count_pending(previous)
        self._check_count(previous)
        # An entry moved out of its place shows where it stands now, too.
        verdict.findings = [
            one
            for one in verdict.findings
            if one.fault is not Fault.INSERTED or one.entry_id not in self._moved
        ]
        return verdict

    def _found(
        self, fault: Fault, detail: str, seq: int | None, entry_id: UUID | None = None
    ) -> None:
        self._verdict.findings.append(Finding(fault, detail, seq, entry_id))

    def _check_anchors(self, anchored: Sequence[Anchor]) -> None:
        for number, anchor in enumerate(anchored, start=1):
            if not anchor.genuine:
                detail = f"Line {number} of the anchor file is not what was written."
                self._found(Fault.ANCHOR_CHANGED, detail, anchor.seq or None)

    def _check_link(self, seal: AnyRow, previous: AnyRow | None) -> None:
        """Checks a seal in itself, against the one before and against its anchor."""
        due = previous.seq + 1 if previous is not None else 1
        for seq in range(due, seal.seq):
            self._found(Fault.SEAL_MISSING, f"Seal {seq} is gone.", seq)
        prev_hash = previous.hash if previous is not None else FIRST
        whole = seal.entries * LEAF_BYTES == len(seal.leaves)
        if not whole or _fields(seal).hash() != seal.hash:
            self._found(Fault.SEAL_CHANGED, f"Seal {seal.seq} was changed.", seal.seq)
        elif seal.seq == due and seal.prev_hash != prev_hash:
            detail = f"Seal {seal.seq} does not follow the one before it."
            self._found(Fault.SEAL_CHANGED, detail, seal.seq)
        anchor = self._anchored.get(seal.seq)
        if anchor is not None and anchor.hash != seal.hash:
            detail = f"Seal {seal.seq} is not the one that was anchored."
            self._found(Fault.ANCHOR_DIFFERS, detail, seal.seq)

    def _check_entries(self, seal: AnyRow, previous: AnyRow | None) -> None:
        """Compares the entries of a seal's stretch with its leaves."""
        sealed = dict(leaves_in(seal.leaves))
        start = _start(seal, previous)
        there = {
            row.id: row
            for row in between(self._session, start, _position(seal, "last"))
        }
        missing = sealed.keys() - there.keys()
        moved = self._by_id(missing)
        self._moved |= moved.keys()
        for entry_id in sorted(missing - moved.keys()):
            detail = f"Entry {entry_id} is gone."
            self._found(Fault.MISSING, detail, seal.seq, entry_id)
        for entry_id, one in sealed.items():
            row = there.get(entry_id) or moved.get(entry_id)
            if row is not None and leaf(row) != one:
                detail = f"Entry {entry_id} was changed."
                self._found(Fault.CHANGED, detail, seal.seq, entry_id)
        strange = {
            entry_id
            for entry_id in there.keys() - sealed.keys()
            if not self._may_be_pending(seal, there[entry_id])
        }
        self._check_inserted(seal, start, strange)

    def _may_be_pending(self, seal: AnyRow, entry: AnyRow) -> bool:
        """Whether an entry in a stretch of an older era is one of now.

        Where the server counts transactions anew, entries that are not sealed yet
        stand among those of before, until the new era comes to their place.
        """
        newest = self._newest
        if newest is None or newest.era == seal.era:
            return False
        return (entry.txid, entry.id) > (newest.last_txid, newest.last_id)

    def _check_inserted(
        self, seal: AnyRow, start: Position, strange: set[UUID]
    ) -> None:
        if strange:
            strange -= held_by(
                self._session, start.txid, seal.last_txid, outside=seal.era
            )
        for entry_id in sorted(strange):
            detail = f"Entry {entry_id} was put in after its place was sealed."
            self._found(Fault.INSERTED, detail, seal.seq, entry_id)

    def _by_id(self, ids: set[UUID]) -> dict[UUID, AnyRow]:
        """Sealed entries that are not where they were, if they are anywhere."""
        if not ids:
            return {}
        rows = self._session.execute(select(*COLUMNS).where(AuditEntry.id.in_(ids)))
        return {row.id: row for row in rows}

    def _check_tail(self, last: AnyRow | None) -> None:
        """Finds anchors that no seal answers to."""
        newest = last.seq if last is not None else 0
        for seq, anchor in sorted(self._anchored.items()):
            if seq > newest:
                detail = f"Seal {seq} with {anchor.entries} entries is cut off."
                self._found(Fault.TAIL_CUT, detail, seq)
        if last is not None:
            self._verdict.head = (last.seq, last.hash.hex())
            if not self._lines:
                self._found(
                    Fault.ANCHOR_MISSING, "There is no anchor file of this gym.", None
                )

    def _check_count(self, last: AnyRow | None) -> None:
        """Checks how many entries the newest seal says there are up to it.

        Where entries are missing or put in, that is what was found already.
        """
        if last is None or last.cumulative is None or self._verdict.findings:
            return
        if last.cumulative != count_to(self._session, last):
            detail = f"Seal {last.seq} miscounts the entries up to it."
            self._found(Fault.SEAL_CHANGED, detail, last.seq)

    def _count_pending(self, last: AnyRow | None) -> None:
        place = START if last is None else _position(last, "last")
        beyond = tuple_(*place) < tuple_(AuditEntry.txid, AuditEntry.id)
        if last is not None and last.era > 0:
            # Among those of now stand the sealed ones of before.
            columns = select(AuditEntry.id, AuditEntry.at, AuditEntry.txid)
            rest = self._session.execute(columns.where(beyond)).all()
            newest = max((row.txid for row in rest), default=place.txid)
            held = held_by(self._session, place.txid, newest, outside=last.era)
            times = [row.at for row in rest if row.id not in held]
            self._verdict.pending = len(times)
            self._verdict.oldest_pending = min(times, default=None)
            return
        counted = select(func.count(), func.min(AuditEntry.at)).where(beyond)
        count, oldest = self._session.execute(counted.select_from(AuditEntry)).one()
        self._verdict.pending, self._verdict.oldest_pending = count, oldest


def _seals(session: TenantSession) -> Iterator[AnyRow]:
    seq = 0
    while True:
        found = session.execute(
            select(*_SEAL)
            .where(AuditSeal.seq > seq)
            .order_by(AuditSeal.seq)
            .limit(_AT_ONCE)
        ).all()
        if not found:
            return
        yield from found
        seq = found[-1].seq


def _fields(seal: AnyRow) -> SealFields:
    return SealFields(
        tenant_id=seal.tenant_id,
        seq=seal.seq,
        era=seal.era,
        first=_position(seal, "first"),
        last=_position(seal, "last"),
        entries=seal.entries,
        leaves=seal.leaves,
        prev_hash=seal.prev_hash,
        sealed_at=seal.sealed_at,
    )


def _position(seal: AnyRow, which: str) -> Position:
    return Position(getattr(seal, f"{which}_txid"), getattr(seal, f"{which}_id"))


def _start(seal: AnyRow, previous: AnyRow | None) -> Position:
    """After which place a seal's stretch begins.

    Where the seal before is gone, that is right before its own first entry, so that
    what the lost one held does not count as put in.
    """
    if seal.seq > 1 and (previous is None or previous.seq != seal.seq - 1):
        first = _position(seal, "first")
        return Position(first.txid, UUID(int=max(first.id.int - 1, 0)))
    if previous is None or previous.era != seal.era:
        return START
    return _position(previous, "last")
