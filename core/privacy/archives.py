"""Where the archives of exports are kept: a private folder of the installation."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

KEPT: Final = timedelta(days=7)
"""How long an archive can be downloaded."""

_CHUNK: Final = 256 * 1024


class Archives:
    """The archives, a file each, named by their request.

    Args:
        folder: Where they lie; made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, tenant_id: UUID, request_id: UUID) -> Path:
        """The file of a request's archive."""
        return self.folder(tenant_id) / f"{request_id}.zip"

    def folder(self, tenant_id: UUID) -> Path:
        """Where everything that was exported of a gym lies; there may be none."""
        return self._folder / str(tenant_id)

    def delete_all(self, tenant_id: UUID) -> None:
        """Deletes everything that was exported of a gym."""
        folder = self.folder(tenant_id)
        while folder.exists():
            # Somebody else may delete at the same moment.
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)

    @contextmanager
    def written(self, tenant_id: UUID, request_id: UUID) -> Iterator[BinaryIO]:
        """A new archive; it is there, whole, once the block has ended well."""
        final = self.path(tenant_id, request_id)
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = final.with_suffix(".part")
        handle = os.open(half, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            half.replace(final)
        finally:
            half.unlink(missing_ok=True)

    def size(self, tenant_id: UUID, request_id: UUID) -> int | None:
        """Bytes of an archive; None when it is not here."""
        try:
            return self.path(tenant_id, request_id).stat().st_size
        except FileNotFoundError:
            return None

    def chunks(self, tenant_id: UUID, request_id: UUID) -> Iterator[bytes]:
        """An archive's bytes; it may be deleted while they are read."""
        return chunks_of(self.path(tenant_id, request_id).open("rb"))

    def delete(self, tenant_id: UUID, request_id: UUID) -> None:
        """Deletes an archive; safe when there is none."""
        self.path(tenant_id, request_id).unlink(missing_ok=True)

    def delete_old(self, tenant_id: UUID) -> int:
        """Deletes what is older than any archive may be, halves of a crash included."""
        oldest = time.time() - KEPT.total_seconds()
        deleted = 0
        for path in self.folder(tenant_id).glob("*"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    deleted += 1
            except FileNotFoundError:
                continue
        return deleted


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file, which is closed at its end."""
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
