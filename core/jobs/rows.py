"""The row of one job as its worker moves it on, in the job's own gym."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update

from core.clock import utc_now
from core.db.session import TenantSession
from core.jobs.actor import DEFAULT_MAX_ATTEMPTS
from core.jobs.errors import LeaseLost
from core.jobs.models import JobState, OutboxJob
from core.jobs.runtime import JobRef

# Statements here go below the session's guard: they name the gym themselves, and they
# change no object that the session holds.


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this worker has, until its lease runs out.

    Attributes:
        token: Names this attempt; whoever's token the row bears may finish it.
    """

    ref: JobRef
    token: UUID
    kind: str
    args: Mapping[str, Any]
    attempts: int
    max_attempts: int
    actor_id: UUID | None
    trace_id: str | None

    @property
    def last_attempt(self) -> bool:
        """Whether a failure now is final."""
        return self.attempts >= self.max_attempts


def take(
    session: TenantSession, ref: JobRef, lease: timedelta, token: UUID
) -> Claimed | None:
    """Turns a queued job into a running one; None when it is not queued (any more)."""
    row = (
        session.connection()
        .execute(
            update(OutboxJob)
            .where(
                OutboxJob.tenant_id == ref.tenant_id,
                OutboxJob.id == ref.job_id,
                OutboxJob.state == JobState.QUEUED,
            )
            .values(
                state=JobState.RUNNING,
                attempts=OutboxJob.attempts + 1,
                lease_token=token,
                lease_until=utc_now() + lease,
            )
            .returning(
                OutboxJob.kind,
                OutboxJob.args,
                OutboxJob.attempts,
                OutboxJob.max_attempts,
                OutboxJob.actor_id,
                OutboxJob.trace_id,
            )
        )
        .one_or_none()
    )
    if row is None:
        return None
    return Claimed(
        ref=ref,
        token=token,
        kind=row.kind,
        args=row.args,
        attempts=row.attempts,
        max_attempts=row.max_attempts or DEFAULT_MAX_ATTEMPTS,
        actor_id=row.actor_id,
        trace_id=row.trace_id,
    )


def finish(session: TenantSession, job: Claimed, note: str | None = None) -> None:
    """Marks the job done.

    Raises:
        LeaseLost: It is not this worker's any more.
    """
    values = {"state": JobState.DONE, "finished_at": utc_now(), "last_error": note}
    _move(session, job, _FREE | values)


def park(session: TenantSession, job: Claimed, *, until: datetime, why: str) -> None:
    """Puts the job off without counting the attempt.

    Raises:
        LeaseLost: It is not this worker's any more.
    """
    values = {
        "state": JobState.PENDING,
        "run_at": until,
        "attempts": job.attempts - 1,
        "last_error": why,
    }
    _move(session, job, _FREE | values)


def fail(
    session: TenantSession, job: Claimed, *, retry_at: datetime | None, error: str
) -> None:
    """Puts the job off until ``retry_at``, or gives it up when that is None.

    Raises:
        LeaseLost: It is not this worker's any more.
    """
    if retry_at is None:
        values = {"state": JobState.DEAD, "finished_at": utc_now()}
    else:
        values = {"state": JobState.PENDING, "run_at": retry_at}
    _move(session, job, _FREE | values | {"last_error": error})


def renew(session: TenantSession, job: Claimed, lease: timedelta) -> None:
    """Prolongs the lease.

    Raises:
        LeaseLost: It is not this worker's any more.
    """
    _move(session, job, {"lease_until": utc_now() + lease})


_FREE = {"lease_token": None, "lease_until": None}


def _move(session: TenantSession, job: Claimed, values: Mapping[str, Any]) -> None:
    moved = session.connection().execute(
        update(OutboxJob)
        .where(
            OutboxJob.tenant_id == job.ref.tenant_id,
            OutboxJob.id == job.ref.job_id,
            OutboxJob.state == JobState.RUNNING,
            OutboxJob.lease_token == job.token,
        )
        .values(**values)
    )
    if moved.rowcount == 0:
        raise LeaseLost(f"Job {job.ref.job_id} is another worker's.")
