"""Actors for tests, and their effects: a row for each time that one counted."""

from datetime import timedelta
from pathlib import Path
from time import sleep
from uuid import UUID, uuid5

from sqlalchemy import select

from core.db.unit import session
from core.ids import NIL, new_id
from core.jobs.actor import actor
from core.jobs.runtime import Timing
from core.rbac.models import ClientGrant

SOURCE = "probe"

FAST = Timing(
    poll=timedelta(milliseconds=50),
    queue_lease=timedelta(minutes=1),
    lease=timedelta(minutes=1),
    beat=timedelta(milliseconds=250),
    sweep=timedelta(milliseconds=200),
    schedule=timedelta(seconds=1),
    park=timedelta(minutes=10),
)
"""A worker's clock, sped up, but for leases: those of a process that merely stands
still for a while must not run out, and tests that need it make them."""


def mark(number: int) -> None:
    """Leaves a row that a second mark does not replace."""
    session().add(
        ClientGrant(user_id=new_id(), client_id=subject(number), source=SOURCE)
    )
    session().flush()


def marks(number: int | None = None) -> int:
    """How often the effect counted, in the current gym."""
    found = session().scalars(
        select(ClientGrant.client_id).where(ClientGrant.source == SOURCE)
    )
    return len([one for one in found if number is None or one == subject(number)])


def subject(number: int) -> UUID:
    return uuid5(NIL, str(number))


@actor("probe.count")
def count(*, number: int) -> None:
    mark(number)


@actor("probe.linger")
def linger(*, number: int, started: str) -> None:
    """Writes its effect, says so outside the transaction, and dallies at first."""
    mark(number)
    begun = Path(started)
    if not begun.exists():
        begun.touch()
        sleep(600)


ACTORS = (count, linger)
