"""What staff does with a pass: revoke, adjust, pause, block."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from core.sdk.base import require_version, utc_now
from plugins.passes.domain.calendar import day_begins
from plugins.passes.domain.kinds import Entry, State
from plugins.passes.errors import BalanceBroken, NotCounted, StateUnfit
from plugins.passes.models import Pass
from plugins.passes.repository import LedgerRepository, Movement, PassRepository
from plugins.passes.service.holdings import present, state_of, zone

MAX_USES: Final = 10_000
_RUNNING: Final = frozenset({State.ACTIVE, State.USED})

_passes = PassRepository()
_ledger = LedgerRepository()


def revoke(*, pass_id: UUID, expected_version: int | None) -> dict[str, Any]:
    """Takes a pass back for good; asking twice is fine.

    Raises:
        PassNotFound: There is no such pass.
        StateUnfit: It has expired.
        PreconditionFailed: The version is another one by now.
    """
    row = _get(pass_id, expected_version)
    if row.revoked_at is None:
        _require(row, _RUNNING)
        row.revoked_at = utc_now()
        _passes.save()
    return present(row)


def adjust(
    *, pass_id: UUID, uses: int, reason: str, expected_version: int | None
) -> dict[str, Any]:
    """Adds uses, or takes some away.

    Raises:
        PassNotFound: There is no such pass.
        StateUnfit: It has expired or was revoked.
        NotCounted: Its uses are not counted down.
        BalanceBroken: It would have less than none, or more than ``MAX_USES``.
        PreconditionFailed: The version is another one by now.
    """
    row = _get(pass_id, expected_version)
    _require(row, _RUNNING)
    if row.remaining is None:
        raise NotCounted
    balance = row.remaining + uses
    if not 0 <= balance <= MAX_USES:
        raise BalanceBroken(details={"remaining": row.remaining})
    row.remaining = balance
    _passes.save()
    _ledger.add_entry(
        row.id,
        Movement(kind=Entry.ADJUST, uses=uses, balance=balance, reason=reason),
    )
    return present(row)


def pause(
    *, pass_id: UUID, first: date, last: date, expected_version: int | None
) -> dict[str, Any]:
    """Pauses a pass from one date to another, both included; it lasts longer for it.

    Raises:
        PassNotFound: There is no such pass.
        StateUnfit: It is not active, nobody holds it, its days wait for the first use,
            or a pause is planned already.
        PreconditionFailed: The version is another one by now.
    """
    row = _get(pass_id, expected_version)
    _require(row, frozenset({State.ACTIVE}))
    if row.client_id is None:
        raise StateUnfit("Nobody holds this pass.")
    if row.valid_days is not None:
        raise StateUnfit("The days of this pass have not begun to count.")
    if row.paused_until is not None and row.paused_until >= _today():
        raise StateUnfit("This pass has a pause already; end that one first.")
    row.paused_from, row.paused_until = first, last
    _lengthen(row, (last - first).days + 1)
    _passes.save()
    return present(row)


def resume(*, pass_id: UUID, expected_version: int | None) -> dict[str, Any]:
    """Ends a pause today, or calls one off that is yet to come.

    Its days that are left are taken from the end of the pass again.

    Raises:
        PassNotFound: There is no such pass.
        StateUnfit: There is no pause that could be ended.
        PreconditionFailed: The version is another one by now.
    """
    row = _get(pass_id, expected_version)
    first, last, today = row.paused_from, row.paused_until, _today()
    if first is None or last is None or last < today or row.revoked_at is not None:
        raise StateUnfit("This pass has no pause to end.")
    begins = max(first, today)
    _lengthen(row, -((last - begins).days + 1))
    row.paused_from, row.paused_until = (
        (None, None) if first >= today else (first, today - timedelta(days=1))
    )
    _passes.save()
    return present(row)


def block(
    *, pass_id: UUID, reason: str, expected_version: int | None
) -> dict[str, Any]:
    """Keeps a pass from being used until it is unblocked.

    Raises:
        PassNotFound: There is no such pass.
        StateUnfit: It has expired, was revoked, or nobody holds it.
        PreconditionFailed: The version is another one by now.
    """
    row = _get(pass_id, expected_version)
    _require(row, _RUNNING)
    if row.client_id is None:
        raise StateUnfit("Nobody holds this pass; revoke it instead.")
    row.blocked_at, row.blocked_reason = row.blocked_at or utc_now(), reason
    _passes.save()
    return present(row)


def unblock(*, pass_id: UUID, expected_version: int | None) -> dict[str, Any]:
    """Lets a pass be used again; asking twice is fine.

    Raises:
        PassNotFound: There is no such pass.
        PreconditionFailed: The version is another one by now.
    """
    row = _get(pass_id, expected_version)
    row.blocked_at = row.blocked_reason = None
    _passes.save()
    return present(row)


def end_renewal(*, pass_id: UUID, expected_version: int | None) -> dict[str, Any]:
    """Lets a membership end with the period that it is in.

    Raises:
        PassNotFound: There is no such pass.
        StateUnfit: It does not renew, or has ended.
        PreconditionFailed: The version is another one by now.
    """
    row = _get(pass_id, expected_version)
    _require(row, frozenset({State.ACTIVE}))
    if not row.renews:
        raise StateUnfit("This pass does not renew itself.")
    row.renews = False
    _passes.save()
    return present(row)


def revoke_all_of(client_id: UUID) -> list[str]:
    """Revokes all that an erased person holds, so that no code of theirs is used.

    Returns:
        What was done, for the report; nothing where there was nothing to do.
    """
    count = _passes.revoke_all_of(client_id, utc_now())
    return [f"{count} passes were revoked."] if count else []


def _get(pass_id: UUID, expected_version: int | None) -> Pass:
    row = _passes.get(pass_id, lock=True)
    require_version(row.version, expected_version)
    return row


def _require(row: Pass, states: frozenset[State]) -> None:
    found = state_of(row)
    if found not in states:
        raise StateUnfit(details={"status": found.value})


def _lengthen(row: Pass, days: int) -> None:
    """Moves the end by whole dates of the gym's calendar."""
    if row.expires_at is not None:
        ends_on = row.expires_at.astimezone(zone()).date()
        row.expires_at = day_begins(ends_on + timedelta(days=days), zone())


def _today() -> date:
    return utc_now().astimezone(zone()).date()
