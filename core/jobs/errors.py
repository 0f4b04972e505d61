"""What can go wrong with a job, and what an actor may raise to steer its own."""

from datetime import timedelta

from core.errors import Conflict, NotFound


class JobUnknown(NotFound):
    """There is no such job in this gym."""

    code = "JOB_NOT_FOUND"
    message = "There is no such job."


class JobNotDead(Conflict):
    """Only a job that was given up can be run again by hand."""

    code = "JOB_NOT_DEAD"
    message = "Only a dead job can be retried."


class JobDeclarationError(ValueError):
    """An actor, a schedule or their arguments are declared wrongly; a defect."""


class UnknownActor(LookupError):
    """A row names an actor that no installed plugin gives."""


class LeaseLost(RuntimeError):
    """Another worker has the job by now, so this one's work must not count."""


class GiveUp(Exception):
    """Raised by an actor: trying again is pointless, so the job is dead at once."""


class RetryLater(Exception):
    """Raised by an actor that was told when to come back; counts as an attempt.

    Attributes:
        after: How long to wait instead of the usual backoff.
    """

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"Retry after {after}.")
        self.after = after
