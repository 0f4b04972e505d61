"""The tar stream inside a backup, written and read once from front to end."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from typing_extensions import override

from core.operations.backup.manifest import DATABASE, FileFigures
from core.operations.errors import OperationFailed

PART_BYTES = 8 * 1024**2
"""The dump's length is not known when it begins, so it goes in parts of this size."""

_BLOCK = 1024**2


class _Hashing(io.RawIOBase):
    """Counts and hashes what is read through it, up to a length that was promised."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self._size = 0

    @override
    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        self._size += len(data)
        return data

    def figures(self) -> FileFigures:
        return FileFigures(self._size, self._hash.hexdigest())


class Writer:
    """Writes members and remembers what they were.

    Attributes:
        files: Name → figures of what was written.
    """

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, FileFigures] = {}

    def add_file(self, name: str, path: Path) -> None:
        """Adds a file as long as it is now; what is appended meanwhile stays out.

        Raises:
            FileNotFoundError: It is gone.
            OSError: It cannot be read, or was cut short while it was.
        """
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            reader = _Hashing(file)
            self._tar.addfile(_member(name, size), reader)
        self.files[name] = reader.figures()

    def add_dump(self, source: BinaryIO) -> Iterator[int]:
        """Adds the dump in parts; yields how many bytes there are so far."""
        whole, size, number = hashlib.sha256(), 0, 0
        while part := _read_fully(source, PART_BYTES):
            whole.update(part)
            size += len(part)
            self.add_bytes(f"{DATABASE}/{number:08d}", part)
            number += 1
            yield size
        self.files[DATABASE] = FileFigures(size, whole.hexdigest())

    def add_bytes(self, name: str, data: bytes) -> None:
        """Adds a member from memory; it is not remembered."""
        self._tar.addfile(_member(name, len(data)), io.BytesIO(data))


@contextmanager
def writing(target: BinaryIO) -> Iterator[Writer]:
    """Writes an archive to a stream."""
    with tarfile.open(
        fileobj=target, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BLOCK
    ) as tar:
        yield Writer(tar)


@contextmanager
def members(source: BinaryIO) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    """Reads an archive from a stream: names and contents, in order.

    Raises:
        OperationFailed: A member is no plain file, or lies outside of the archive.
    """
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=_BLOCK) as tar:
            yield _safe_members(tar)
    except tarfile.TarError as error:
        raise OperationFailed(
            "This backup is damaged or cut short: take another one."
        ) from error


def copied(source: BinaryIO, target: BinaryIO | None) -> FileFigures:
    """Copies a stream to its end, or only reads it; says what it was."""
    reader = _Hashing(source)
    while block := reader.read(_BLOCK):
        if target is not None:
            target.write(block)
    return reader.figures()


def _safe_members(tar: tarfile.TarFile) -> Iterator[tuple[str, BinaryIO]]:
    for member in tar:
        path = PurePosixPath(member.name)
        content = tar.extractfile(member) if member.isreg() else None
        if content is None or path.is_absolute() or ".." in path.parts:
            raise OperationFailed(
                f"This backup holds {member.name!r}, which no backup does: do not "
                "use it."
            )
        yield member.name, content  # type: ignore[misc]  # a reader of bytes


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _read_fully(source: BinaryIO, size: int) -> bytes:
    """Reads ``size`` bytes, fewer only at the end; a pipe gives less at a time."""
    parts, left = [], size
    while left and (block := source.read(left)):
        parts.append(block)
        left -= len(block)
    return b"".join(parts)
