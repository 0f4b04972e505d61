"""Writes the audit log, in the transaction of what it tells of."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.audit.models import AuditEntry
from core.audit.names import entity_name
from core.audit.person_keys import Keys, PersonKeys
from core.audit.personal import Sealed, needs_key, written
from core.audit.values import json_safe
from core.clock import utc_now
from core.context import SYSTEM, current_or_none
from core.db.change import Change, Snapshot
from core.db.changes import personal_columns
from core.db.session import TenantSession
from core.db.unit import session as current_session
from core.db.writes import append
from core.ids import new_id

_BOOKKEEPING = frozenset({"updated_at", "version"})
"""Columns that every update moves; alone they are no change."""


class AuditRecorder:
    """Keeps a row for every change of an audited record (``core.db.changes``).

    Args:
        keys: The keys that personal values are sealed with.
    """

    def __init__(self, keys: PersonKeys) -> None:
        self.keys = keys

    def record(self, session: TenantSession, changes: Sequence[Change]) -> None:
        """Writes ``changes``, up to a thousand of them with each statement."""
        told = [change for change in map(_substantial, changes) if change is not None]
        people = {
            change.person_id
            for change in told
            if change.person_id is not None and _is_personal(change)
        }
        keys = self.keys.for_sealing(session, people) if people else {}
        tenant_id = session.require_tenant()
        _write(session, [_entry(tenant_id, change, keys) for change in told])


def record_event(
    action: str,
    entity: str | None = None,
    entity_id: UUID | str | None = None,
    details: Mapping[str, Any] | None = None,
    *,
    user_id: UUID | None = None,
) -> None:
    """Records something that is not the change of a row: a log-in, an export.

    Args:
        action: What was done, such as ``auth.login``.
        entity: What kind of thing it was done to.
        entity_id: Which one.
        details: What else is worth keeping; no secrets and no personal data.
        user_id: Who, where the current actor does not say it yet (a log-in).
    """
    entry: dict[str, Any] = {
        "id": new_id(),
        "action": action,
        "entity": entity,
        "entity_id": None if entity_id is None else str(entity_id),
        "before": None,
        "after": None if details is None else json_safe(details),
        "person_id": None,
    }
    if user_id is not None:
        entry |= {"user_id": user_id, "actor_kind": "user"}
    _write(current_session(), [entry])


def _substantial(change: Change) -> Change | None:
    """The change without bookkeeping; None when nothing else moved."""
    if change.action != "update":
        return change
    before, after = _substance(change.before), _substance(change.after)
    if not before and not after:
        return None
    known = change.identity
    return Change(
        change.model,
        change.row_id,
        change.action,
        {**known, **before},
        {**known, **after},
        change.person_id,
        known,
    )


def _substance(values: Snapshot | None) -> Snapshot:
    return {
        key: value for key, value in (values or {}).items() if key not in _BOOKKEEPING
    }


def _is_personal(change: Change) -> bool:
    personal = personal_columns(change.model)
    return needs_key(change.before, personal) or needs_key(change.after, personal)


def _entry(tenant_id: UUID, change: Change, keys: Keys) -> dict[str, Any]:
    """One change as an entry, its personal values sealed."""
    entity, entry_id = entity_name(change.model), new_id()
    personal = personal_columns(change.model)
    person = change.person_id if change.person_id in keys else None
    key = None if person is None else keys[person]
    return {
        "id": entry_id,
        "action": f"{entity}.{change.action}",
        "entity": entity,
        "entity_id": str(change.row_id),
        "before": written(
            change.before, personal, key, Sealed(tenant_id, entry_id, "before")
        ),
        "after": written(
            change.after, personal, key, Sealed(tenant_id, entry_id, "after")
        ),
        "person_id": person,
    }


def _write(session: TenantSession, entries: Sequence[Mapping[str, Any]]) -> None:
    """Inserts below the session, so that a flush may call it."""
    if not entries:
        return
    here = current_or_none()
    actor = here.actor if here else SYSTEM
    common = {
        "tenant_id": session.require_tenant(),
        "at": utc_now(),
        "user_id": actor.holder_id,
        "actor_kind": actor.kind,
        "trace_id": here.trace_id if here else None,
        "address": here.address if here else None,
    }
    append(session, AuditEntry, [{**common, **entry} for entry in entries])
