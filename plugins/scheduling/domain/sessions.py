"""The life of a session."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from plugins.scheduling.domain.walltime import Interval

MIN_DURATION = timedelta(minutes=5)
"""The shortest session there is, and the shortest slot that is offered."""

MAX_DURATION = timedelta(hours=8)
"""The longest session there is."""


class Status(StrEnum):
    """Where a session stands. Only a canceled one gives its time back."""

    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    CANCELED = "canceled"
    NO_SHOW = "no_show"


AFTER: Mapping[Status, frozenset[Status]] = {
    Status.SCHEDULED: frozenset({Status.COMPLETED, Status.CANCELED, Status.NO_SHOW}),
    Status.COMPLETED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.NO_SHOW: frozenset(),
}
"""What each status may become."""

ATTENDANCE = frozenset({Status.COMPLETED, Status.NO_SHOW})
"""The statuses that say who came; known only once the session has begun."""


class IllegalTransition(ValueError):
    """A session cannot go from the one status to the other."""


def transition(current: Status, wanted: Status, *, begun: bool) -> Status:
    """Returns the status after a wish for ``wanted``; asking for the same is fine.

    Args:
        current: Where the session stands.
        wanted: Where it should go.
        begun: Whether its start has passed.

    Raises:
        IllegalTransition: The step does not exist, or comes before the start.
    """
    if wanted is current:
        return current
    if wanted not in AFTER[current]:
        raise IllegalTransition(f"A {current} session cannot become {wanted}.")
    if wanted in ATTENDANCE and not begun:
        raise IllegalTransition("Who came is known only once the session has begun.")
    return wanted


def well_formed(interval: Interval) -> bool:
    """Says whether a session may have this length: 5 minutes to 8 hours."""
    return MIN_DURATION <= interval.ends - interval.starts <= MAX_DURATION
