"""Removing content, always by a job: a store is no part of a transaction."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core.clock import utc_now
from core.context import current
from core.files.desk import desk
from core.files.store import incoming_key, object_key
from core.jobs.outbox import enqueue

REMOVE: Final = "files.remove"

_AFTERWARDS: Final = timedelta(minutes=1)


def remove_later(
    file_id: UUID, object_id: UUID | None, *, link_until: datetime
) -> None:
    """Has content removed once this unit of work is committed.

    Args:
        file_id: What was sent for it goes.
        object_id: Its verified content, which goes too; None leaves that.
        link_until: How long content can still be sent where the store signs addresses
            itself; then what came late goes as well.
    """
    args = {"file_id": file_id, "object_id": object_id}
    enqueue(REMOVE, args=args)
    if desk().store.signs is not None and link_until > utc_now():
        late = {"file_id": file_id, "object_id": None}
        enqueue(REMOVE, args=late, run_at=link_until + _AFTERWARDS)


def keys_of(file_id: UUID | None, object_id: UUID | None) -> Iterator[str]:
    """Where content of a file of the current gym may lie."""
    gym_id = current().require_gym().id
    if file_id is not None:
        yield incoming_key(gym_id, file_id)
    if object_id is not None:
        yield object_key(gym_id, object_id)
