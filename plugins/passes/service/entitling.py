"""The answer to scheduling: which holding pays for a session."""

from datetime import datetime
from uuid import UUID

from plugins.passes.domain.entitlement import choose, refusal
from plugins.passes.repository import PassRepository
from plugins.passes.service.holdings import holdings
from plugins.passes.service.uses import take_locked
from plugins.scheduling.hooks import Entitlement

_passes = PassRepository()


def take(*, client_id: UUID, session_id: UUID, starts_at: datetime) -> Entitlement:
    """Takes a use of what the client holds, in the caller's transaction.

    What the client holds stays locked until that ends, so that two bookings at the
    same time never share a use.

    Returns:
        The holding that pays; without one, the reasons why none does.
    """
    rows = _passes.usable_of(client_id)
    known = holdings(rows, starts_at)
    chosen = choose(known, starts_at)
    if chosen is None:
        reasons = {refusal(one, starts_at) for one in known} - {None}
        return Entitlement(reasons=tuple(sorted(map(str, reasons))))
    [row] = [row for row in rows if row.id == chosen.id]
    take_locked(row, starts_at, session_id)
    return Entitlement(holding_id=row.id)
