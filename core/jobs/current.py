"""The job that this thread is running, for actors that want to know."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

Result = TypeVar("Result")

Step = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True, slots=True)
class CurrentJob:
    """A running job.

    Attributes:
        id: Stays the same over all attempts: the idempotency key for services
            outside the platform.
        kind: The actor's name.
        attempt: 1 for the first.
        last_attempt: Whether a failure now is final.
        step: Runs something in a transaction of its own; None where the whole job
            already is one.
    """

    id: UUID
    kind: str
    attempt: int
    last_attempt: bool
    step: Step | None


_current: ContextVar[CurrentJob | None] = ContextVar("palestra_job", default=None)


def current_job() -> CurrentJob:
    """The job that is running here.

    Raises:
        LookupError: None is.
    """
    job = _current.get()
    if job is None:
        raise LookupError("No job is running here.")
    return job


def step(work: Callable[[], Result]) -> Result:
    """Runs ``work`` in a transaction of its own, in an actor declared ``stepwise``.

    The job's lease is renewed in the same transaction, so that a worker which lost its
    job to another one writes nothing more.

    Raises:
        LeaseLost: Another worker has the job.
        LookupError: No stepwise job is running here.
    """
    run = current_job().step
    if run is None:
        raise LookupError("This actor is not stepwise; it is one transaction.")
    result: Result = run(work)
    return result


@contextmanager
def running(job: CurrentJob) -> Iterator[None]:
    """Makes ``job`` the current one for the length of the block."""
    token = _current.set(job)
    try:
        yield
    finally:
        _current.reset(token)
