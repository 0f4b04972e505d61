"""Redeeming the code of a pass."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any, Final

from benchmarks.requests.floor import database
from benchmarks.requests.floor.errors import Refused, conflict, not_the_floors
from benchmarks.requests.floor.gate import require_client
from benchmarks.requests.floor.ids import new_id
from benchmarks.requests.floor.records import audit, emit
from benchmarks.requests.floor.wire import (
    Answer,
    Request,
    line,
    read_body,
    success,
    uuid,
)
from core.clock import utc_now

_FREE_MISSES: Final = 20
_WINDOW: Final = timedelta(minutes=15)
_LENGTH: Final = 16
_GROUP: Final = 4
_ALPHABET: Final = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})
_BODY: Final = {
    "code": line(64, least=1),
    "sessionId": uuid,
    "clientId": uuid,
}

_NAMES: Final = (
    "id",
    "code",
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
    "blocked_at",
    "revoked_at",
    "expired_at",
)
_COLUMNS: Final = ", ".join(_NAMES)
_MISSES = (
    "SELECT since, misses FROM passes_misses WHERE tenant_id = %s AND holder_id = %s"
)
_MISS = (
    "INSERT INTO passes_misses AS kept (tenant_id, id, holder_id, since, misses)"
    " VALUES (%(tenant)s, %(id)s, %(holder)s, %(now)s, 1)"
    " ON CONFLICT (tenant_id, holder_id) DO UPDATE SET"
    " since = CASE WHEN kept.since <= %(stale)s THEN %(now)s ELSE kept.since END,"
    " misses = CASE WHEN kept.since <= %(stale)s THEN 1 ELSE kept.misses + 1 END"
    " RETURNING since, misses"
)
_PASSES = f"SELECT {_COLUMNS} FROM passes_passes WHERE tenant_id = %s AND "  # noqa: S608 — ours
_BY_CODE = f"{_PASSES} code = %s"
_BY_ID = f"{_PASSES} id = %s FOR UPDATE"
_TAKE = (
    f"WITH stood AS (SELECT {_COLUMNS} FROM passes_passes"  # noqa: S608 — ours
    " WHERE tenant_id = %(tenant)s AND id = %(id)s AND remaining > 0"
    " AND revoked_at IS NULL AND blocked_at IS NULL AND expired_at IS NULL"
    " AND starts_at <= %(moment)s"
    " AND (expires_at IS NULL OR expires_at > %(moment)s)"
    " AND (paused_from IS NULL OR paused_from > %(day)s OR paused_until < %(day)s)"
    " AND (client_id IS NULL OR client_id = %(holder)s::uuid) FOR UPDATE)"
    " UPDATE passes_passes AS kept SET remaining = kept.remaining - 1,"
    " version = kept.version + 1, updated_at = %(now)s,"
    " client_id = coalesce(%(holder)s::uuid, kept.client_id),"
    " expires_at = CASE WHEN kept.valid_days IS NULL THEN kept.expires_at"
    " ELSE %(ends)s::timestamptz END,"
    " valid_days = CASE WHEN %(ends)s::timestamptz IS NULL THEN kept.valid_days END"
    " FROM stood WHERE kept.tenant_id = %(tenant)s AND kept.id = stood.id"
    f" RETURNING {', '.join(f'stood.{name}' for name in _NAMES)},"
    f" {', '.join(f'kept.{name}' for name in _NAMES)}"
)
_LEDGER = (
    "INSERT INTO passes_ledger (tenant_id, id, pass_id, kind, uses, balance,"
    " session_id, counts_at, created_at)"
    " VALUES (%s, %s, %s, 'use', -1, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_SESSION = (
    "SELECT client_id, status, starts_at FROM scheduling_sessions"
    " WHERE tenant_id = %s AND id = %s"
)
_CLIENT = "SELECT id FROM members_clients WHERE tenant_id = %s AND id = %s"

Pass = dict[str, Any]


def redeem(request: Request) -> Answer:
    """Takes one use; a pass that nobody holds becomes the client's."""
    body = read_body(request, _BODY, ("code",))
    session_id, client_id = body.get("sessionId"), body.get("clientId")
    session = None if session_id is None else _session(request, session_id)
    if client_id is not None:
        if not _is_client(request, client_id):
            raise Refused(404, "PASS_CLIENT_UNKNOWN", "There is no such client.")
        require_client(request, client_id)
    found = _pass_of(request, body["code"])
    if found["client_id"] is not None:
        require_client(request, found["client_id"])
    if found["remaining"] is None:
        raise not_the_floors("memberships")
    named = {found["client_id"], client_id, None if session is None else session[0]}
    holder = _holder(request, named)
    moment = utc_now() if session is None else session[2]
    before, after = _take(request, found, holder, moment)
    _audit_use(request, before, after)
    _write_down(request, after, session_id, moment)
    emit(request, "passes.pass.redeemed")
    return success(request, _shown(request, after), status=201)


def _take(
    request: Request, found: Pass, holder: str | None, moment: datetime
) -> tuple[Pass, Pass]:
    """Takes a use by one conditional UPDATE; gives the pass before and after."""
    zone, now = request.gym.zone, utc_now()
    day = moment.astimezone(zone).date()
    ends = None
    if found["valid_days"] is not None:
        ends = _day_begins(request, day + timedelta(days=found["valid_days"]))
    values = {
        "tenant": request.tenant,
        "id": found["id"],
        "holder": holder,
        "now": now,
        "moment": moment,
        "day": day,
        "ends": ends,
    }
    taken = database.changed(_TAKE, values)
    if taken is None:
        raise _refusal(request, found["id"], moment)
    width = len(_NAMES)
    return _named(taken[:width]), _named(taken[width:])


def _refusal(request: Request, pass_id: str, moment: datetime) -> Refused:
    """Why no use could be taken."""
    row = database.row(_BY_ID, (request.tenant, pass_id))
    if row is None:
        return _unknown(keeps_work=False)
    found = _named(row)
    ends = None if found["renews"] else found["expires_at"]
    checks = (
        (found["revoked_at"], 410, "PASS_REVOKED", "This pass was revoked."),
        (
            found["blocked_at"],
            409,
            "PASS_BLOCKED",
            "This pass is blocked; ask at the desk.",
        ),
        (
            found["expired_at"] or (ends and ends <= moment),
            410,
            "PASS_EXPIRED",
            "This pass has expired.",
        ),
        (
            moment < found["starts_at"],
            409,
            "PASS_NOT_STARTED",
            "This pass is not valid yet.",
        ),
        (
            _is_paused(request, found, moment),
            409,
            "PASS_PAUSED",
            "This pass is paused.",
        ),
        (
            found["remaining"] == 0,
            409,
            "PASS_ALREADY_REDEEMED",
            "This pass has no uses left.",
        ),
    )
    for speaks, status, code, message in checks:
        if speaks:
            return Refused(status, code, message)
    return conflict("The pass changed meanwhile; try again.")


def _is_paused(request: Request, found: Pass, moment: datetime) -> bool:
    if found["paused_from"] is None:
        return False
    day = moment.astimezone(request.gym.zone).date()
    return bool(found["paused_from"] <= day <= found["paused_until"])


def _write_down(
    request: Request, after: Pass, session_id: str | None, moment: datetime
) -> None:
    """Writes the use into the ledger, once for each session."""
    entry_id, now = new_id(), utc_now()
    balance = after["remaining"]
    values = (
        request.tenant,
        entry_id,
        after["id"],
        balance,
        session_id,
        moment,
        now,
    )
    if not database.run(_LEDGER, values):
        message = "A use was taken for this session already."
        raise Refused(409, "PASS_SESSION_COVERED", message)
    audit(
        request,
        "passes.ledger.create",
        "passes.ledger",
        entry_id,
        after={
            "pass_id": after["id"],
            "kind": "use",
            "uses": -1,
            "balance": balance,
            "session_id": session_id,
            "counts_at": moment,
            "created_at": now,
        },
    )


def _audit_use(request: Request, before: Pass, after: Pass) -> None:
    changed = [
        name
        for name in ("client_id", "remaining", "expires_at", "valid_days")
        if before[name] != after[name]
    ]
    audit(
        request,
        "passes.pass.update",
        "passes.pass",
        after["id"],
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )


def _pass_of(request: Request, typed: str) -> Pass:
    """Finds a pass by what somebody typed, and counts what leads nowhere."""
    caller, now = request.caller().user_id, utc_now()
    known = database.row(_MISSES, (request.tenant, caller))
    if known is not None and known[1] >= _FREE_MISSES and now < known[0] + _WINDOW:
        raise _too_many(known[0] + _WINDOW - now)
    code = typed.upper().translate(_MISREAD)
    if len(code) == _LENGTH and _ALPHABET.issuperset(code):
        found = database.row(_BY_CODE, (request.tenant, code))
        if found is not None:
            return _named(found)
    miss = {
        "tenant": request.tenant,
        "id": new_id(),
        "holder": caller,
        "now": now,
        "stale": now - _WINDOW,
    }
    noted = database.changed(_MISS, miss)
    if noted is None:
        raise LookupError("An upsert without a condition gave no row.")
    since, misses = noted
    if misses > _FREE_MISSES:
        raise _too_many(since + _WINDOW - now)
    raise _unknown(keeps_work=True)


def _unknown(*, keeps_work: bool) -> Refused:
    message = "There is no such pass."
    return Refused(404, "PASS_NOT_FOUND", message, keeps_work=keeps_work)


def _too_many(left: timedelta) -> Refused:
    return Refused(
        429,
        "RATE_LIMITED",
        "Too many unknown codes; try again later.",
        headers={"Retry-After": str(max(1, ceil(left.total_seconds())))},
        keeps_work=True,
    )


def _session(request: Request, session_id: str) -> database.Row:
    """The session that a pass shall pay for: client, status and beginning."""
    found = None
    if "scheduling" in request.gym.plugins:
        found = database.row(_SESSION, (request.tenant, session_id))
    if found is None:
        raise Refused(404, "PASS_SESSION_UNKNOWN", "There is no such session.")
    require_client(request, found[0])
    if found[1] == "canceled":
        raise Refused(422, "PASS_SESSION_UNFIT", "This session was canceled.")
    return found


def _holder(request: Request, named: set[str | None]) -> str | None:
    """Who holds the pass from now on; None where nobody does."""
    named.discard(None)
    if len(named) > 1:
        message = "The pass, the session and the client do not match."
        raise Refused(422, "PASS_SESSION_UNFIT", message)
    for one in named:
        return one
    actor = request.caller()
    own = actor.scope == "own" and _is_client(request, actor.user_id)
    return actor.user_id if own else None


def _is_client(request: Request, user_id: str) -> bool:
    return database.row(_CLIENT, (request.tenant, user_id)) is not None


def _named(row: database.Row) -> Pass:
    return dict(zip(_NAMES, row, strict=True))


def _shown(request: Request, found: Pass) -> Mapping[str, Any]:
    """A pass as the actor may see it."""
    actor = request.caller()
    own = found["client_id"] is not None and found["client_id"] == actor.user_id
    may_see = own or "passes.passes.manage" in actor.permissions
    code = found["code"]
    groups = (code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))
    return {
        "id": found["id"],
        "code": "-".join(groups) if may_see else None,
        "kind": found["kind"],
        "status": _state(found),
        "clientId": found["client_id"],
        "productId": found["product_id"],
        "batchId": found["batch_id"],
        "remaining": found["remaining"],
        "allowance": found["allowance"],
        "allowancePer": found["allowance_per"],
        "startsAt": found["starts_at"],
        "expiresAt": found["expires_at"],
        "validDays": found["valid_days"],
        "renews": found["renews"],
        "pausedFrom": found["paused_from"],
        "pausedUntil": found["paused_until"],
        "blocked": found["blocked_at"] is not None,
        "blockedReason": found["blocked_reason"],
        "version": found["version"],
        "createdAt": found["created_at"],
        "updatedAt": found["updated_at"],
    }


def _state(found: Pass) -> str:
    """Where a pass stands now."""
    if found["revoked_at"] is not None:
        return "revoked"
    ends = None if found["renews"] else found["expires_at"]
    if found["expired_at"] is not None or (ends is not None and ends <= utc_now()):
        return "expired"
    return "used" if found["remaining"] == 0 else "active"


def _day_begins(request: Request, day: date) -> datetime:
    return datetime.combine(day, time(), request.gym.zone).astimezone(UTC)
