"""The audit log: its first pages by number, then on from a cursor."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson

from benchmarks.requests.floor import database, vault
from benchmarks.requests.floor.errors import against_rule
from benchmarks.requests.floor.wire import (
    Answer,
    Request,
    read_query,
    success,
    text,
    whole,
)

_MAX_CURSOR: Final = 1000
_SIGNATURE: Final = 16
_QUERY: Final = {
    "page": whole(1_000_000),
    "limit": whole(100),
    "cursor": text(_MAX_CURSOR),
}
_NAMES: Final = (
    "id",
    "at",
    "userId",
    "actorKind",
    "action",
    "entity",
    "entityId",
    "before",
    "after",
    "traceId",
    "address",
)
_SIDES: Final = (("before", 7), ("after", 8))
_PERSON: Final = 11

_ENTRIES = (
    "SELECT id, at, user_id, actor_kind, action, entity, entity_id, before, after,"
    " trace_id, address, person_id FROM audit_entries WHERE tenant_id = %s"
)
_PAGE = f"{_ENTRIES} ORDER BY at DESC, id DESC LIMIT %s OFFSET %s"
_ON = f"{_ENTRIES} AND (at, id) < (%s, %s) ORDER BY at DESC, id DESC LIMIT %s"
_COUNT = "SELECT count(*) FROM audit_entries WHERE tenant_id = %(gym)s"
_TOTAL = (
    "SELECT coalesce((SELECT newest.cumulative"  # noqa: S608 — ours
    f" + ({_COUNT} AND (newest.last_txid, newest.last_id) < (txid, id))"
    " FROM (SELECT last_txid, last_id, cumulative FROM audit_seals"
    " WHERE tenant_id = %(gym)s ORDER BY seq DESC LIMIT 1) AS newest"
    " WHERE newest.last_txid"
    f" < pg_snapshot_xmin(pg_current_snapshot())::text::bigint), ({_COUNT}))"
)
_KEYS = (
    "SELECT id, wrapped FROM person_keys WHERE tenant_id = %s AND id = ANY(%s::uuid[])"
)


def list_entries(request: Request) -> Answer:
    """What was done, newest first."""
    query = read_query(request, _QUERY)
    limit, page = query.get("limit", 20), query.get("page", 1)
    cursor = query.get("cursor")
    if cursor is None:
        return _by_page(request, page, limit)
    if page != 1:
        raise against_rule("query", {"cursor": ["Give either page or cursor."]})
    at, entry_id = _read_cursor(request.tenant, cursor)
    found = database.rows(_ON, (request.tenant, at, entry_id, limit + 1))
    shown = found[:limit]
    follows = _cursor(request.tenant, shown[-1]) if len(found) > limit else None
    return success(
        request,
        _opened(request.tenant, shown),
        page={"limit": limit, "nextCursor": follows},
    )


def _by_page(request: Request, page: int, limit: int) -> Answer:
    tenant = request.tenant
    found = database.rows(_PAGE, (tenant, limit, (page - 1) * limit))
    total = len(found)
    if page > 1 or total == limit:
        [(total,)] = database.rows(_TOTAL, {"gym": tenant})
    described: dict[str, Any] = {
        "limit": limit,
        "page": page,
        "total": total,
        "pages": -(-total // limit),
    }
    if total > page * limit:
        described["nextCursor"] = _cursor(tenant, found[-1])
    return success(request, _opened(tenant, found), page=described)


def _opened(tenant: str, found: list[database.Row]) -> list[dict[str, Any]]:
    """The entries with their personal values open, or shown as erased."""
    people = {one[_PERSON] for one in found if one[_PERSON] is not None}
    keys = _reading_keys(tenant, people) if people else {}
    return [_shown(tenant, one, keys) for one in found]


def _shown(
    tenant: str, entry: database.Row, keys: dict[str, bytes | None]
) -> dict[str, Any]:
    values = dict(zip(_NAMES, entry, strict=False))
    person = entry[_PERSON]
    for side, at in _SIDES:
        kept = entry[at]
        if kept is None:
            continue
        if person is not None:
            key = keys.get(person)
            place = UUID(tenant).bytes + UUID(entry[0]).bytes + f"{side}:".encode()
            kept = {
                column: vault.unseal(key, value, place + column.encode())
                for column, value in kept.items()
            }
        values[side] = {_camel_case(column): one for column, one in kept.items()}
    return values


def _reading_keys(tenant: str, people: set[str]) -> dict[str, bytes | None]:
    return {
        person: wrapped and vault.unwrap_person_key(tenant, person, wrapped)
        for person, wrapped in database.rows(_KEYS, (tenant, list(people)))
    }


@cache
def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _cursor(tenant: str, last: database.Row) -> str:
    payload = orjson.dumps([last[1].isoformat(), last[0], True])
    signed = _signature(tenant, payload) + payload
    return urlsafe_b64encode(signed).rstrip(b"=").decode()


def _read_cursor(tenant: str, cursor: str) -> tuple[datetime, str]:
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError as error:
        raise _refused() from error
    given, payload = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not hmac.compare_digest(given, _signature(tenant, payload)):
        raise _refused()
    at, entry_id, _descending = orjson.loads(payload)
    return datetime.fromisoformat(at), entry_id


def _signature(tenant: str, payload: bytes) -> bytes:
    bound = orjson.dumps(["audits", tenant]) + payload
    return hmac.digest(vault.derived("cursor"), bound, hashlib.sha256)[:_SIGNATURE]


def _refused() -> Exception:
    faults = {"cursor": ["Pass on nextCursor as it was given."]}
    return against_rule("query", faults)
