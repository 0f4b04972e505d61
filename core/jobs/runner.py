"""The runner: does one job, so that its effect counts once.

Two transactions: the first takes the job under a fresh lease token, the second holds
the effect together with ``done``, on condition that the token is still the row's. A
worker that dies in between loses its lease; one that merely slept finds another's token
and rolls back.
"""

import random
import time
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from core import context
from core.access import RowScope
from core.clock import utc_now
from core.context import Actor, Context, Gym
from core.db.session import TenantSession
from core.db.unit import MAX_ATTEMPTS, lost_to_another
from core.errors import AppError, TenantUnknown
from core.jobs import rows
from core.jobs.actor import Backoff, JobActor, WhenOff
from core.jobs.current import CurrentJob, running
from core.jobs.errors import GiveUp, LeaseLost, RetryLater, UnknownActor
from core.jobs.leases import Leases
from core.jobs.outbox import PARKED_GYM, PARKED_OFF
from core.jobs.rows import Claimed
from core.jobs.runtime import JobRef, Runtime
from core.jobs.tokens import WorkerId
from core.metrics import counter, histogram

_ACTIVE = "active"
_MAX_ERROR = 300
_DROPPED = "DROPPED: plugin is off"

log = structlog.get_logger(__name__)

_runs = counter("jobs_total", "Runs of jobs.", ("kind", "outcome"))
_durations = histogram(
    "job_duration_seconds",
    "Time that a run took.",
    ("kind",),
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300),
)


class Outcome(StrEnum):
    """How a run ended.

    ``ABSENT``: there was nothing to do, because the job is no longer queued. ``LOST``:
    another worker has it. ``FAILED`` and ``DEAD``: the actor raised.
    """

    DONE = "done"
    DROPPED = "dropped"
    PARKED = "parked"
    ABSENT = "absent"
    LOST = "lost"
    FAILED = "failed"
    DEAD = "dead"


class Runner:
    """Runs jobs; one in each process, for all its threads.

    Args:
        runtime: The surroundings.
        worker: Names this process.
    """

    def __init__(self, runtime: Runtime, worker: WorkerId | None = None) -> None:
        self._runtime = runtime
        self._worker = worker or WorkerId.fresh()
        self._leases = Leases(runtime)

    def run(self, ref: JobRef) -> Outcome:
        """Runs the job; whatever its actor raises is dealt with here."""
        with self._runtime.units.open(ref.tenant_id) as session:
            lease, token = self._runtime.timing.lease, self._worker.token()
            job = rows.take(session, ref, lease, token)
        if job is None:
            return Outcome.ABSENT
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(
            traceId=job.trace_id, job=str(ref.job_id), kind=job.kind
        ):
            outcome = self._settled(job)
            seconds = time.perf_counter() - started
            _runs.inc(job.kind, outcome.value)
            _durations.observe(seconds, job.kind)
            log.info(
                "job.ran",
                outcome=outcome.value,
                attempt=job.attempts,
                tenantId=str(ref.tenant_id),
                ms=round(seconds * 1000, 2),
            )
        return outcome

    def _settled(self, job: Claimed) -> Outcome:
        actor = self._runtime.registry.find(job.kind)
        if actor is None:
            # Not given up at once: during an upgrade a newer process may know it.
            return self._failed(job, None, UnknownActor(job.kind))
        try:
            with self._leases.kept(job, actor.heartbeat):
                return self._attempted(job, actor)
        except LeaseLost:
            log.warning("job.lease_lost")
            return Outcome.LOST
        except Exception as error:  # noqa: BLE001 — an actor may raise anything
            return self._failed(job, actor, error)

    def _attempted(self, job: Claimed, actor: JobActor[Any]) -> Outcome:
        """Tries again at once when the transaction lost against a concurrent one."""
        attempt = self._in_steps if actor.stepwise else self._in_one
        for again in range(1, MAX_ATTEMPTS):
            try:
                return attempt(job, actor)
            except DBAPIError as error:
                if not lost_to_another(error):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**again))  # noqa: S311
        return attempt(job, actor)

    def _in_one(self, job: Claimed, actor: JobActor[Any]) -> Outcome:
        """Effect and ``done`` in one transaction."""
        with self._in_gym(job) as (session, gym):
            outcome = self._held_back(session, gym, job, actor)
            if outcome is None:
                with running(_told(job)):
                    actor(**actor.decoded(job.args))
                session.flush()
                rows.finish(session, job)
                outcome = Outcome.DONE
        return outcome

    def _in_steps(self, job: Claimed, actor: JobActor[Any]) -> Outcome:
        """The actor opens transactions of its own; ``done`` follows in one more."""
        with self._in_gym(job) as (session, gym):
            outcome = self._held_back(session, gym, job, actor)
            here = context.current()
        if outcome is not None:
            return outcome

        def step(work: Any) -> Any:
            with self._in_gym(job) as (session, _gym):
                rows.renew(session, job, self._runtime.timing.lease)
                return work()

        outside = Context(here.trace_id, here.actor, gym, hooks_for=here.hooks_for)
        with context.use(outside), running(_told(job, step)):
            actor(**actor.decoded(job.args))
        with self._in_gym(job) as (session, _gym):
            rows.finish(session, job)
        return Outcome.DONE

    def _in_gym(self, job: Claimed) -> Any:
        on_behalf = Actor(kind="system", user_id=job.actor_id, scope=RowScope.ALL)
        return self._runtime.in_gym(
            job.ref.tenant_id, actor=on_behalf, trace_id=job.trace_id
        )

    def _held_back(
        self, session: TenantSession, gym: Gym, job: Claimed, actor: JobActor[Any]
    ) -> Outcome | None:
        """Parks or drops a job that must not run now; None when it may."""
        until = utc_now() + self._runtime.timing.park
        if gym.status != _ACTIVE:
            rows.park(session, job, until=until, why=PARKED_GYM)
            return Outcome.PARKED
        if actor.when_off is WhenOff.RUN or not self._runtime.is_off(actor.owner, gym):
            return None
        if actor.when_off is WhenOff.DROP:
            rows.finish(session, job, _DROPPED)
            return Outcome.DROPPED
        rows.park(session, job, until=until, why=PARKED_OFF)
        return Outcome.PARKED

    def _failed(
        self, job: Claimed, actor: JobActor[Any] | None, error: Exception
    ) -> Outcome:
        """Puts the job off or gives it up; the lease does it if even that fails."""
        retry_at = _retry_at(job, actor.backoff if actor else Backoff(), error)
        dead = retry_at is None
        say = log.error if dead else log.warning
        say("job.dead" if dead else "job.failed", attempt=job.attempts, exc_info=error)
        try:
            with self._runtime.units.open(job.ref.tenant_id) as session:
                rows.fail(session, job, retry_at=retry_at, error=describe(error))
        except LeaseLost:
            return Outcome.LOST
        except Exception as second:  # noqa: BLE001 — then the lease must run out
            log.warning("job.not_settled", reason=type(second).__name__)
            return Outcome.LOST
        return Outcome.DEAD if dead else Outcome.FAILED


def _told(job: Claimed, step: Any = None) -> CurrentJob:
    return CurrentJob(job.ref.job_id, job.kind, job.attempts, job.last_attempt, step)


def _retry_at(job: Claimed, backoff: Backoff, error: Exception) -> datetime | None:
    """When to try again; None for never."""
    if job.last_attempt or isinstance(error, GiveUp | TenantUnknown):
        return None
    if isinstance(error, RetryLater):
        return utc_now() + error.after
    return utc_now() + backoff.delay(job.attempts)


def describe(error: Exception) -> str:
    """What an admin sees of an error: its kind and place.

    Its text stays in the log, which is redacted; it may quote what a member wrote.
    """
    name = error.code if isinstance(error, AppError) else type(error).__name__
    trace = error.__traceback__
    place = ""
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "?")
        place = f" at {module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{name}{place}"[:_MAX_ERROR]
