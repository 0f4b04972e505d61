"""The job routes of a gym's admin."""

from typing import Any
from uuid import UUID

from core.http.blueprint import Blueprint
from core.http.page import Page
from core.jobs import admin
from core.jobs.errors import JobNotDead, JobUnknown
from core.jobs.models import OutboxJob
from core.jobs.permissions import READ_JOBS, RETRY_JOBS
from core.jobs.schemas import Job, JobQuery

jobs = Blueprint(
    "jobs",
    prefix="/admin/jobs",
    tag="Jobs",
    description="Background jobs of the gym.",
)

_EXAMPLE = {
    "id": "0196f0f2-8c1e-7cc3-98c4-dc0c0c07398f",
    "kind": "passes.expire",
    "state": "dead",
    "runAt": "2026-03-01T03:00:00Z",
    "attempts": 8,
    "maxAttempts": 8,
    "lastError": "PROVIDER_ERROR at plugins.passes.service:42",
    "dedupKey": None,
    "actorId": None,
    "traceId": "0196f0f2-8c1e-7cc3-98c4-dc0c0c07398e",
    "createdAt": "2026-03-01T03:00:00Z",
    "finishedAt": "2026-03-01T05:12:00Z",
}


@jobs.get(
    summary="List background jobs",
    permission=READ_JOBS,
    query=JobQuery,
    returns=Job,
    paged=True,
    example=[_EXAMPLE],
)
def list_jobs(query: dict[str, Any]) -> Page:
    """Newest first. Done jobs are kept for a week, dead ones for 90 days."""
    return admin.list_jobs(**query)


@jobs.post(
    "/<uuid:job_id>/retry",
    summary="Run a dead job again",
    permission=RETRY_JOBS,
    returns=Job,
    errors=(JobUnknown, JobNotDead),
    example={**_EXAMPLE, "state": "pending", "attempts": 0, "finishedAt": None},
)
def retry_job(job_id: UUID) -> OutboxJob:
    """It is due at once and has all its attempts before it."""
    return admin.retry(job_id)


blueprints = (jobs,)
