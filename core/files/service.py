"""Signing for files, finding them and deleting them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from uuid import UUID

from core.access import RowScope
from core.clock import utc_now
from core.context import current
from core.errors import AuthRequired, Forbidden, PlanLimit
from core.files import repository
from core.files.desk import desk
from core.files.errors import (
    FileForbidden,
    FileInUse,
    FileNotReady,
    FileRejected,
    FileTooLarge,
    FileUnknown,
    PurposeUnknown,
    TypeNotAllowed,
)
from core.files.links import UPLOAD_FOR, Link, in_whole_seconds
from core.files.models import FileStatus, StoredFile
from core.files.names import plain_name
from core.files.permissions import DELETE_ANY
from core.files.purposes import purposes
from core.files.removal import remove_later
from core.files.store import object_key
from core.http.page import Page, SortKey
from core.ids import new_id
from core.plugin.purposes import FilePurpose, Readers

STORAGE: Final = "storageBytes"
LOGO_SETTING: Final = "branding.logoFileId"

_SHARED_WITH: Final = {
    RowScope.ALL: {Readers.STAFF, Readers.COACHES, Readers.GYM},
    RowScope.GRANTED: {Readers.COACHES, Readers.GYM},
    RowScope.OWN: frozenset[Readers](),
}
"""Files of which readers a list shows besides one's own, by the actor's scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that somebody wants to upload.

    Attributes:
        sha256: Of the content, in hexadecimal; None leaves the checksum unchecked.
    """

    purpose: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A file, and where its content can be read.

    Attributes:
        link: None while the file is not ready.
    """

    file: StoredFile
    link: Link | None


def sign(wanted: Wanted) -> tuple[StoredFile, Link]:
    """Makes room for a file and says where its content goes.

    Raises:
        AuthRequired: The caller is no person.
        PurposeUnknown: Nobody has files for this.
        Forbidden: The purpose asks for a permission that the caller lacks.
        TypeNotAllowed: The purpose does not take the type.
        FileTooLarge: It is larger than the purpose or the installation takes.
        PlanLimit: The gym has no room left.
    """
    user_id = current().actor.user_id
    if user_id is None:
        raise AuthRequired
    _check_wanted(wanted)
    _take_room(wanted.size_bytes)
    row = StoredFile(
        id=new_id(),
        user_id=user_id,
        purpose=wanted.purpose,
        name=plain_name(wanted.name, wanted.media_type),
        media_type=wanted.media_type,
        size_bytes=wanted.size_bytes,
        sha256=wanted.sha256,
        upload_until=in_whole_seconds(utc_now() + UPLOAD_FOR),
    )
    repository.add(row)
    return row, desk().links.upload(row)


def show(file_id: UUID) -> Described:
    """A file that the caller may read.

    Raises:
        FileUnknown: There is none.
        FileForbidden: Its readers do not include the caller.
        FileNotReady: It is not ready, and the caller did not upload it.
    """
    row = _readable(file_id)
    if row.status == FileStatus.READY:
        return Described(row, _link(row))
    if not (_is_mine(row) or current().actor.scope is RowScope.ALL):
        raise FileNotReady
    return Described(row, None)


def listed(
    filters: dict[str, Any], *, paging: tuple[int, int], sort: Sequence[SortKey]
) -> Page:
    """A page of the caller's own files, and of others' that they may read."""
    readers = _SHARED_WITH[current().actor.scope]
    shared = [name for name, one in purposes().items() if one.readers in readers]
    return repository.read_page(filters, shared=shared, paging=paging, sort=sort)


def delete(file_id: UUID) -> None:
    """Deletes a file; its content follows when this is committed.

    Raises:
        FileUnknown: There is none.
        FileForbidden: It is somebody else's.
        FileInUse: The gym's settings show it.
    """
    row = repository.get(file_id, lock=True)
    if not _is_mine(row):
        _require_readable(row)
        if not current().actor.may(DELETE_ANY.name):
            raise FileForbidden(details={"needs": DELETE_ANY.name})
    gym = current().require_gym()
    if gym.settings.get(LOGO_SETTING) == str(file_id):
        raise FileInUse(details={"setting": LOGO_SETTING})
    remove_with_content(row)


def remove_with_content(row: StoredFile) -> None:
    """Deletes a row, and by a job afterwards what lies in the store."""
    remove_later(row.id, row.object_id, link_until=row.upload_until)
    repository.remove(row)


def require_file(file_id: UUID, purpose: str) -> StoredFile:
    """A ready file of a purpose, which the caller may read.

    Raises:
        FileUnknown: There is none, or it is for another purpose.
        FileForbidden: Its readers do not include the caller.
        FileNotReady: It is not complete, or not scanned.
        FileRejected: It was refused.
    """
    row = repository.get(file_id)
    if row.purpose != purpose:
        raise FileUnknown
    _require_readable(row)
    require_ready(row)
    return row


def url_for(file_id: UUID) -> Link:
    """An address at which the content can be read for a few minutes.

    The caller says by calling this that whoever gets the address may read the file.

    Raises:
        FileUnknown: There is none.
        FileNotReady: It is not complete, or not scanned.
        FileRejected: It was refused.
    """
    row = repository.get(file_id)
    require_ready(row)
    return _link(row)


def is_ready(file_id: UUID, purpose: str) -> bool:
    """Says whether there is a ready file of a purpose."""
    row = repository.find(file_id)
    return row is not None and (row.purpose, row.status) == (purpose, FileStatus.READY)


def require_ready(row: StoredFile) -> UUID:
    """The id under which a ready file's content lies.

    Raises:
        FileNotReady: It is not complete, or not scanned.
        FileRejected: It was refused.
    """
    if row.status == FileStatus.REJECTED:
        raise FileRejected(details={"reason": row.reason})
    if row.status != FileStatus.READY or row.object_id is None:
        raise FileNotReady(details={"status": row.status})
    return row.object_id


@contextmanager
def opened(file_id: UUID) -> Iterator[BinaryIO]:
    """Opens the content of a file, whoever asks.

    Raises:
        FileUnknown: There is none, or its content is gone.
        FileNotReady: It is not complete, or not scanned.
        FileRejected: It was refused.
    """
    row = repository.get(file_id)
    key = object_key(row.tenant_id, require_ready(row))
    with desk().store.opened(key) as content:
        yield content


def read_bytes(file_id: UUID) -> bytes:
    """The content of a file, whoever asks; for larger ones see ``opened``."""
    with opened(file_id) as content:
        return content.read()


def usage() -> Mapping[str, int]:
    """What the current gym's files take, by the name of the plan's limit."""
    return {STORAGE: repository.bytes_taken()}


def of_person(user_id: UUID) -> Sequence[StoredFile]:
    """All files that a person uploaded, for their export."""
    return repository.of_person(user_id)


def delete_of_person(user_id: UUID) -> int:
    """Deletes all files that a person uploaded; their content follows by a job.

    Returns:
        How many there were.
    """
    rows = repository.of_person(user_id)
    for row in rows:
        remove_with_content(row)
    return len(rows)


def _check_wanted(wanted: Wanted) -> None:
    purpose = purposes().get(wanted.purpose)
    if purpose is None:
        raise PurposeUnknown(details={"purposes": sorted(purposes())})
    needed = purpose.upload_permission
    if needed is not None and not current().actor.may(needed):
        raise Forbidden(details={"needs": needed})
    if wanted.media_type not in purpose.media_types:
        raise TypeNotAllowed(details={"mediaTypes": sorted(purpose.media_types)})
    largest = min(purpose.max_bytes, desk().max_bytes)
    if wanted.size_bytes > largest:
        raise FileTooLarge(details={"maxBytes": largest})


def _take_room(size_bytes: int) -> None:
    allowed = current().require_gym().limits.get(STORAGE)
    if allowed is None:
        return
    repository.lock_room()
    if repository.bytes_taken() + size_bytes > allowed:
        raise PlanLimit(details={"limit": STORAGE, "allowed": allowed})


def _readable(file_id: UUID) -> StoredFile:
    row = repository.get(file_id)
    _require_readable(row)
    return row


def _require_readable(row: StoredFile) -> None:
    if not (_is_mine(row) or _is_reader(row, purposes().get(row.purpose))):
        raise FileForbidden


def _is_mine(row: StoredFile) -> bool:
    user_id = current().actor.user_id
    return user_id is not None and row.user_id == user_id


def _is_reader(row: StoredFile, purpose: FilePurpose | None) -> bool:
    """Says whether the purpose lets the caller read; one that is off lets nobody."""
    if purpose is None or purpose.readers is Readers.OWNER:
        return False
    if purpose.readers is Readers.GYM or current().actor.scope is RowScope.ALL:
        return True
    coached = purpose.readers is Readers.COACHES
    return coached and desk().reach.reaches(row.user_id)


def _link(row: StoredFile) -> Link:
    return desk().links.read(row, require_ready(row))
