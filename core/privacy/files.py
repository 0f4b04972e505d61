"""A person's files: for the archive, and deleted when they were kept long enough."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Text, cast, or_, select

from core.auth.models import User
from core.clock import utc_now
from core.context import current
from core.db.services import service
from core.db.statement import Statement, given
from core.db.unit import session
from core.files.errors import FileUnknown
from core.files.models import FileStatus, StoredFile
from core.files.service import LOGO_SETTING, of_person, remove_with_content
from core.files.store import FileStore, object_key
from core.privacy.holders import Step

log = structlog.get_logger(__name__)

MEDIA_KEPT: Final = timedelta(days=730)
"""How long pictures and films are kept."""

_MEDIA: Final = ("image/", "video/")
_AT_ONCE: Final = 200
_CHUNK: Final = 256 * 1024

_SHOWN: Final = select(User.id).where(
    User.id == StoredFile.user_id,
    User.avatar_url.contains(cast(StoredFile.id, Text)),
)
_OLD_MEDIA: Final = Statement(
    select(StoredFile)
    .where(
        or_(*(StoredFile.media_type.startswith(kind) for kind in _MEDIA)),
        StoredFile.completed_at < given("before"),
        cast(StoredFile.id, Text) != given("logo"),
        ~_SHOWN.exists(),
    )
    .order_by(StoredFile.id)
    .limit(_AT_ONCE)
    .with_for_update(),
    refresh=True,
)


def files_of(person: UUID, step: Step) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Names and bytes of what a person uploaded, as far as it passed the checks.

    No transaction is open while bytes are read. What was deleted since the list was
    made is left out.
    """
    for name, key in step(lambda: _places(person)):
        store = step(lambda: service(FileStore))
        try:
            with store.opened(key) as content:
                yield name, iter(lambda file=content: file.read(_CHUNK), b"")  # type: ignore[misc]
        except FileUnknown:
            log.info("privacy.file_gone", key=key)


def delete_old_media(step: Step) -> int:
    """Deletes pictures and films older than two years that nothing shows any more."""
    total = 0
    while deleted := step(_delete_some):
        total += deleted
    return total


def _delete_some() -> int:
    logo = current().require_gym().settings.get(LOGO_SETTING)
    before = utc_now() - MEDIA_KEPT
    rows = session().read(_OLD_MEDIA, before=before, logo=logo or "")
    for row in rows:
        remove_with_content(row)
    return len(rows)


def _places(person: UUID) -> list[tuple[str, str]]:
    return [
        (row.name, object_key(row.tenant_id, row.object_id))
        for row in of_person(person)
        if row.status == FileStatus.READY and row.object_id is not None
    ]
