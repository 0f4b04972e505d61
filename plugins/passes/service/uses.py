"""Taking a use of a pass that is locked, and giving it back."""

from datetime import datetime
from uuid import UUID

from core.sdk.jobs import emit
from core.sdk.metrics import counter
from plugins.passes.domain.calendar import end_of_days
from plugins.passes.domain.kinds import Entry
from plugins.passes.hooks import PassRedeemed
from plugins.passes.models import Pass
from plugins.passes.repository import LedgerRepository, Movement, PassRepository
from plugins.passes.service.holdings import zone

_passes = PassRepository()
_ledger = LedgerRepository()
_redeemed = counter("passes_redeemed_total", "Uses taken of passes.")


def take_locked(row: Pass, moment: datetime, session_id: UUID | None) -> None:
    """Takes one use of a pass that this unit of work has locked and judged.

    Raises:
        SessionCovered: A use was taken for the session already.
    """
    if row.remaining is not None:
        row.remaining -= 1
        ends = first_use_ends(row, moment)
        if ends is not None:
            row.expires_at, row.valid_days = ends, None
        _passes.save()
    tell_taken(row, moment, session_id)


def first_use_ends(row: Pass, moment: datetime) -> datetime | None:
    """When a pass ends whose days begin with a use at ``moment``; else None."""
    if row.valid_days is None:
        return None
    here = zone()
    return end_of_days(row.valid_days, moment.astimezone(here).date(), here)


def tell_taken(row: Pass, moment: datetime, session_id: UUID | None) -> None:
    """Writes a use down that was taken, and tells of it.

    Raises:
        SessionCovered: A use was taken for the session already.
    """
    _ledger.add_entry(
        row.id,
        Movement(
            kind=Entry.USE,
            uses=-1,
            balance=row.remaining,
            session_id=session_id,
            counts_at=moment,
        ),
    )
    emit(
        PassRedeemed(
            pass_id=row.id,
            client_id=row.client_id,
            session_id=session_id,
            remaining=row.remaining,
        )
    )
    _redeemed.inc()


def give_back(session_id: UUID) -> bool:
    """Gives the use back that was taken for a session.

    Returns:
        Whether there was one; a second call finds none.
    """
    entry = _ledger.use_of(session_id)
    row = None if entry is None else _passes.find(entry.pass_id, lock=True)
    if entry is None or row is None:
        return False
    if row.remaining is not None:
        row.remaining += 1
        _passes.save()
    _ledger.add_entry(
        row.id,
        Movement(
            kind=Entry.RETURN,
            uses=1,
            balance=row.remaining,
            session_id=session_id,
            counts_at=entry.counts_at,
        ),
    )
    return True
