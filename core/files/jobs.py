"""The jobs on files."""

from datetime import timedelta
from uuid import UUID

from core.files import scanning, upkeep
from core.files.completion import SCAN
from core.files.desk import desk
from core.files.removal import REMOVE, keys_of
from core.jobs.actor import Backoff, WhenOff, actor
from core.jobs.current import step
from core.jobs.schedule import Every


@actor(REMOVE, max_attempts=20, when_off=WhenOff.RUN, stepwise=True)
def remove(*, file_id: UUID | None, object_id: UUID | None) -> None:
    """Deletes content whose row is gone or refused; doing it again does no harm."""
    store = step(lambda: desk().store)
    for key in keys_of(file_id, object_id):
        store.delete(key)


@actor(
    SCAN,
    max_attempts=20,
    when_off=WhenOff.RUN,
    heartbeat=timedelta(minutes=15),
    backoff=Backoff(first=timedelta(seconds=10), longest=timedelta(hours=1)),
    stepwise=True,
)
def scan(*, file_id: UUID) -> None:
    """Has a file scanned; more than once, when a worker dies in between."""
    scanning.scan(file_id, step)


@actor("files.tidy", when_off=WhenOff.RUN, heartbeat=timedelta(hours=1), stepwise=True)
def tidy() -> None:
    """Clears up after uploads that were never completed."""
    upkeep.tidy(step)


ACTORS = (remove, scan, tidy)
SCHEDULES = (Every("files.nightly", "40 3 * * *", tidy),)
