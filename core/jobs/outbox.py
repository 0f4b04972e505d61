"""Writing jobs: ``enqueue`` in the caller's transaction, ``withdraw``, ``wake``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, func

from core.clock import utc_now
from core.context import current_or_none
from core.db.compiled_writes import Deleting, Updating
from core.db.statement import given
from core.db.unit import session
from core.db.writes import append, insert_unread
from core.ids import new_id
from core.jobs.actor import JobActor
from core.jobs.codec import encode
from core.jobs.models import JobState, OutboxJob

PARKED_OFF = "PARKED: plugin is off"
PARKED_GYM = "PARKED: gym is not active"

_MAX_TRACE = 128

_WITHDRAW = Deleting(
    OutboxJob,
    OutboxJob.kind == given("kind"),
    OutboxJob.dedup_key == given("key"),
    OutboxJob.state.in_([JobState.PENDING.value, JobState.QUEUED.value]),
)
_WAKE = Updating(
    OutboxJob,
    OutboxJob.state == JobState.PENDING.value,
    OutboxJob.last_error.in_([PARKED_OFF, PARKED_GYM]),
    func.starts_with(OutboxJob.kind, given("prefix"), type_=Boolean),
    values={"run_at": given("now")},
)


def enqueue(
    actor: JobActor[Any] | str,
    *,
    args: Mapping[str, Any] | None = None,
    run_at: datetime | None = None,
    key: str | None = None,
) -> UUID | None:
    """Writes a job; it exists if, and only if, the caller's transaction commits.

    Args:
        actor: The actor or, where only that is known, its name.
        args: Its arguments: JSON values, ids, moments, dates, decimals, enums and
            frozen dataclasses. Nothing personal that an id could stand for.
        run_at: Not before this moment; None for as soon as possible.
        key: A second job of the same actor and key is not written, even after the
            first is done (as long as that is kept).

    Returns:
        The job's id; None when ``key`` was taken.

    Raises:
        JobDeclarationError: The arguments do not fit.
    """
    arguments = dict(args or {})
    if isinstance(actor, JobActor):
        actor.check(arguments)
    job_id = new_id()
    row = {
        **_now(),
        "id": job_id,
        "kind": _name(actor),
        "args": encode(arguments),
        "dedup_key": key,
    }
    if run_at is not None:
        row["run_at"] = run_at
    if key is None:  # and so no constraint can refuse it
        append(session(), OutboxJob, [row])
        return job_id
    return job_id if insert_unread(session(), OutboxJob, [row]) else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of many jobs to write; see ``enqueue``.

    Attributes:
        args: JSON values.
    """

    args: Mapping[str, Any]
    run_at: datetime
    key: str


def enqueue_many(actor: str, jobs: Sequence[Wanted]) -> None:
    """Writes jobs of one actor, but for those whose keys are taken."""
    common = {**_now(), "kind": actor}
    rows = [
        {
            **common,
            "id": new_id(),
            "args": encode(job.args),
            "dedup_key": job.key,
            "run_at": job.run_at,
        }
        for job in jobs
    ]
    append(session(), OutboxJob, rows, skip_taken=True)


def enqueue_each(actors: Sequence[JobActor[Any]], event: object) -> None:
    """Writes a job of each actor, whose first parameter takes ``event``.

    Raises:
        JobDeclarationError: The event does not fit, or an actor takes more than it.
    """
    if not actors:
        return
    common = {**_now(), "dedup_key": None}
    [encoded] = encode({"event": event}).values()
    rows = [
        {
            **common,
            "id": new_id(),
            "kind": actor.name,
            "args": {actor.event_parameter: encoded},
        }
        for actor in actors
    ]
    append(session(), OutboxJob, rows)


def withdraw(actor: JobActor[Any] | str, *, key: str) -> bool:
    """Takes a job back that has not begun; False when it has, or there is none.

    A withdrawn job leaves nothing behind, so its key is free again.
    """
    return bool(_WITHDRAW.run(session(), kind=_name(actor), key=key))


def wake(owner: str | None = None) -> int:
    """Makes the gym's parked jobs due now, instead of when they look again.

    Args:
        owner: Only this plugin's, which was switched on; None for all, when the gym
            is active again.
    """
    prefix = "" if owner is None else f"{owner}."
    return len(_WAKE.run(session(), prefix=prefix, now=utc_now()))


def _now() -> dict[str, Any]:
    """What jobs have in common that are written here and now, by whoever acts."""
    here, now = current_or_none(), utc_now()
    return {
        "run_at": now,
        "created_at": now,
        "actor_id": here.actor.user_id if here else None,
        "trace_id": here.trace_id[:_MAX_TRACE] if here else None,
    }


def _name(actor: JobActor[Any] | str) -> str:
    return actor.name if isinstance(actor, JobActor) else actor
