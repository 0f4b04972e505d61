"""Writing jobs: ``enqueue`` in the caller's transaction, ``withdraw``, ``wake``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.clock import utc_now
from core.context import current_or_none
from core.db.unit import session
from core.db.writes import append, delete_where, insert_unread, update_where
from core.ids import new_id
from core.jobs.actor import JobActor
from core.jobs.codec import encode
from core.jobs.models import JobState, OutboxJob

PARKED_OFF = "PARKED: plugin is off"
PARKED_GYM = "PARKED: gym is not active"

_MAX_TRACE = 128


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
    given = dict(args or {})
    if isinstance(actor, JobActor):
        actor.check(given)
    row = _row(_name(actor), given, run_at=run_at, key=key)
    job_id: UUID = row["id"]
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


def enqueue_many(actor: str, jobs: Sequence[Wanted]) -> int:
    """Writes jobs of one actor with one statement.

    Returns:
        How many were written; the keys of the others were taken.
    """
    rows = [_row(actor, job.args, run_at=job.run_at, key=job.key) for job in jobs]
    return insert_unread(session(), OutboxJob, rows)


def withdraw(actor: JobActor[Any] | str, *, key: str) -> bool:
    """Takes a job back that has not begun; False when it has, or there is none.

    A withdrawn job leaves nothing behind, so its key is free again.
    """
    return bool(
        delete_where(
            session(),
            OutboxJob,
            OutboxJob.kind == _name(actor),
            OutboxJob.dedup_key == key,
            OutboxJob.state.in_([JobState.PENDING, JobState.QUEUED]),
        )
    )


def wake(owner: str | None = None) -> int:
    """Makes the gym's parked jobs due now, instead of when they look again.

    Args:
        owner: Only this plugin's, which was switched on; None for all, when the gym
            is active again.
    """
    criteria = [
        OutboxJob.state == JobState.PENDING,
        OutboxJob.last_error.in_([PARKED_OFF, PARKED_GYM]),
    ]
    if owner is not None:
        criteria.append(OutboxJob.kind.startswith(f"{owner}.", autoescape=True))
    return update_where(session(), OutboxJob, *criteria, values={"run_at": utc_now()})


def _row(
    kind: str, args: Mapping[str, Any], *, run_at: datetime | None, key: str | None
) -> dict[str, Any]:
    """A job on behalf of whoever acts now."""
    here, now = current_or_none(), utc_now()
    return {
        "id": new_id(),
        "kind": kind,
        "args": encode(dict(args)),
        "dedup_key": key,
        "run_at": run_at or now,
        "created_at": now,
        "actor_id": here.actor.user_id if here else None,
        "trace_id": here.trace_id[:_MAX_TRACE] if here else None,
    }


def _name(actor: JobActor[Any] | str) -> str:
    return actor.name if isinstance(actor, JobActor) else actor
