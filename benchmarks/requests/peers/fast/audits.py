"""Reading the audit log."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import ColumnElement, Row, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.requests.peers.common import audit, http, roles
from benchmarks.requests.peers.common.hours import moment_of
from benchmarks.requests.peers.fast.access import Caller, allowed
from benchmarks.requests.peers.fast.database import Database
from benchmarks.requests.peers.fast.models import AuditEntry, PersonKey
from benchmarks.requests.peers.fast.schemas import (
    AuditOut,
    AuditsQuery,
    Envelope,
    envelope,
)

router = APIRouter(prefix="/audits")

Reader = Annotated[Caller, Depends(allowed(roles.AUDITS_READ))]

_EQUAL = ("entity", "entity_id", "user_id", "action")
_COLUMNS = [getattr(AuditEntry, name) for name in (*AuditOut.model_fields, "person_id")]
_NEWEST_FIRST = (AuditEntry.at.desc(), AuditEntry.id.desc())


@router.get("")
async def list_entries(
    request: Request,
    db: Database,
    caller: Reader,
    query: Annotated[AuditsQuery, Query()],
) -> Envelope[list[AuditOut]]:
    """By page, newest first, or on from a cursor at the same cost at any depth."""
    conditions = _conditions(query, caller)
    statement = select(*_COLUMNS).order_by(*_NEWEST_FIRST).limit(query.limit + 1)
    if query.cursor is None:
        counted = select(func.count()).select_from(AuditEntry).where(*conditions)
        total = await db.scalar(counted) or 0
        pages = http.pagination(query.page, query.limit, total)
        statement = statement.offset((query.page - 1) * query.limit)
    else:
        pages = {"limit": query.limit, "nextCursor": None}
        position = tuple_(AuditEntry.at, AuditEntry.id)
        conditions.append(position < tuple_(*http.read_cursor(query.cursor)))
    found = (await db.execute(statement.where(*conditions))).all()
    rows = found[: query.limit]
    if len(found) > query.limit:
        pages["nextCursor"] = http.write_cursor(rows[-1].at, rows[-1].id)
    shown = await _shown(db, caller.cause.tenant_id, rows)
    return envelope(request, shown, pages, Envelope[list[AuditOut]])


def _conditions(query: AuditsQuery, caller: Caller) -> list[ColumnElement[bool]]:
    found = [
        getattr(AuditEntry, name) == getattr(query, name)
        for name in _EQUAL
        if getattr(query, name) is not None
    ]
    if query.date_from is not None:
        found.append(AuditEntry.at >= moment_of(query.date_from, 0, caller.zone))
    if query.date_to is not None:
        after = query.date_to + timedelta(days=1)
        found.append(AuditEntry.at < moment_of(after, 0, caller.zone))
    return found


async def _shown(
    db: AsyncSession, tenant_id: UUID, rows: Sequence[Row[Any]]
) -> list[AuditOut]:
    """The entries with camelCase names, and with their sealed values open."""
    people = {row.person_id for row in rows if row.person_id is not None}
    keys: dict[UUID, bytes] = {}
    if people:
        known = await db.execute(
            select(PersonKey.id, PersonKey.wrapped).where(PersonKey.id.in_(people))
        )
        keys = {
            person: audit.unwrapped(tenant_id, person, wrapped)
            for person, wrapped in known
            if wrapped is not None
        }
    found = []
    for row in rows:
        key = keys.get(row.person_id)
        entry = AuditOut.model_validate(row)
        entry.before = audit.shown(row.before, (tenant_id, row.id, "before"), key)
        entry.after = audit.shown(row.after, (tenant_id, row.id, "after"), key)
        found.append(entry)
    return found
