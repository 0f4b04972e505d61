"""All SQL on the ledger of uses, and on the words beside it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from core.sdk.base import Page, SortKey, new_id, utc_now
from core.sdk.data import (
    Listing,
    Repository,
    Statement,
    among,
    given,
    insert_batch,
    insert_new,
)
from plugins.passes.domain.kinds import Entry
from plugins.passes.errors import SessionCovered
from plugins.passes.models import LedgerEntry, Remark

_SHOWN: tuple[Any, ...] = (
    LedgerEntry.id,
    LedgerEntry.kind,
    LedgerEntry.uses,
    LedgerEntry.balance,
    LedgerEntry.session_id,
    LedgerEntry.created_at,
    Remark.reason,
)
_ENTRIES = Listing(
    select(*_SHOWN).outerjoin(Remark, Remark.id == LedgerEntry.id),
    {"pass_id": LedgerEntry.pass_id == given("pass_id")},
)
_TAKEN = Statement(
    select(LedgerEntry.pass_id, -func.sum(LedgerEntry.uses))
    .where(
        among(LedgerEntry.pass_id, "pass_ids"),
        LedgerEntry.kind.in_([Entry.USE.value, Entry.RETURN.value]),
        LedgerEntry.counts_at >= given("since"),
        LedgerEntry.counts_at < given("until"),
    )
    .group_by(LedgerEntry.pass_id)
)
_OF_SESSION = Statement(
    select(LedgerEntry).where(LedgerEntry.session_id == given("session_id"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """An entry to write.

    Attributes:
        uses: What it adds; negative takes away.
        balance: Uses left after it; None where they are not counted down.
        counts_at: By whose week or month an allowance counts it; None for now.
        reason: Words, kept apart from the ledger.
    """

    kind: Entry
    uses: int
    balance: int | None
    session_id: UUID | None = None
    counts_at: datetime | None = None
    reason: str | None = None


class LedgerRepository(Repository[LedgerEntry]):
    """Movements of uses; they are added and never changed."""

    model = LedgerEntry
    sorts = {"created_at": LedgerEntry.created_at}

    def add_entry(self, pass_id: UUID, movement: Movement) -> UUID:
        """Writes one entry; returns its id.

        Raises:
            SessionCovered: The session has such an entry already.
        """
        now = utc_now()
        made = insert_new(self.session, LedgerEntry, [_row(pass_id, movement, now)])
        if not made:
            raise SessionCovered
        entry_id = made[0].id
        if movement.reason is not None:
            remark = {"id": entry_id, "pass_id": pass_id, "reason": movement.reason}
            insert_new(self.session, Remark, [remark])
        return entry_id

    def add_entries(self, movements: Sequence[tuple[UUID, Movement]]) -> None:
        """Writes an entry for each of many passes; none about a session."""
        now = utc_now()
        rows = [_row(pass_id, movement, now) for pass_id, movement in movements]
        insert_new(self.session, LedgerEntry, rows)

    def grant_batch(self, batch_id: UUID, pass_ids: Sequence[UUID], uses: int) -> None:
        """Writes the first entries of passes that were generated together."""
        now = utc_now()
        insert_batch(
            self.session,
            LedgerEntry,
            batch_id,
            same={
                "kind": Entry.GRANT.value,
                "uses": uses,
                "balance": uses,
                "counts_at": now,
                "created_at": now,
            },
            each={"id": [new_id() for _ in pass_ids], "pass_id": pass_ids},
        )

    def taken(
        self, pass_ids: Collection[UUID], since: datetime, until: datetime
    ) -> dict[UUID, int]:
        """Counts the uses of passes in a stretch, returned ones left out."""
        wanted = {"pass_ids": list(pass_ids), "since": since, "until": until}
        return {
            pass_id: int(count)
            for pass_id, count in self.session.read(_TAKEN, **wanted)
        }

    def use_of(self, session_id: UUID) -> LedgerEntry | None:
        """Returns the use that was taken for a session, unless it was given back."""
        entries = self.session.read(_OF_SESSION, session_id=session_id)
        if len(entries) != 1:
            return None
        found: LedgerEntry = entries[0]
        return found

    def of_pass(
        self, pass_id: UUID, *, page: int, limit: int, sort: Sequence[SortKey]
    ) -> Page:
        """Returns a page of a pass's entries, with the words beside them."""
        wanted = {"pass_id": pass_id}
        return self.page(_ENTRIES, wanted, page=page, limit=limit, sort=sort)


def _row(pass_id: UUID, movement: Movement, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "pass_id": pass_id,
        "kind": movement.kind.value,
        "uses": movement.uses,
        "balance": movement.balance,
        "session_id": movement.session_id,
        "counts_at": movement.counts_at or now,
        "created_at": now,
    }
