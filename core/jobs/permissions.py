"""What the job routes ask of whoever calls them."""

from core.access import Permission

READ_JOBS = Permission("jobs.job.read", "See the gym's background jobs.")
RETRY_JOBS = Permission(
    "jobs.job.retry", "Run a background job again that was given up."
)

PERMISSIONS = (READ_JOBS, RETRY_JOBS)
