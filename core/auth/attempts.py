"""Counting attempts before they are made, so that guessing takes years.

An attempt is reserved by one conditional upsert that is committed before any hash is
computed: of many at once exactly as many get through as are free. Whoever succeeds
gives the count back. Nothing is ever shut for good.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Float,
    Function,
    case,
    func,
    literal_column,
    null,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.audit.recorder import record_event
from core.auth.account_models import AuthAttempt
from core.auth.emails import key_of
from core.auth.errors import AuthLocked
from core.clock import utc_now
from core.db.compiled_writes import Deleting, Upserting
from core.db.statement import Statement, given
from core.db.unit import session

FREE: Final = 5
"""How many failures cost nothing yet."""
LOCK_AFTER: Final = 10
"""From this failure on the pause is minutes."""
LONGEST: Final = timedelta(hours=1)
"""No pause is longer."""
FORGOTTEN_AFTER: Final = timedelta(hours=24)
"""A count on which nobody worked for so long begins anew."""

_FIRST_LOCK_S: Final = 60
_MAX_DOUBLINGS: Final = 6


@dataclass(frozen=True, slots=True)
class Reservation:
    """An attempt that may be made, and is counted as a failure until it is forgiven.

    Attributes:
        kind: What is tried, such as ``login``.
        subject: Under what it is counted.
        failures: How many there are with this one.
    """

    kind: str
    subject: bytes
    failures: int

    @property
    def locks(self) -> bool:
        """Whether its failure shuts the subject for a minute or more."""
        return self.failures >= LOCK_AFTER


def reserve(kind: str, subject: str | UUID) -> Reservation:
    """Counts an attempt; call it in a transaction that commits before the attempt.

    Args:
        kind: What is tried: ``login``, ``device``, ``password``, ``reset``, ``totp``.
        subject: On whom or by whom. Log-in names are masked first; see ``masked``.

    Raises:
        AuthLocked: It is shut for now; ``Retry-After`` says for how long.
    """
    digest, now = _digest(kind, subject), utc_now()
    first = {"subject": digest, "failures": 1, "last_at": now}
    row = _COUNT.run(session(), first, now=now)
    if row is None:
        raise AuthLocked(headers={"Retry-After": str(_seconds_left(digest))})
    return Reservation(kind, digest, row.failures)


def forgive(reservation: Reservation) -> None:
    """Begins the count anew, because the attempt succeeded."""
    _FORGIVE.run(session(), subject=reservation.subject)


def note_failure(reservation: Reservation, user_id: UUID | None) -> None:
    """Notes a failure that shuts its subject in the audit log.

    Args:
        reservation: The attempt that failed.
        user_id: Whose account it was about; None for an unknown name.
    """
    if not reservation.locks:
        return
    record_event(
        "auth.locked",
        "user",
        user_id,
        {
            "kind": reservation.kind,
            "failures": reservation.failures,
            "seconds": int(pause(reservation.failures).total_seconds()),
        },
    )


def failures_of(kind: str, subject: str | UUID) -> int:
    """How many attempts failed lately."""
    row = _find(_digest(kind, subject))
    if row is None or row.last_at < utc_now() - FORGOTTEN_AFTER:
        return 0
    return row.failures


def pause(failures: int) -> timedelta:
    """How long nothing may be tried after so many failures.

    None of the first ``FREE - 1`` costs anything; then it is 1, 2, 4, 8 and 16
    seconds, and from ``LOCK_AFTER`` on 1, 2, 4 … minutes, up to ``LONGEST``.
    """
    if failures < FREE:
        return timedelta()
    if failures < LOCK_AFTER:
        return timedelta(seconds=2 ** (failures - FREE))
    doublings = min(failures - LOCK_AFTER, _MAX_DOUBLINGS)
    return min(timedelta(seconds=_FIRST_LOCK_S * 2**doublings), LONGEST)


def masked(name: str, key: bytes) -> str:
    """A log-in name as it is counted.

    Strangers' names are counted like members', and are not to be read from the table.
    """
    return hmac.digest(key, key_of(name).encode(), "sha256").hex()


def _find(digest: bytes) -> AuthAttempt | None:
    found: AuthAttempt | None = session().read_one(_OF_SUBJECT, subject=digest)
    return found


def _seconds_left(digest: bytes) -> int:
    """Whole seconds until the next attempt, at least one."""
    row = _find(digest)
    if row is None or row.shut_until is None:
        return 1
    return max(1, -int((utc_now() - row.shut_until).total_seconds() // 1))


def _digest(kind: str, subject: str | UUID) -> bytes:
    return hashlib.sha256(f"{kind}|{subject}".encode()).digest()


def _counted(moment: ColumnElement[datetime]) -> dict[str, Any]:
    """What one more attempt makes of a row; ``pause`` as the database computes it."""
    stale = AuthAttempt.last_at < moment - _seconds(FORGOTTEN_AFTER.total_seconds())
    count: ColumnElement[int] = case((stale, 1), else_=AuthAttempt.failures + 1)
    listed = ", ".join(str(seconds) for seconds in _PAUSES)
    pauses = literal_column(f"(ARRAY[{listed}])", ARRAY(Float))
    seconds = pauses[func.least(count - FREE + 1, len(_PAUSES))]
    shut_until = case((count < FREE, null()), else_=moment + _seconds(seconds))
    return {"failures": count, "last_at": moment, "shut_until": shut_until}


def _seconds(number: Any) -> Function[Any]:
    return func.make_interval(0, 0, 0, 0, 0, 0, number)


_PAUSES: Final = [
    pause(failures).total_seconds()
    for failures in range(FREE, LOCK_AFTER + _MAX_DOUBLINGS + 1)
]
"""In seconds, from the first failure that costs something to the longest pause."""
_NOW: Final = type_coerce(given("now"), AuthAttempt.last_at.type)
_OF_SUBJECT = Statement(
    select(AuthAttempt).where(AuthAttempt.subject == given("subject")), refresh=True
)
_COUNT = Upserting(
    AuthAttempt,
    "subject",
    "failures",
    "last_at",
    conflict=("subject",),
    update=_counted(_NOW),
    where=AuthAttempt.shut_until.is_(None) | (AuthAttempt.shut_until <= _NOW),
)
_FORGIVE = Deleting(AuthAttempt, AuthAttempt.subject == given("subject"))
