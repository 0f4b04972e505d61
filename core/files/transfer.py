"""Content that comes in, and goes out, through routes of ours.

Used where the store is a folder, which cannot take uploads by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID

from core.context import current
from core.errors import UnsupportedMediaType
from core.files import repository
from core.files.desk import FileDesk, desk
from core.files.errors import (
    AlreadyUploaded,
    FileUnknown,
    SizeMismatch,
    UploadSpent,
)
from core.files.inflow import read_body
from core.files.models import FileStatus
from core.files.service import require_ready
from core.files.store import incoming_key, object_key
from core.files.tokens import Deed, Grant

Step = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, unread.

    Attributes:
        length: As announced; None where nothing was.
        encoding: Anything but ``identity`` is refused.
    """

    stream: BinaryIO
    length: int | None
    media_type: str
    encoding: str = "identity"


@dataclass(frozen=True, slots=True)
class Content:
    """Content that goes out."""

    stream: BinaryIO
    name: str
    media_type: str
    size_bytes: int
    object_id: UUID


def receive(token: str, body: Body, step: Step) -> None:
    """Takes in what an address was signed for, once.

    Raises:
        SignatureInvalid: The address is not good.
        LinkExpired: It has run out.
        UploadSpent: The file is complete, or gone.
        AlreadyUploaded: Content came before.
        UnsupportedMediaType: The body is not of the signed type.
        SizeMismatch: It is longer or shorter than signed for.
        UploadTooSlow: It came in too slowly.
    """
    files, grant = step(lambda: _admitted(token))
    if body.media_type != grant.media_type or body.encoding != "identity":
        raise UnsupportedMediaType(
            f"Send the content as {grant.media_type}, without a Content-Encoding."
        )
    if body.length != grant.size_bytes:
        raise SizeMismatch(details={"sizeBytes": grant.size_bytes})
    with TemporaryFile() as copy:
        content = cast("BinaryIO", copy)
        read_body(body.stream, grant.size_bytes, content)
        step(lambda: _store(files, grant, content))


def send(token: str, step: Step) -> Content:
    """Opens what an address was signed for.

    Raises:
        SignatureInvalid: The address is not good.
        LinkExpired: It has run out.
        FileUnknown: The file is gone.
        FileNotReady: It is not ready.
        FileRejected: It was refused.
    """
    files, row = step(lambda: _readable(token))
    object_id = require_ready(row)
    stream = files.store.open(object_key(row.tenant_id, object_id))
    return Content(stream, row.name, row.media_type, row.size_bytes, object_id)


def _admitted(token: str) -> tuple[FileDesk, Grant]:
    files = desk()
    gym_id = current().require_gym().id
    grant = files.tokens.read(token, deed=Deed.UPLOAD, tenant_id=gym_id)
    _require_open(files, grant)
    return files, grant


def _require_open(files: FileDesk, grant: Grant) -> None:
    """Refuses content for a file that is not waited for; others wait meanwhile."""
    row = repository.find(grant.file_id, lock=True)
    if row is None or row.status != FileStatus.PENDING:
        raise UploadSpent
    if files.store.size(incoming_key(grant.tenant_id, grant.file_id)) is not None:
        raise AlreadyUploaded


def _store(files: FileDesk, grant: Grant, content: BinaryIO) -> None:
    """Puts content in its place, under a lock: of two that come at once one is kept."""
    _require_open(files, grant)
    files.store.receive(incoming_key(grant.tenant_id, grant.file_id), content)


def _readable(token: str) -> tuple[FileDesk, Any]:
    files = desk()
    gym_id = current().require_gym().id
    grant = files.tokens.read(token, deed=Deed.READ, tenant_id=gym_id)
    row = repository.find(grant.file_id)
    if row is None:
        raise FileUnknown
    return files, row
