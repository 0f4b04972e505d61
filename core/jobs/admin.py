"""What an admin does with the gym's jobs: look at them, run a dead one again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, func, select

from core.clock import utc_now
from core.db.change import Change
from core.db.unit import session
from core.http.page import Page, SortKey
from core.jobs.errors import JobNotDead, JobUnknown
from core.jobs.models import JobState, OutboxJob

SORTS = {
    "created_at": OutboxJob.created_at,
    "run_at": OutboxJob.run_at,
    "kind": OutboxJob.kind,
}

log = structlog.get_logger(__name__)


def list_jobs(
    *,
    page: int = 1,
    limit: int = 20,
    sort: Sequence[SortKey] = (SortKey("created_at", descending=True),),
    state: str | None = None,
    kind: str | None = None,
) -> Page:
    """One page of the gym's jobs.

    Args:
        page: Its number, from 1.
        limit: Rows a page.
        sort: Keys of ``SORTS``.
        state: Only jobs in this state.
        kind: Only jobs of this actor.
    """
    criteria: list[ColumnElement[bool]] = []
    if state is not None:
        criteria.append(OutboxJob.state == state)
    if kind is not None:
        criteria.append(OutboxJob.kind == kind)
    order: list[Any] = [
        SORTS[key.name].desc() if key.descending else SORTS[key.name] for key in sort
    ]
    rows = session().scalars(
        select(OutboxJob)
        .where(*criteria)
        .order_by(*order, OutboxJob.id)
        .limit(limit)
        .offset((page - 1) * limit)
    )
    total = session().scalar(
        select(func.count()).select_from(OutboxJob).where(*criteria)
    )
    return Page(items=rows.all(), page=page, limit=limit, total=total or 0)


def retry(job_id: UUID) -> OutboxJob:
    """Makes a dead job due now, with all its attempts before it again.

    Raises:
        JobUnknown: There is no such job in this gym.
        JobNotDead: It was not given up.
    """
    job = session().scalar(
        select(OutboxJob).where(OutboxJob.id == job_id).with_for_update()
    )
    if job is None:
        raise JobUnknown
    if job.state != JobState.DEAD:
        raise JobNotDead(details={"state": job.state})
    job.state = JobState.PENDING
    job.run_at = utc_now()
    job.attempts = 0
    job.finished_at = None
    session().flush()
    _tell_audit(job)
    log.info("job.retried", job=str(job.id), kind=job.kind)
    return job


def _tell_audit(job: OutboxJob) -> None:
    """Records who ran it again; what jobs do by themselves is not recorded."""
    recorder = session().recorder
    if recorder is not None:
        before, after = {"state": str(JobState.DEAD)}, {"state": str(job.state)}
        identity = {"kind": job.kind}
        change = Change(OutboxJob, job.id, "update", before, after, identity=identity)
        recorder.record(session(), [change])
