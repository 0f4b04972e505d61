"""What is done every night: uploads that never came, content that nobody names."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog

from core.clock import utc_now
from core.context import current
from core.files import repository
from core.files.completion import SCAN
from core.files.desk import desk
from core.files.service import remove_with_content
from core.files.store import StoredObject
from core.jobs.outbox import enqueue

GRACE: Final = timedelta(hours=1)
"""So long after its time an upload may still be completed."""

REJECTED_KEPT: Final = timedelta(days=30)
"""So long people can see that, and why, a file of theirs was refused."""

YOUNG: Final = timedelta(days=1)
"""Content younger than this may belong to a transaction that is still to commit."""

HELD_FOR: Final = timedelta(hours=6)
"""A file that waits longer for its scan gets another job."""

AT_ONCE: Final = 500
MOST_ORPHANS: Final = 5000
"""So many objects without a row are deleted in a night."""

log = structlog.get_logger(__name__)

Step = Callable[[Callable[[], Any]], Any]


def tidy(step: Step) -> None:
    """Clears up after uploads of the current gym."""
    while step(_drop_rows) == AT_ONCE:
        pass
    step(_scan_again)
    store = step(lambda: desk().store)
    gym_id: UUID = current().require_gym().id
    gone = 0
    for part in store.listing(gym_id):
        old = _old(part)
        orphans: Sequence[str] = step(partial(_orphans, old)) if old else ()
        for key in orphans[: MOST_ORPHANS - gone]:
            store.delete(key)
            gone += 1
        if gone >= MOST_ORPHANS:
            break
    if gone:
        log.info("files.orphans_deleted", count=gone)


def _drop_rows() -> int:
    now = utc_now()
    rows = [*repository.abandoned(before=now - GRACE, limit=AT_ONCE)]
    left = AT_ONCE - len(rows)
    if left:
        rows += repository.refused(before=now - REJECTED_KEPT, limit=left)
    for row in rows:
        remove_with_content(row)
    return len(rows)


def _scan_again() -> None:
    """Files whose scan was given up, as when the scanner was away for a day."""
    if desk().clamd is None:
        return
    for file_id in repository.held(before=utc_now() - HELD_FOR, limit=AT_ONCE):
        enqueue(SCAN, args={"file_id": file_id})


def _old(part: Iterable[StoredObject]) -> list[str]:
    return [one.key for one in part if one.modified_at < utc_now() - YOUNG]


def _orphans(keys: Sequence[str]) -> list[str]:
    """Those of the keys that no row accounts for; what is not ours is left alone."""
    incoming: dict[UUID, str] = {}
    kept: dict[UUID, str] = {}
    for key in keys:
        place, _, last = key.rpartition("/")
        try:
            found = UUID(last)
        except ValueError:
            continue
        (incoming if place.endswith("/incoming") else kept)[found] = key
    known = repository.known_objects(kept)
    awaited = repository.pending_files(incoming)
    return [key for one, key in kept.items() if one not in known] + [
        key for one, key in incoming.items() if one not in awaited
    ]
