"""Tables of the audit log: its entries, the seals over them, the keys of people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.db.base import TenantModel, tenant_table, tenant_unique
from core.db.personal import Personal, keep
from core.db.sealed import sealed

_PROOF = (
    "The log proves who did what. Its personal values are sealed, and the key of them "
    "is destroyed."
)

PERSON_KEYS = "person-keys"
"""The vault's purpose of the keys of people."""


class AuditEntry(TenantModel):
    """One thing that was done; never changed and never taken back.

    Attributes:
        at: When, in UTC.
        user_id: Who: the user, or the API key where ``actor_kind`` says so; None for
            the system, the operator and strangers.
        actor_kind: An ``ActorKind``.
        action: ``<entity>.<create|update|delete>``, or a name of its own such as
            ``auth.login``.
        entity: What kind of thing it was done to (see ``core.audit.names``).
        entity_id: Which one.
        before: Column → value before; None for a creation. Personal values are
            sealed (see ``core.audit.personal``).
        after: Column → value after, or the details of an event; None for a deletion.
        trace_id: Of the request, job or command it was done in.
        address: The caller's network address, where there is one.
        person_id: The user whose key the personal values are sealed with.
        txid: The transaction that wrote it. Entries are sealed in its order, because
            ids are given before the commit and may become visible in any order.
    """

    __tablename__ = "audit_entries"
    __audited__ = False
    __privacy__ = (
        Personal("person_id", on_erase=keep(_PROOF), export=False),
        Personal("user_id", on_erase=keep(_PROOF), export=False),
    )
    __table_args__ = tenant_table(
        Index("ix_audit_entries__at", "tenant_id", "at", "id"),
        Index("ix_audit_entries__entity", "tenant_id", "entity", "entity_id", "at"),
        Index("ix_audit_entries__user_id", "tenant_id", "user_id", "at"),
        Index("ix_audit_entries__person_id", "tenant_id", "person_id", "id"),
        Index("ix_audit_entries__txid", "tenant_id", "txid", "id"),
        info={"append_only": True},
    )

    at: Mapped[datetime]
    user_id: Mapped[UUID | None]
    actor_kind: Mapped[str]
    action: Mapped[str]
    entity: Mapped[str | None]
    entity_id: Mapped[str | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    trace_id: Mapped[str | None]
    address: Mapped[str | None]
    person_id: Mapped[UUID | None] = mapped_column(default=None)
    txid: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint")
    )


class AuditSeal(TenantModel):
    """A link of a gym's chain: the digests of some entries, and the link before.

    Attributes:
        seq: 1, 2, 3, … without a gap.
        era: Raised when the server's transaction numbers begin anew, as they do when
            a backup is restored on another server.
        first_txid: With ``first_id``, the position of the first entry.
        last_txid: With ``last_id``, up to where entries of this era are sealed.
        entries: How many.
        cumulative: How many entries of the gym stand at or before the last one, in the
            order of (txid, id). Nothing comes to stand there later, so the size of the
            log is this and what follows. None in seals of versions that did not count.
        leaves: Id (16 bytes) and SHA-256 (32 bytes) of each entry, one after another.
        prev_hash: ``hash`` of the seal before; 32 zero bytes in the first.
        hash: SHA-256 over the rest (see ``core.audit.canonical``), except
            ``cumulative``, which can be counted again.
    """

    __tablename__ = "audit_seals"
    __audited__ = False
    __table_args__ = tenant_table(tenant_unique("seq"), info={"append_only": True})

    seq: Mapped[int]
    era: Mapped[int]
    first_txid: Mapped[int] = mapped_column(BigInteger)
    first_id: Mapped[UUID]
    last_txid: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[UUID]
    entries: Mapped[int]
    leaves: Mapped[bytes] = mapped_column(LargeBinary)
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]
    cumulative: Mapped[int | None] = mapped_column(BigInteger)


class PersonKey(TenantModel):
    """The key of one person's values in the audit log; its id is the user's.

    Attributes:
        wrapped: The key, sealed; None once it is destroyed.
        destroyed_at: When the person was erased. The row stays, so that what is
            written about the person later is not kept either.
    """

    __tablename__ = "person_keys"
    __audited__ = False

    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed(PERSON_KEYS))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    destroyed_at: Mapped[datetime | None] = mapped_column(default=None)
