"""Passes as they are judged and shown."""

import calendar
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from benchmarks.requests.peers.common import errors
from benchmarks.requests.peers.common.hours import moment_of

FREE_MISSES: Final = 20
WINDOW: Final = timedelta(minutes=15)

_ALPHABET: Final = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_LENGTH: Final = 16
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})
_SHOWN: Final = (
    "id",
    "kind",
    "client_id",
    "product_id",
    "batch_id",
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


class Held(Protocol):
    """A row of the table of passes."""

    id: UUID
    code: str
    client_id: UUID | None
    remaining: int | None
    allowance: int | None
    allowance_per: str | None
    starts_at: datetime
    expires_at: datetime | None
    valid_days: int | None
    renews: bool
    paused_from: date | None
    paused_until: date | None
    blocked_at: datetime | None
    revoked_at: datetime | None
    expired_at: datetime | None


def normalised(text: str) -> str | None:
    """Reads what somebody typed; None where no code can look like that."""
    code = text.strip().upper().translate(_MISREAD)
    return code if len(code) == _LENGTH and set(code) <= _ALPHABET else None


def refuse_unfit(row: Held, moment: datetime, zone: ZoneInfo) -> None:
    """Refuses a pass that does not cover a moment.

    Raises:
        Refused: Why it does not.
    """
    day = moment.astimezone(zone).date()
    paused = row.paused_from is not None and row.paused_from <= day
    checks: tuple[tuple[type[errors.Refused], bool], ...] = (
        (errors.PassRevoked, row.revoked_at is not None),
        (errors.PassBlocked, row.blocked_at is not None),
        (errors.PassExpired, _over(row, moment)),
        (errors.NotStarted, moment < row.starts_at),
        (
            errors.PassPaused,
            paused and row.paused_until is not None and day <= row.paused_until,
        ),
        (errors.AlreadyRedeemed, row.remaining == 0),
    )
    for refused, holds in checks:
        if holds:
            raise refused


def take_one(row: Held, moment: datetime, zone: ZoneInfo) -> Mapping[str, Any]:
    """What a use changes of a pass that covers the moment; holder left out."""
    if row.remaining is None:
        return {}
    changes: dict[str, Any] = {"remaining": row.remaining - 1}
    if row.valid_days is not None:
        first = moment.astimezone(zone).date()
        ends = moment_of(first + timedelta(days=row.valid_days), 0, zone)
        changes |= {"expires_at": ends, "valid_days": None}
    return changes


def period_around(
    moment: datetime, per: str, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    """The week or month of a moment, for which an allowance counts."""
    day = moment.astimezone(zone).date()
    if per == "week":
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        after = first + timedelta(days=calendar.monthrange(day.year, day.month)[1])
    return moment_of(first, 0, zone), moment_of(after, 0, zone)


def present(row: Held, *, see_code: bool, now: datetime) -> dict[str, Any]:
    """A pass as a caller may see it."""
    if row.revoked_at is not None:
        status = "revoked"
    elif _over(row, now):
        status = "expired"
    else:
        status = "used" if row.remaining == 0 else "active"
    groups = (row.code[at : at + 4] for at in range(0, _LENGTH, 4))
    return {
        **{name: getattr(row, name) for name in _SHOWN},
        "code": "-".join(groups) if see_code else None,
        "status": status,
        "blocked": row.blocked_at is not None,
    }


def _over(row: Held, moment: datetime) -> bool:
    ends = None if row.renews else row.expires_at
    return row.expired_at is not None or (ends is not None and ends <= moment)
