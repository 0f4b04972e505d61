"""Personal values in the audit log: sealed when written, opened when read.

A sealed value stands in its entry as ``{"$sealed": "<base64>"}``: AES-256-GCM under
the person's key, bound to the entry, the side and the column, so that none can be
moved elsewhere. The digests of the chain are over the sealed form, which is why a
destroyed key leaves the chain whole.
"""

import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.audit.person_keys import NONCE_BYTES
from core.audit.values import json_safe
from core.db.change import Snapshot

Side = Literal["before", "after"]
SIDES: Final[tuple[Side, ...]] = ("before", "after")

ERASED: Final = {"erased": True}
"""What is shown for a value whose key was destroyed."""

_MARK: Final = "$sealed"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where a value stands; part of what its seal vouches for."""

    tenant_id: UUID
    entry_id: UUID
    side: Side

    def bound_to(self, column: str) -> bytes:
        """The associated data of one column's value."""
        where = f"{self.side}:{column}".encode()
        return self.tenant_id.bytes + self.entry_id.bytes + where


def needs_key(values: Snapshot | None, personal: frozenset[str]) -> bool:
    """Says whether a snapshot holds anything to seal; empty values are not sealed."""
    return values is not None and any(values.get(column) for column in personal)


def written(
    values: Snapshot | None, personal: frozenset[str], key: bytes | None, place: Sealed
) -> dict[str, Any] | None:
    """The values of a row as the log keeps them, without its id.

    Args:
        values: Column → value.
        personal: Which columns are sealed.
        key: The person's; None when it was destroyed, and then nothing is kept.
        place: Where the values will stand.
    """
    if values is None:
        return None
    return {
        column: (
            {_MARK: _seal(value, key, place.bound_to(column))}
            if value and column in personal
            else json_safe(value)
        )
        for column, value in values.items()
        if column != "id"
    }


def shown(
    values: Mapping[str, Any] | None, key: bytes | None, place: Sealed
) -> dict[str, Any] | None:
    """The values of an entry as a reader sees them."""
    if values is None:
        return None
    return {
        column: (
            _open(value, key, place.bound_to(column)) if _is_sealed(value) else value
        )
        for column, value in values.items()
    }


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {_MARK}


def _seal(value: Any, key: bytes | None, bound_to: bytes) -> str | None:
    if key is None:
        return None
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = orjson.dumps(json_safe(value))
    return b64encode(nonce + AESGCM(key).encrypt(nonce, plain, bound_to)).decode()


def _open(value: Mapping[str, Any], key: bytes | None, bound_to: bytes) -> Any:
    """Opens a sealed value; one that is not what it says stays as it stands."""
    if key is None:
        return ERASED
    try:
        raw = b64decode(str(value[_MARK]), validate=True)
        plain = AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to)
    except (InvalidTag, NotBase64, ValueError):
        return dict(value)
    return orjson.loads(plain)
