"""Sessions listed and read."""

from datetime import timedelta
from functools import cache
from typing import Any, Final

from benchmarks.requests.floor import database
from benchmarks.requests.floor.errors import not_found
from benchmarks.requests.floor.gate import require_client
from benchmarks.requests.floor.opening import day_begins
from benchmarks.requests.floor.wire import (
    Answer,
    Request,
    day,
    one_of,
    read_query,
    success,
    uuid,
    whole,
)
from core.clock import utc_now

COLUMNS: Final = (
    "id, client_id, coach_id, starts_at, ends_at, status, location, notes, version,"
    " created_at, updated_at"
)
_NAMES: Final = (
    "id",
    "clientId",
    "coachId",
    "startsAt",
    "endsAt",
    "status",
    "location",
    "notes",
    "version",
    "createdAt",
    "updatedAt",
)
_QUERY: Final = {
    "coachId": uuid,
    "clientId": uuid,
    "status": one_of("scheduled", "completed", "canceled", "no_show"),
    "dateFrom": day,
    "dateTo": day,
    "page": whole(1_000_000),
    "limit": whole(100),
}
_CRITERIA: Final = {
    "coachId": "coach_id = %s",
    "clientId": "client_id = %s",
    "status": "status = %s",
    "dateFrom": "starts_at >= %s",
    "dateTo": "starts_at < %s",
}
_ONE = f"SELECT {COLUMNS} FROM scheduling_sessions WHERE tenant_id = %s AND id = %s"  # noqa: S608 — ours


def list_sessions(request: Request) -> Answer:
    """A page of the sessions within the actor's reach, with the total."""
    query = read_query(request, _QUERY)
    limit, page = query.pop("limit", 20), query.pop("page", 1)
    zone = request.gym.zone
    if "dateFrom" in query:
        query["dateFrom"] = day_begins(query["dateFrom"], zone)
    if "dateTo" in query:
        query["dateTo"] = day_begins(query["dateTo"] + timedelta(days=1), zone)
    actor = request.caller()
    values = [request.tenant, *query.values()]
    if actor.scope == "own":
        values.append(actor.user_id)
    elif actor.scope == "granted":
        values += (actor.user_id, actor.user_id, request.tenant, actor.user_id)
        values.append(utc_now())
    where = _where(tuple(query), actor.scope)
    found = database.rows(_listing(where), [*values, limit, (page - 1) * limit])
    total = found[0][-1] if found else _count(page, where, values)
    return success(
        request,
        [dict(zip(_NAMES, one, strict=False)) for one in found],
        page={
            "limit": limit,
            "page": page,
            "total": total,
            "pages": -(-total // limit),
        },
    )


def read_session(request: Request) -> Answer:
    """One session within the actor's reach."""
    found = database.row(_ONE, (request.tenant, request.identifier))
    if found is None:
        raise not_found("There is no such session.")
    require_reach(request, coach_id=found[2], client_id=found[1])
    return answer_with(request, found)


def answer_with(request: Request, found: database.Row, status: int = 200) -> Answer:
    """A session as it is shown, with its version as the entity tag."""
    data = dict(zip(_NAMES, found, strict=True))
    tag = () if status != 200 else (("ETag", f'"{data["version"]}"'),)  # noqa: PLR2004
    return success(request, data, status=status, headers=tag)


def require_reach(request: Request, *, coach_id: str, client_id: str) -> None:
    """Refuses a session that is neither the coach's own nor about a client in reach."""
    actor = request.caller()
    if actor.scope != "granted" or coach_id != actor.user_id:
        require_client(request, client_id)


def _count(page: int, where: str, values: list[Any]) -> int:
    """How many there are, where a page is empty."""
    if page == 1:
        return 0
    counted = f"SELECT count(*) FROM scheduling_sessions WHERE {where}"  # noqa: S608 — ours
    [(total,)] = database.rows(counted, values)
    return int(total)


@cache
def _where(filters: tuple[str, ...], scope: str) -> str:
    criteria = ["tenant_id = %s", *(_CRITERIA[name] for name in filters)]
    if scope == "own":
        criteria.append("client_id = %s")
    elif scope == "granted":
        criteria.append(
            "(client_id = %s OR coach_id = %s OR client_id IN ("
            "SELECT client_id FROM client_grants WHERE tenant_id = %s"
            " AND user_id = %s AND (expires_at IS NULL OR expires_at > %s)))"
        )
    return " AND ".join(criteria)


@cache
def _listing(where: str) -> str:
    return (
        f"SELECT {COLUMNS}, count(*) OVER () FROM scheduling_sessions WHERE {where}"  # noqa: S608 — ours
        " ORDER BY starts_at, id LIMIT %s OFFSET %s"
    )
