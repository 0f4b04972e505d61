"""Tables of milestones: what there is to reach, what was counted, reached and given."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk.base import utc_now
from core.sdk.data import (
    DELETE,
    PERSONAL,
    Personal,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_key,
    tenant_table,
    tenant_unique,
)
from plugins.milestones.domain.gifts import (
    GiftChannel,
    GiftKind,
    GiftStatus,
    GiftTerms,
)
from plugins.milestones.domain.rules import Rule, RuleKind


def _one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    known = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({known})", name=column)


def _pass_terms() -> CheckConstraint:
    return CheckConstraint(
        "(gift_kind = 'pass') = (gift_uses IS NOT NULL)"
        " AND (gift_uses IS NULL) = (gift_expires_in_days IS NULL)",
        name="pass_terms",
    )


class Giving:
    """Mixin: what is given. A gift keeps the terms that it was made with."""

    gift_kind: Mapped[str] = mapped_column(sort_order=50)
    gift_text: Mapped[str | None] = mapped_column(sort_order=51)
    gift_uses: Mapped[int | None] = mapped_column(sort_order=52)
    gift_expires_in_days: Mapped[int | None] = mapped_column(sort_order=53)
    gift_channels: Mapped[list[str]] = mapped_column(default=list, sort_order=54)

    @property
    def gift(self) -> GiftTerms:
        """The terms as a value."""
        return GiftTerms(
            kind=GiftKind(self.gift_kind),
            text=self.gift_text,
            uses=self.gift_uses,
            expires_in_days=self.gift_expires_in_days,
            channels=tuple(map(GiftChannel, self.gift_channels)),
        )


class Definition(Giving, Versioned, Timestamps, TenantModel):
    """A milestone: a rule, and what is given to whoever reaches it.

    Attributes:
        archived_at: From then on nobody reaches it.
    """

    __tablename__ = "milestones_definitions"
    __table_args__ = tenant_table(
        _one_of("kind", RuleKind),
        _one_of("gift_kind", GiftKind),
        _pass_terms(),
        CheckConstraint("threshold > 0", name="threshold"),
        CheckConstraint("repeat_every > 0", name="repeat_every"),
        CheckConstraint("window_days > 0", name="window_days"),
    )

    title: Mapped[str]
    description: Mapped[str | None]
    kind: Mapped[str]
    counter: Mapped[str]
    threshold: Mapped[int]
    repeat_every: Mapped[int | None]
    window_days: Mapped[int | None]
    counts_from: Mapped[date | None]
    counts_until: Mapped[date | None]
    archived_at: Mapped[datetime | None]

    @property
    def rule(self) -> Rule:
        """The rule as a value."""
        return Rule(
            counter=self.counter,
            threshold=self.threshold,
            kind=RuleKind(self.kind),
            repeat_every=self.repeat_every,
            window_days=self.window_days,
            counts_from=self.counts_from,
            counts_until=self.counts_until,
        )

    @property
    def archived(self) -> bool:
        """Whether nobody reaches it any more."""
        return self.archived_at is not None


class CountedThing(TenantModel):
    """What one thing counts, as of one version of it. Rows are added, never changed.

    The row of the highest version holds, so that things said twice, late or in another
    order come to the same. Nothing of it is in the audit log: what it repeats is
    audited where it happened.

    Attributes:
        amount: 0 takes back what lower versions said.
        at: When the thing happened.
    """

    __tablename__ = "milestones_counts"
    __audited__ = False
    __client_column__ = "client_id"
    __privacy__ = Personal("client_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_key("client_id", "users"),
        tenant_unique(
            "counter",
            "source_id",
            "version",
            name="uq_milestones_counts__source",
        ),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("version > 0", name="version"),
        Index("ix_milestones_counts__client", "tenant_id", "client_id", "counter"),
    )

    client_id: Mapped[UUID]
    counter: Mapped[str]
    source_id: Mapped[UUID]
    version: Mapped[int]
    amount: Mapped[int]
    at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Achievement(TenantModel):
    """That a client reached a milestone, for the first time or once more.

    A correction of what was counted does not take it back.

    Attributes:
        occurrence: 1 for the first time.
        achieved_at: When what reached it happened.
        created_at: When that was found.
    """

    __tablename__ = "milestones_achievements"
    __client_column__ = "client_id"
    __privacy__ = Personal("client_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_key("client_id", "users"),
        tenant_key("definition_id", "milestones_definitions"),
        tenant_unique(
            "client_id",
            "definition_id",
            "occurrence",
            name="uq_milestones_achievements__occurrence",
        ),
        CheckConstraint("occurrence > 0", name="occurrence"),
        Index("ix_milestones_achievements__definition", "tenant_id", "definition_id"),
        Index("ix_milestones_achievements__achieved", "tenant_id", "achieved_at", "id"),
    )

    client_id: Mapped[UUID]
    definition_id: Mapped[UUID]
    occurrence: Mapped[int]
    achieved_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Gift(Giving, Versioned, Timestamps, TenantModel):
    """What a client is given for reaching a milestone.

    Attributes:
        occurrence: Which time of reaching it the gift is for; there is one for each.
        title: The milestone's, when the gift was made.
        note: A personal word, which goes with the gift.
        status: A ``GiftStatus``.
        pass_id: The pass that was given.
        settled_at: When it was handed over or called off.
        failure: Why it could not be handed over, as a code.
    """

    __tablename__ = "milestones_gifts"
    __client_column__ = "client_id"
    __privacy__ = Personal("client_id", on_erase=DELETE)
    __table_args__ = tenant_table(
        tenant_key("client_id", "users"),
        tenant_key("definition_id", "milestones_definitions"),
        tenant_unique(
            "client_id",
            "definition_id",
            "occurrence",
            name="uq_milestones_gifts__occurrence",
        ),
        _one_of("status", GiftStatus),
        _one_of("gift_kind", GiftKind),
        _pass_terms(),
        CheckConstraint("occurrence > 0", name="occurrence"),
        Index("ix_milestones_gifts__created_at", "tenant_id", "created_at", "id"),
        Index("ix_milestones_gifts__status", "tenant_id", "status", "created_at"),
        Index("ix_milestones_gifts__definition", "tenant_id", "definition_id"),
    )

    client_id: Mapped[UUID]
    definition_id: Mapped[UUID]
    occurrence: Mapped[int]
    title: Mapped[str]
    note: Mapped[str | None] = mapped_column(info=PERSONAL)
    status: Mapped[str] = mapped_column(default=GiftStatus.PENDING.value)
    pass_id: Mapped[UUID | None]
    settled_at: Mapped[datetime | None]
    failure: Mapped[str | None]
