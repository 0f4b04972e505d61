"""Redeeming codes, and holding off those who guess them."""

from datetime import timedelta
from math import ceil
from typing import Any, Final
from uuid import UUID

from core.sdk.base import Conflict, RowScope, current, hooks, utc_now
from core.sdk.rights import require_client
from plugins.passes.domain.codes import normalised
from plugins.passes.domain.entitlement import refusal
from plugins.passes.errors import (
    CodeUnknown,
    PassNotFound,
    SessionUnfit,
    SessionUnknown,
    TooManyMisses,
)
from plugins.passes.models import Pass
from plugins.passes.repository import MissRepository, PassRepository, Use
from plugins.passes.service.holdings import (
    REFUSALS,
    holdings,
    present,
    require_known_client,
    zone,
)
from plugins.passes.service.uses import first_use_ends, take_locked, tell_taken
from plugins.scheduling.hooks import SessionFacts

FREE_MISSES: Final = 20
"""Unknown codes that a caller may try in ``WINDOW``."""

WINDOW: Final = timedelta(minutes=15)

_passes = PassRepository()
_misses = MissRepository()


def redeem(
    *, code: str, session_id: UUID | None = None, client_id: UUID | None = None
) -> dict[str, Any]:
    """Takes one use of the pass with this code.

    A pass that nobody holds becomes the client's: of the session, the one named, or
    the actor if that is a client.

    Args:
        code: As somebody typed it.
        session_id: The session that it pays for; None at the desk.
        client_id: Who shall hold it.

    Raises:
        SessionUnknown: There is no such session, or scheduling is off.
        ClientUnknown: There is no such client.
        CodeUnknown: No pass has the code.
        TooManyMisses: The actor tried too many unknown codes.
        Forbidden: Pass, session or client are out of the actor's reach.
        SessionUnfit: The session is another client's, or was canceled.
        SessionCovered: A use was taken for the session already.
        AppError: One of ``REFUSALS``: the pass does not cover the moment.
    """
    session = None if session_id is None else _session(session_id)
    if client_id is not None:
        require_known_client(client_id)
    row = _pass_of(code)
    if row.client_id is not None:
        require_client(row.client_id)
    holder_id = _holder(row, session, client_id)
    moment = utc_now() if session is None else session.starts_at
    if row.remaining is None:
        _take_uncounted(row.id, session)
    else:
        use = Use(
            moment=moment,
            day=moment.astimezone(zone()).date(),
            holder_id=holder_id,
            expires_at=first_use_ends(row, moment),
        )
        if not _passes.take_one(row.id, use):
            _refuse(row.id, use)
        tell_taken(row, moment, session_id)
    return present(row)


def _take_uncounted(pass_id: UUID, session: SessionFacts | None) -> None:
    """Takes a use of a membership: looked at and written under its lock."""
    moment = utc_now() if session is None else session.starts_at
    row = _passes.find(pass_id, lock=True)
    if row is None:
        raise PassNotFound
    [holding] = holdings([row], moment)
    reason = refusal(holding, moment)
    if reason is not None:
        raise REFUSALS[reason]
    take_locked(row, moment, None if session is None else session.session_id)


def _refuse(pass_id: UUID, use: Use) -> None:
    """Says why no use could be taken.

    Raises:
        AppError: Always.
    """
    row = _passes.find(pass_id, lock=True)
    if row is None:
        raise PassNotFound
    [holding] = holdings([row], use.moment)
    reason = refusal(holding, use.moment)
    if reason is not None:
        raise REFUSALS[reason]
    # It covers the moment now: somebody else became its holder, or it was topped up.
    raise Conflict("The pass changed meanwhile; try again.")


def _pass_of(code: str) -> Pass:
    """Finds a pass by what somebody typed, and counts what leads nowhere."""
    holder_id = current().actor.holder_id
    known = None if holder_id is None else _misses.of(holder_id)
    now = utc_now()
    if known and known.misses >= FREE_MISSES and now < known.since + WINDOW:
        raise _too_many(known.since + WINDOW - now)
    found = normalised(code)
    row = None if found is None else _passes.by_code(found)
    if row is not None:
        return row
    if holder_id is not None:
        miss = _misses.note(holder_id, now, WINDOW)
        if miss.misses > FREE_MISSES:
            raise _too_many(miss.since + WINDOW - now)
    raise CodeUnknown


def _too_many(left: timedelta) -> TooManyMisses:
    seconds = max(1, ceil(left.total_seconds()))
    return TooManyMisses(headers={"Retry-After": str(seconds)})


def _session(session_id: UUID) -> SessionFacts:
    """Asks scheduling about a session; it may be off, or not installed."""
    ask = getattr(hooks(), "session_facts", None)
    facts: SessionFacts | None = None if ask is None else ask(session_id=session_id)
    if facts is None:
        raise SessionUnknown
    require_client(facts.client_id)
    if facts.status == "canceled":
        raise SessionUnfit("This session was canceled.")
    return facts


def _holder(
    row: Pass, session: SessionFacts | None, client_id: UUID | None
) -> UUID | None:
    """Who holds the pass from now on; None where nobody does.

    Raises:
        SessionUnfit: Pass, session and client do not belong together.
    """
    actor = current().actor
    own = actor.user_id if actor.scope is RowScope.OWN else None
    named = {
        one
        for one in (row.client_id, session and session.client_id, client_id)
        if one is not None
    }
    if len(named) > 1:
        raise SessionUnfit("The pass, the session and the client do not match.")
    return next(iter(named), None) or _as_client(own)


def _as_client(user_id: UUID | None) -> UUID | None:
    known = user_id is not None and hooks().client_exists(client_id=user_id)
    return user_id if known else None
