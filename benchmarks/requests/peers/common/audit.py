"""Entries of the audit log: how they are written, and shown."""

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.requests.peers.common.clock import as_rfc3339, new_id, utc_now
from benchmarks.requests.peers.common.environment import derived_key
from benchmarks.requests.peers.common.names import camel_case
from benchmarks.requests.peers.common.reminders import Cause

_MARK = "$sealed"
_KEY_MARK_BYTES = 9
_NONCE_BYTES = 12

Values = Mapping[str, Any]


def entry(
    cause: Cause,
    action: str,
    entity_id: UUID,
    *,
    before: Values | None = None,
    after: Values | None = None,
) -> dict[str, Any]:
    """A row that tells what was done to a thing; the action's name says to which."""
    entity = "user" if action.startswith("auth.") else action.rpartition(".")[0]
    return {
        "tenant_id": cause.tenant_id,
        "id": new_id(),
        "at": utc_now(),
        "user_id": cause.user_id,
        "actor_kind": "user",
        "action": action,
        "entity": entity,
        "entity_id": str(entity_id),
        "before": None if before is None else json_safe(before),
        "after": None if after is None else json_safe(after),
        "trace_id": cause.trace_id,
        "address": cause.address,
    }


def json_safe(values: Values) -> dict[str, Any]:
    """Column values as JSON knows them."""
    return {name: _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return as_rfc3339(value)
    return str(value) if isinstance(value, UUID) else value


def without_words(values: Values) -> dict[str, Any]:
    """A session's values as the log may keep them: what people wrote stays out."""
    notes = {_MARK: None} if values.get("notes") else None
    return {**values, "notes": notes}


def shown(
    values: Values | None, where: tuple[UUID, UUID, str], key: bytes | None
) -> dict[str, Any] | None:
    """One side of an entry as a reader sees it.

    Args:
        values: As stored.
        where: Gym, entry and side.
        key: Of the person whom sealed values are about; None when there is none.
    """
    if values is None:
        return None
    return {
        camel_case(name): _opened(name, value, where, key)
        for name, value in values.items()
    }


def unwrapped(tenant_id: UUID, person_id: UUID, wrapped: bytes) -> bytes:
    """The key of a person's sealed values."""
    mark, rest = wrapped[:_KEY_MARK_BYTES], wrapped[_KEY_MARK_BYTES:]
    bound = mark + tenant_id.bytes + person_id.bytes
    cipher = AESGCM(derived_key("person-keys"))
    return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound)


def _opened(
    name: str, value: Any, where: tuple[UUID, UUID, str], key: bytes | None
) -> Any:
    if not (isinstance(value, dict) and value.keys() == {_MARK}):
        return value
    if key is None:
        return {"erased": True}
    tenant_id, entry_id, side = where
    bound = tenant_id.bytes + entry_id.bytes + f"{side}:{name}".encode()
    try:
        raw = b64decode(str(value[_MARK]), validate=True)
        plain = AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound)
    except (InvalidTag, NotBase64, ValueError):
        return value
    return json.loads(plain)
