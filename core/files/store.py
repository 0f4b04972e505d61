"""Where content lies: a folder, or a bucket of any store that speaks S3.

Keys are made of ids alone, ``<gym>/<object>`` for what was verified and
``<gym>/incoming/<file>`` for what was sent and not looked at yet. No address that was
handed out ever leads to a place where verified content lies, so that none can replace
it.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from core.files.errors import FileUnknown, NotUploaded, SizeMismatch, StoreFailed
from core.files.names import disposition

_PIECE: Final = 1024 * 1024
_LISTED_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing tells of an object."""

    key: str
    modified_at: datetime


def object_key(tenant_id: UUID, object_id: UUID) -> str:
    """Where verified content lies."""
    return f"{tenant_id}/{object_id}"


def incoming_key(tenant_id: UUID, file_id: UUID) -> str:
    """Where content is sent to."""
    return f"{tenant_id}/incoming/{file_id}"


class FileStore:
    """The store of an installation.

    Args:
        objects: obstore's.
        folder: Where a local store lies; None for a bucket.

    Attributes:
        signs: obstore's store, where that can sign addresses by itself.
    """

    def __init__(
        self, objects: LocalStore | S3Store, *, folder: Path | None = None
    ) -> None:
        self._objects = objects
        self._folder = folder
        self.signs = objects if isinstance(objects, S3Store) else None

    def size(self, key: str) -> int | None:
        """Length in bytes; None where there is nothing."""
        with _failures():
            try:
                return obstore.head(self._objects, key)["size"]
            except FileNotFoundError:
                return None

    def fetch(self, key: str, into: BinaryIO, *, size_bytes: int) -> None:
        """Copies content of a known length.

        Raises:
            NotUploaded: There is nothing.
            SizeMismatch: It has another length; then little of it is read.
        """
        with _failures():
            try:
                found = obstore.get(self._objects, key)
            except FileNotFoundError as error:
                raise NotUploaded from error
            if found.meta["size"] != size_bytes:
                raise SizeMismatch
            into.writelines(found.stream(min_chunk_size=_PIECE))

    @contextmanager
    def opened(self, key: str) -> Iterator[BinaryIO]:
        """Opens content for reading from any position.

        Raises:
            FileUnknown: There is nothing.
        """
        with self.open(key) as content:
            yield content

    def open(self, key: str) -> BinaryIO:
        """Opens content for reading from any position; whoever calls closes it.

        Raises:
            FileUnknown: There is nothing.
        """
        if self._folder is not None:
            try:
                return (self._folder / key).open("rb")
            except FileNotFoundError as error:
                raise FileUnknown from error
        size = self.size(key)
        if size is None:
            raise FileUnknown
        copy = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 — the caller closes it
        self.fetch(key, copy, size_bytes=size)
        copy.seek(0)
        return copy

    def keep(self, key: str, content: BinaryIO, *, name: str, media_type: str) -> None:
        """Stores verified content for good, with the headers it is served with.

        Where the store is a folder, the content is on the disk when this returns.
        """
        content.seek(0)
        if self._folder is not None:
            self._put(key, content, None)
            _flush(self._folder / key)
            return
        headers = {
            "Content-Type": media_type,
            "Content-Disposition": disposition(name, media_type),
            "Cache-Control": "private, max-age=300",
        }
        self._put(key, content, headers)

    def receive(self, key: str, content: BinaryIO) -> None:
        """Stores what was sent, to be looked at later."""
        content.seek(0)
        self._put(key, content, None)

    def delete(self, key: str) -> None:
        """Deletes content, finished or not; there may be none."""
        with _failures(), suppress(FileNotFoundError):
            obstore.delete(self._objects, key)
        if self._folder is not None:
            # What a killed process had begun to write: the name, and a number from 1.
            with _failures(), suppress(FileNotFoundError):
                for number in count(1):
                    (self._folder / f"{key}#{number}").unlink()

    def listing(self, tenant_id: UUID) -> Iterator[list[StoredObject]]:
        """Everything that lies there of a gym, a part at a time."""
        with _failures():
            parts = obstore.list(
                self._objects, prefix=str(tenant_id), chunk_size=_LISTED_AT_ONCE
            )
            for part in parts:
                yield [StoredObject(one["path"], one["last_modified"]) for one in part]

    def delete_all(self, tenant_id: UUID) -> int:
        """Deletes everything of a gym; returns how many objects that were."""
        deleted = 0
        for part in self.listing(tenant_id):
            for stored in part:
                self.delete(stored.key)
            deleted += len(part)
        if self._folder is not None:
            with _failures(), suppress(FileNotFoundError):
                shutil.rmtree(self._folder / str(tenant_id))
        return deleted

    def room(self) -> int | None:
        """Free bytes where the store is a folder; None for a bucket."""
        if self._folder is None:
            return None
        return shutil.disk_usage(self._folder).free

    def _put(
        self, key: str, content: BinaryIO, headers: Mapping[str, str] | None
    ) -> None:
        with _failures():
            obstore.put(
                self._objects,
                key,
                cast("Any", content),
                attributes=dict(headers) if headers else None,
                max_concurrency=2,
            )


@contextmanager
def _failures() -> Iterator[None]:
    """Says in our words that the store failed; theirs may name keys and secrets."""
    try:
        yield
    except (FileNotFoundError, StoreFailed):
        raise
    except (BaseError, OSError) as error:
        raise StoreFailed(details={"kind": type(error).__name__}) from error


def _flush(path: Path) -> None:
    """Waits until a file and its name are on the disk."""
    for one in (path, path.parent):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
