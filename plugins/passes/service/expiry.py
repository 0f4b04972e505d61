"""The nightly round: memberships that go on, and passes whose time is over."""

from datetime import datetime
from typing import Final

from core.sdk.base import utc_now
from core.sdk.jobs import emit
from plugins.passes.domain.calendar import day_begins, next_end
from plugins.passes.domain.kinds import Entry
from plugins.passes.hooks import PassExpired
from plugins.passes.models import Pass
from plugins.passes.repository import LedgerRepository, Movement, PassRepository
from plugins.passes.service.holdings import zone

AT_ONCE: Final = 500
"""Passes that one transaction sees to."""

_passes = PassRepository()
_ledger = LedgerRepository()


def settle_due() -> bool:
    """Renews and expires what is due, at most ``AT_ONCE`` passes of each.

    Run again it finds only what is left, so a round may stop anywhere.

    Returns:
        Whether more may be due.
    """
    now = utc_now()
    renewing = _passes.renewing(now, AT_ONCE)
    for row in renewing:
        _renew(row, now)
    ended = _passes.ended(now, AT_ONCE)
    for row in ended:
        if row.client_id is not None:
            emit(PassExpired(pass_id=row.id, client_id=row.client_id))
    _ledger.add_entries(
        [
            (row.id, Movement(kind=Entry.EXPIRE, uses=-row.remaining, balance=0))
            for row in ended
            if row.remaining
        ]
    )
    for row in ended:
        row.expired_at = now
        row.remaining = None if row.remaining is None else 0
    _passes.save()
    return AT_ONCE in {len(renewing), len(ended)}


def _renew(row: Pass, now: datetime) -> None:
    """Adds periods until the present one ends after ``now``."""
    here = zone()
    first = row.starts_at.astimezone(here).date()
    while row.expires_at is not None and row.expires_at <= now:
        ends_on = row.expires_at.astimezone(here).date()
        following = next_end(first, ends_on, row.period_months or 1)
        row.expires_at = day_begins(following, here)
