"""What is written beside a work: audit entries, reminders, events."""

import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from benchmarks.requests.floor import database, vault
from benchmarks.requests.floor.errors import not_the_floors
from benchmarks.requests.floor.ids import new_id
from benchmarks.requests.floor.wire import Request, written
from core.clock import utc_now

REMINDER: Final = "scheduling.session_reminder"

_OFFSETS: Final = {1440: True, 60: True}
"""Minutes before a session, and whether that reminder is sent by default."""

_KEPT_S: Final = 300.0

_AUDIT = (
    "INSERT INTO audit_entries (tenant_id, id, at, user_id, actor_kind, action,"
    " entity, entity_id, before, after, trace_id, address, person_id)"
)
_RULES = (
    "SELECT minutes_before, enabled FROM notification_rules"
    " WHERE tenant_id = %s AND kind = %s"
)
_OUTBOX = (
    "INSERT INTO outbox (tenant_id, id, kind, args, dedup_key, state, run_at,"
    " attempts, actor_id, trace_id, created_at)"
)
_RECEIVERS = (
    "SELECT id FROM webhook_endpoints WHERE tenant_id = %s"
    " AND disabled_reason IS NULL AND types @> %s"
)
_PERSON_KEY = (
    "WITH made AS (INSERT INTO person_keys (tenant_id, id, wrapped, created_at)"
    " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING wrapped)"
    " SELECT wrapped FROM made UNION ALL"
    " SELECT wrapped FROM person_keys WHERE tenant_id = %s AND id = %s"
)

_person_keys: dict[tuple[str, str], tuple[float, bytes | None]] = {}


def audit(  # noqa: PLR0913 — an entry has as many columns
    request: Request,
    action: str,
    entity: str,
    entity_id: str | None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    person: str | None = None,
    entry_id: str | None = None,
    user_id: str | None = None,
) -> None:
    """Writes an entry of the audit log, with the end of the transaction.

    Args:
        request: What it was done by.
        action: What was done.
        entity: To what kind of thing.
        entity_id: To which one.
        before: Values before, sealed where they are personal.
        after: Values after, likewise.
        person: Whose key they are sealed with.
        entry_id: The entry's, where sealed values are bound to it.
        user_id: Who did it, where the actor does not say it yet.
    """
    if user_id is None and request.actor is not None:
        user_id = request.actor.user_id
    values = (
        request.tenant,
        entry_id or new_id(),
        utc_now(),
        user_id,
        "anonymous" if user_id is None else "user",
        action,
        entity,
        entity_id,
        None if before is None else written(before),
        None if after is None else written(after),
        request.trace_id,
        request.address,
        person,
    )
    database.leave(_AUDIT, values)


def sealed(
    request: Request, person: str, entry_id: str, column: str, value: str
) -> dict[str, str | None]:
    """A personal value of an entry's ``after``, under the person's key."""
    key = _sealing_key(request.tenant, person)
    place = UUID(request.tenant).bytes + UUID(entry_id).bytes
    return vault.seal(key, value, place + f"after:{column}".encode())


def _sealing_key(tenant: str, person: str) -> bytes | None:
    known = _person_keys.get((tenant, person))
    if known is not None and known[0] > time.monotonic():
        return known[1]
    fresh = vault.wrap_person_key(tenant, person, secrets.token_bytes(32))
    values = (tenant, person, fresh, utc_now(), tenant, person)
    found = database.changed(_PERSON_KEY, values)
    if found is None:
        raise LookupError("The key of a person can be neither read nor made.")
    wrapped = found[0]
    key = None if wrapped is None else vault.unwrap_person_key(tenant, person, wrapped)
    if wrapped != fresh:  # one that was made here is not committed yet
        _person_keys[tenant, person] = (time.monotonic() + _KEPT_S, key)
    return key


def plan_reminders(request: Request, session_id: str, at: datetime) -> None:
    """Writes a job for each reminder of a session that lies ahead."""
    stored = database.rows(_RULES, (request.tenant, REMINDER))
    rules = {**_OFFSETS, **dict(stored)} if stored else _OFFSETS
    now = utc_now()
    for minutes, enabled in sorted(rules.items(), reverse=True):
        run_at = at - timedelta(minutes=minutes)
        if not enabled or run_at <= now:
            continue
        arguments = {
            "kind": REMINDER,
            "subject_id": session_id,
            "at": at,
            "minutes_before": minutes,
        }
        values = (
            request.tenant,
            new_id(),
            "notifications.remind",
            written(arguments),
            f"{REMINDER}:{session_id}:{minutes}:{round(at.timestamp())}",
            "pending",
            run_at,
            0,
            request.caller().user_id,
            request.trace_id,
            now,
        )
        database.leave(_OUTBOX, values, skip_taken=True)


def emit(request: Request, event: str) -> None:
    """Looks who takes an event as a webhook; no plugin subscribes to those of here."""
    if database.rows(_RECEIVERS, (request.tenant, f'["{event}"]')):
        raise not_the_floors("webhooks")
