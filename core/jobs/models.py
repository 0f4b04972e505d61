"""The outbox: one row for each job of each gym."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.db.base import TenantModel, tenant_table, tenant_unique
from core.db.personal import Personal, keep


class JobState(StrEnum):
    """Where a job stands.

    ``PENDING``: waits until it is due. ``QUEUED``: handed to the workers. ``RUNNING``:
    a worker has it. ``DONE``: its effect is committed. ``DEAD``: given up.
    """

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class OutboxJob(TenantModel):
    """A job.

    The relay's database role sees the rows of every gym, for it has to find due work.

    Attributes:
        kind: The actor's name.
        args: Its arguments, as JSON.
        dedup_key: One job of a kind for each key; None for as many as you like.
        run_at: Not before this moment.
        attempts: How often a worker began it.
        max_attempts: When to give up; None until it is first due, then as its actor
            declares.
        lease_until: A queued or running job is taken back after this moment.
        lease_token: Names the attempt that may finish it.
        last_error: What went wrong last, without anything personal.
        actor_id: The user on whose behalf it runs.
        trace_id: Of the request that it follows from.
    """

    __tablename__ = "outbox"
    __audited__ = False
    __audit_name__ = "job"
    __privacy__ = Personal(
        "actor_id",
        on_erase=keep("It names an id alone, and is deleted soon after it is done."),
        export=False,
    )
    __table_args__ = tenant_table(
        tenant_unique("kind", "dedup_key"),
        CheckConstraint(
            "state IN ('pending', 'queued', 'running', 'done', 'dead')", name="state"
        ),
        Index(
            "ix_outbox__due",
            "tenant_id",
            "run_at",
            "id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_outbox__next", "run_at", postgresql_where=text("state = 'pending'")),
        Index(
            "ix_outbox__lease",
            "lease_until",
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        Index(
            "ix_outbox__done",
            "finished_at",
            postgresql_where=text("state = 'done' AND dedup_key IS NULL"),
        ),
        Index(
            "ix_outbox__done_keyed",
            "finished_at",
            postgresql_where=text("state = 'done' AND dedup_key IS NOT NULL"),
        ),
        Index(
            "ix_outbox__dead",
            "tenant_id",
            "id",
            postgresql_where=text("state = 'dead'"),
        ),
        info={"operator": True},
    )

    kind: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    dedup_key: Mapped[str | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(default=JobState.PENDING)
    run_at: Mapped[datetime] = mapped_column(default=utc_now)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int | None] = mapped_column(default=None)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    lease_token: Mapped[UUID | None] = mapped_column(default=None)
    last_error: Mapped[str | None] = mapped_column(default=None)
    actor_id: Mapped[UUID | None] = mapped_column(default=None)
    trace_id: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
