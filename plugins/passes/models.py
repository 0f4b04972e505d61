"""Tables of passes: products, what people hold of them, and the ledger of uses."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk.base import utc_now
from core.sdk.data import (
    ANONYMISE,
    DELETE,
    HIDDEN,
    PERSONAL,
    NotPersonal,
    Personal,
    Retention,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_key,
    tenant_table,
    tenant_unique,
)
from plugins.passes.domain.kinds import Entry, Kind, Per, ProductKind, ValidFrom


def _one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    known = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({known})", name=column)


class Product(Versioned, Timestamps, TenantModel):
    """What a gym hands out: a pack of sessions, or a membership.

    What somebody holds keeps the terms it was granted with, so a change of the product
    changes no holding.

    Attributes:
        kind: A ``ProductKind``.
        uses: Sessions of a pack.
        valid_days: Days a pack is good for, the first included.
        valid_from: A ``ValidFrom``, of a pack.
        period_months: Length of a membership's period.
        renews: Whether a membership goes on after each period.
        allowance: Sessions per week or month of a membership; None for any number.
        allowance_per: A ``Per``.
        archived_at: From then on it is granted no more.
    """

    __tablename__ = "passes_products"
    __table_args__ = tenant_table(
        _one_of("kind", ProductKind),
        _one_of("valid_from", ValidFrom),
        _one_of("allowance_per", Per),
        CheckConstraint(
            "(kind = 'pack') = (uses IS NOT NULL AND valid_days IS NOT NULL"
            " AND valid_from IS NOT NULL)",
            name="pack",
        ),
        CheckConstraint(
            "(kind = 'membership') = (period_months IS NOT NULL)", name="membership"
        ),
        CheckConstraint(
            "(allowance IS NULL) = (allowance_per IS NULL)", name="allowance"
        ),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    kind: Mapped[str]
    uses: Mapped[int | None]
    valid_days: Mapped[int | None]
    valid_from: Mapped[str | None]
    period_months: Mapped[int | None]
    renews: Mapped[bool] = mapped_column(default=False)
    allowance: Mapped[int | None]
    allowance_per: Mapped[str | None]
    archived_at: Mapped[datetime | None]


class Pass(Versioned, Timestamps, TenantModel):
    """One holding: a code that anybody may bring, a pack or a membership.

    Attributes:
        code: Without hyphens. Whoever shows it may use the pass, so it stands here in
            plain for the desk to look up, and in no log.
        batch_id: What was generated together has the same.
        client_id: The holder; None until somebody redeems the code.
        kind: A ``Kind``.
        remaining: Uses left, the sum of its ledger; None where uses are not counted
            down, as with memberships.
        allowance: Sessions per week or month; None for any number.
        starts_at: From when it is good.
        expires_at: From when it is good no more. None for what never ends, and for
            what has yet to be used first.
        valid_days: Days from the first use, where ``expires_at`` waits for it.
        renews: Whether it goes on for ``period_months`` more at ``expires_at``.
        paused_from: First date of a pause, in the gym's zone.
        paused_until: Its last date.
        expired_at: When the nightly job closed it.
    """

    __tablename__ = "passes_passes"
    __client_column__ = "client_id"
    __privacy__ = Personal("client_id", on_erase=ANONYMISE)
    __table_args__ = tenant_table(
        tenant_unique("code"),
        tenant_key("product_id", "passes_products"),
        _one_of("kind", Kind),
        _one_of("allowance_per", Per),
        CheckConstraint("remaining >= 0", name="remaining"),
        CheckConstraint(
            "(paused_from IS NULL) = (paused_until IS NULL)"
            " AND paused_from <= paused_until",
            name="pause",
        ),
        CheckConstraint("NOT renews OR period_months IS NOT NULL", name="renews"),
        Index("ix_passes_passes__client_id", "tenant_id", "client_id"),
        Index("ix_passes_passes__created_at", "tenant_id", "created_at", "id"),
        Index("ix_passes_passes__product_id", "tenant_id", "product_id"),
        Index(
            "ix_passes_passes__due",
            "tenant_id",
            "expires_at",
            postgresql_where=text("expired_at IS NULL AND revoked_at IS NULL"),
        ),
    )

    code: Mapped[str] = mapped_column(info=HIDDEN)
    batch_id: Mapped[UUID | None]
    product_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    kind: Mapped[str]
    remaining: Mapped[int | None]
    allowance: Mapped[int | None]
    allowance_per: Mapped[str | None]
    starts_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    valid_days: Mapped[int | None]
    period_months: Mapped[int | None]
    renews: Mapped[bool] = mapped_column(default=False)
    paused_from: Mapped[date | None]
    paused_until: Mapped[date | None]
    blocked_at: Mapped[datetime | None]
    blocked_reason: Mapped[str | None] = mapped_column(info=PERSONAL)
    revoked_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]


class LedgerEntry(TenantModel):
    """A movement of uses. The database lets nobody change or delete one.

    It names no person, so that erasing the holder leaves it whole. A session is used
    for once and given back once; the unique index holds everybody to it.

    Attributes:
        kind: An ``Entry``.
        uses: What it adds; negative takes away.
        balance: Uses left after it; None where they are not counted down.
        session_id: The session that was paid for, or whose use was given back.
        counts_at: The moment by whose week or month an allowance counts the use.
    """

    __tablename__ = "passes_ledger"
    __privacy__ = NotPersonal("Movements of a pass; who holds it stands with the pass.")
    __table_args__ = tenant_table(
        tenant_key("pass_id", "passes_passes"),
        _one_of("kind", Entry),
        Index("ix_passes_ledger__pass_id", "tenant_id", "pass_id", "id"),
        Index(
            "uq_passes_ledger__session",
            "tenant_id",
            "session_id",
            "kind",
            unique=True,
            postgresql_where=text("session_id IS NOT NULL"),
        ),
        info={"append_only": True},
    )

    pass_id: Mapped[UUID]
    kind: Mapped[str]
    uses: Mapped[int]
    balance: Mapped[int | None]
    session_id: Mapped[UUID | None]
    counts_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Remark(Timestamps, TenantModel):
    """Why a ledger entry was made, in words; its id is the entry's.

    Apart from the ledger, because words may tell of a person and must be erasable.
    """

    __tablename__ = "passes_remarks"
    __privacy__ = Personal("pass_id.client_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_key("id", "passes_ledger"),
        tenant_key("pass_id", "passes_passes"),
        Index("ix_passes_remarks__pass_id", "tenant_id", "pass_id"),
    )

    pass_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(info=HIDDEN)


class Miss(TenantModel):
    """How many unknown codes somebody tried lately.

    Attributes:
        holder_id: The user or API key.
        since: When the first of them was tried.
    """

    __tablename__ = "passes_misses"
    __audited__ = False
    __privacy__ = Personal("holder_id", on_erase=DELETE, export=False)
    __retention__ = Retention(since="since", days=1)
    __table_args__ = tenant_table(tenant_unique("holder_id"))

    holder_id: Mapped[UUID]
    since: Mapped[datetime]
    misses: Mapped[int]
