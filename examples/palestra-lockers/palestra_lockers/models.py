"""Tables of lockers."""

from datetime import datetime
from uuid import UUID

from core.sdk.data import (
    ANONYMISE,
    DELETE,
    Personal,
    Retention,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_key,
    tenant_table,
    tenant_unique,
)
from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column


class Locker(Versioned, Timestamps, TenantModel):
    """A locker.

    Attributes:
        number: What is written on it; unique in the gym.
        place: Where it stands.
        archived_at: Since when it is out of use.
    """

    __tablename__ = "lockers_units"
    __table_args__ = tenant_table(tenant_unique("number"))

    number: Mapped[str]
    place: Mapped[str]
    archived_at: Mapped[datetime | None] = mapped_column(default=None)


class Rental(Timestamps, TenantModel):
    """A locker in a client's hands, or that was.

    Attributes:
        client_id: User id of the client.
        lent_by: User id of whoever rented it out.
        due_at: Until when it was agreed upon.
        returned_at: When it was given back; None while it is rented.
        deposit: What the client paid, in minor units of the gym's currency.
        refunded: What of it went back; None while it is rented.
        reminded_at: When the client was told that it is overdue.
    """

    __tablename__ = "lockers_rentals"
    __client_column__ = "client_id"
    __privacy__ = (
        Personal("client_id", on_erase=DELETE),
        Personal("lent_by", on_erase=ANONYMISE, export=False),
    )
    __retention__ = Retention(since="returned_at", days=3 * 365)
    __table_args__ = tenant_table(
        tenant_key("locker_id", "lockers_units"),
        Index(
            "uq_lockers_rentals__open",
            "tenant_id",
            "locker_id",
            unique=True,
            postgresql_where=text("returned_at IS NULL"),
        ),
        Index("ix_lockers_rentals__client", "tenant_id", "client_id"),
        CheckConstraint("deposit >= 0", name="deposit"),
        CheckConstraint("refunded BETWEEN 0 AND deposit", name="refunded"),
    )

    locker_id: Mapped[UUID]
    client_id: Mapped[UUID]
    lent_by: Mapped[UUID | None] = mapped_column(default=None)
    due_at: Mapped[datetime]
    returned_at: Mapped[datetime | None] = mapped_column(default=None)
    deposit: Mapped[int]
    refunded: Mapped[int | None] = mapped_column(default=None)
    reminded_at: Mapped[datetime | None] = mapped_column(default=None)
