"""Routes of sessions."""

import re
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy import ColumnElement, Select, func, or_, select

from benchmarks.requests.peers.common import errors, roles
from benchmarks.requests.peers.common.hours import moment_of
from benchmarks.requests.peers.common.http import pagination
from benchmarks.requests.peers.common.names import SESSION_FIELDS
from benchmarks.requests.peers.fast import booking
from benchmarks.requests.peers.fast.access import (
    Caller,
    allowed,
    granted_to,
    require_reach,
)
from benchmarks.requests.peers.fast.database import Database
from benchmarks.requests.peers.fast.idempotency import once
from benchmarks.requests.peers.fast.models import TrainingSession
from benchmarks.requests.peers.fast.schemas import (
    Envelope,
    NewSession,
    SessionChanges,
    SessionOut,
    SessionsQuery,
    envelope,
)

router = APIRouter(prefix="/scheduling/sessions")

Reader = Annotated[Caller, Depends(allowed(roles.SESSIONS_READ))]
Booker = Annotated[Caller, Depends(allowed(roles.SESSIONS_CREATE))]
Changer = Annotated[Caller, Depends(allowed(roles.SESSIONS_UPDATE))]

_ETAG = re.compile(r'^"(\d{1,18})"$')
_COLUMNS = [getattr(TrainingSession, name) for name in SESSION_FIELDS]
_SORTS = {
    "startsAt": TrainingSession.starts_at,
    "createdAt": TrainingSession.created_at,
}


@router.get("")
async def list_sessions(
    request: Request,
    db: Database,
    caller: Reader,
    query: Annotated[SessionsQuery, Query()],
) -> Envelope[list[SessionOut]]:
    """A page of the sessions within the caller's reach, with the total."""
    conditions = _conditions(query, caller)
    counted = select(func.count()).select_from(TrainingSession).where(*conditions)
    total = await db.scalar(counted) or 0
    rows = await db.execute(_page(query, conditions))
    found = [SessionOut.model_validate(row) for row in rows]
    pages = pagination(query.page, query.limit, total)
    return envelope(request, found, pages, Envelope[list[SessionOut]])


@router.get("/{session_id}")
async def read_session(
    request: Request,
    response: Response,
    db: Database,
    caller: Reader,
    session_id: UUID,
) -> Envelope[SessionOut]:
    """One session."""
    row = await _get(db, caller, session_id)
    return _told(request, response, row)


@router.post("", status_code=201)
async def book_session(
    request: Request, db: Database, caller: Booker, body: NewSession
) -> Response:
    """Books a session."""

    async def produce() -> Envelope[SessionOut]:
        row = await booking.book(db, caller, body)
        return _wrapped(request, row)

    return await once(request, db, caller, produce)


@router.patch("/{session_id}")
async def change_session(  # noqa: PLR0913 — FastAPI hands in each part by itself
    *,
    request: Request,
    response: Response,
    db: Database,
    caller: Changer,
    session_id: UUID,
    body: SessionChanges,
    if_match: Annotated[str, Header()] = "*",
) -> Envelope[SessionOut]:
    """Moves or annotates a session."""
    row = await _get(db, caller, session_id, lock=True)
    expected = _version(if_match)
    if expected is not None and expected != row.version:
        raise errors.PreconditionFailed(details={"currentVersion": row.version})
    await booking.change(db, caller, row, body.model_dump(exclude_unset=True))
    return _told(request, response, row)


async def _get(
    db: Database, caller: Caller, session_id: UUID, *, lock: bool = False
) -> TrainingSession:
    statement = select(TrainingSession).where(TrainingSession.id == session_id)
    row = await db.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise errors.SessionMissing
    if row.coach_id != caller.id:
        await require_reach(db, caller, row.client_id)
    return row


def _wrapped(request: Request, row: TrainingSession) -> Envelope[SessionOut]:
    shown = SessionOut.model_validate(row)
    return envelope(request, shown, None, Envelope[SessionOut])


def _told(
    request: Request, response: Response, row: TrainingSession
) -> Envelope[SessionOut]:
    response.headers["ETag"] = f'"{row.version}"'
    return _wrapped(request, row)


def _page(query: SessionsQuery, conditions: list[ColumnElement[bool]]) -> Select[Any]:
    sort, _, descending = query.sort.partition(":")
    key = _SORTS[sort].desc() if descending else _SORTS[sort]
    return (
        select(*_COLUMNS)
        .where(*conditions)
        .order_by(key, TrainingSession.id)
        .offset((query.page - 1) * query.limit)
        .limit(query.limit)
    )


def _conditions(query: SessionsQuery, caller: Caller) -> list[ColumnElement[bool]]:
    """The query as conditions; both dates count in full, in the gym's zone."""
    found = _visible(caller)
    for name in ("coach_id", "client_id", "status"):
        wanted = getattr(query, name)
        if wanted is not None:
            found.append(getattr(TrainingSession, name) == wanted)
    if query.date_from is not None:
        since = moment_of(query.date_from, 0, caller.zone)
        found.append(TrainingSession.starts_at >= since)
    if query.date_to is not None:
        until = moment_of(query.date_to + timedelta(days=1), 0, caller.zone)
        found.append(TrainingSession.starts_at < until)
    return found


def _visible(caller: Caller) -> list[ColumnElement[bool]]:
    if caller.role in roles.WHOLE_GYM:
        return []
    own = TrainingSession.client_id == caller.id
    if caller.role == roles.OWN_ROWS:
        return [own]
    coached = TrainingSession.coach_id == caller.id
    granted = TrainingSession.client_id.in_(granted_to(caller.id))
    return [or_(own, coached, granted)]


def _version(header: str) -> int | None:
    if header.strip() == "*":
        return None
    match = _ETAG.match(header.strip())
    if match is None:
        raise errors.ValidationFailed("If-Match takes one ETag as it was given.")
    return int(match.group(1))
