"""What the chain is made of: the digest of an entry and the hash of a seal.

Both are SHA-256 over a JSON array, which tells where each part ends. Column values go
in as the database writes them as text, so that no change of one is too small to show.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Row, Text, cast

from core.audit.models import AuditEntry

ID_BYTES: Final = 16
LEAF_BYTES: Final = ID_BYTES + 32
FIRST: Final = bytes(32)
"""What the first seal names as the hash before it."""

AnyRow = Row[*tuple[Any, ...]]

COLUMNS: Final[tuple[Any, ...]] = (
    AuditEntry.tenant_id,
    AuditEntry.id,
    AuditEntry.txid,
    AuditEntry.at,
    AuditEntry.user_id,
    AuditEntry.actor_kind,
    AuditEntry.action,
    AuditEntry.entity,
    AuditEntry.entity_id,
    cast(AuditEntry.before, Text).label("before"),
    cast(AuditEntry.after, Text).label("after"),
    AuditEntry.trace_id,
    AuditEntry.address,
    AuditEntry.person_id,
)
"""All there is of an entry, in the order in which it is digested."""


class Position(NamedTuple):
    """A place in the order in which entries are sealed."""

    txid: int
    id: UUID


class SealFields(NamedTuple):
    """What a seal's hash is over; see ``core.audit.models.AuditSeal``."""

    tenant_id: UUID
    seq: int
    era: int
    first: Position
    last: Position
    entries: int
    leaves: bytes
    prev_hash: bytes
    sealed_at: datetime

    def hash(self) -> bytes:
        """The link that the next seal takes up."""
        parts = [
            "palestra audit seal 1",
            self.tenant_id,
            self.seq,
            self.era,
            *self.first,
            *self.last,
            self.entries,
            hashlib.sha256(self.leaves).hexdigest(),
            self.prev_hash.hex(),
            self.sealed_at.isoformat(),
        ]
        return hashlib.sha256(orjson.dumps(parts)).digest()


def leaf(entry: AnyRow) -> bytes:
    """Id and digest of an entry that was read by ``COLUMNS``."""
    digest = hashlib.sha256(orjson.dumps(list(entry))).digest()
    return bytes(entry.id.bytes) + digest


def leaves_in(leaves: bytes) -> Iterator[tuple[UUID, bytes]]:
    """Id and leaf of each entry; a rest that is no whole leaf is left out."""
    for start in range(0, len(leaves) - LEAF_BYTES + 1, LEAF_BYTES):
        one = leaves[start : start + LEAF_BYTES]
        yield UUID(bytes=one[:ID_BYTES]), one
