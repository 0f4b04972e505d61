"""Background jobs, recurring work and events, for services, jobs and plugins."""

from core.jobs.actor import Backoff, JobActor, WhenOff, actor
from core.jobs.current import CurrentJob, current_job, step
from core.jobs.errors import GiveUp, RetryLater
from core.jobs.events import Subscription, emit, public_event
from core.jobs.outbox import enqueue, withdraw
from core.jobs.schedule import Every

__all__ = [
    "Backoff",
    "CurrentJob",
    "Every",
    "GiveUp",
    "JobActor",
    "RetryLater",
    "Subscription",
    "WhenOff",
    "actor",
    "current_job",
    "emit",
    "enqueue",
    "public_event",
    "step",
    "withdraw",
]
