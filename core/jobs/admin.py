"""What an admin does with the gym's jobs: look at them, run a dead one again."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import select

from core.clock import utc_now
from core.db.change import Change
from core.db.statement import Statement, given
from core.db.unit import session
from core.http.page import Page, SortKey
from core.http.pages import Pages
from core.jobs.errors import JobNotDead, JobUnknown
from core.jobs.models import JobState, OutboxJob

SORTS = {
    "created_at": OutboxJob.id,
    "run_at": OutboxJob.run_at,
    "kind": OutboxJob.kind,
}
"""What the list may be sorted by. A job's id is made with it and begins with the
millisecond, so the primary key has the order of time. An index on ``created_at`` would
be written four times in each job's life."""

_JOBS = Pages(
    OutboxJob,
    filters={
        "state": OutboxJob.state == given("state"),
        "kind": OutboxJob.kind == given("kind"),
    },
    sorts=SORTS,
)
_LOCKED = Statement(
    select(OutboxJob).where(OutboxJob.id == given("id")).with_for_update(),
    refresh=True,
)

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
    wanted = {"state": state, "kind": kind}
    return _JOBS.read(session(), wanted, page=page, limit=limit, sort=sort)


def retry(job_id: UUID) -> OutboxJob:
    """Makes a dead job due now, with all its attempts before it again.

    Raises:
        JobUnknown: There is no such job in this gym.
        JobNotDead: It was not given up.
    """
    job: OutboxJob | None = session().read_one(_LOCKED, id=job_id)
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
