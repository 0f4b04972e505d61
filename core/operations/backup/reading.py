"""Reading a backup: every byte is held to the manifest before anything is done."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.config import Settings
from core.operations.backup.archive import copied, members
from core.operations.backup.creation import STANDARD_OUTPUT
from core.operations.backup.locks import opened
from core.operations.backup.manifest import DATABASE, NAME, FileFigures, Manifest
from core.operations.errors import OperationFailed

DUMP = "database.dump"
"""The dump's name below the folder that a backup was unpacked to."""

_LONGEST_MANIFEST = 256 * 1024**2


def read(source: str, settings: Settings, *, into: Path | None = None) -> Manifest:
    """Reads a backup to its end and checks every file against its manifest.

    Args:
        source: A file, or ``-`` for standard input.
        settings: Hold the key.
        into: A private folder to unpack to; None only checks.

    Raises:
        OperationFailed: It does not open, or does not hold what it says.
    """
    with _source(source) as raw, opened(raw, settings) as clear:
        return _Reader(into).run(clear)


class _Reader:
    """One pass over the stream."""

    def __init__(self, into: Path | None) -> None:
        self._into = into
        self._found: dict[str, FileFigures] = {}
        self._dump, self._dump_size, self._parts = hashlib.sha256(), 0, 0

    def run(self, stream: BinaryIO) -> Manifest:
        manifest: Manifest | None = None
        with members(stream) as found:
            for name, content in found:
                if name == NAME:
                    manifest = Manifest.from_json(content.read(_LONGEST_MANIFEST))
                elif name.startswith(f"{DATABASE}/"):
                    self._take_part(name, content)
                else:
                    self._take_file(name, content)
        # Its end must be read too: only then is the last block known to be genuine.
        while stream.read(65536):
            pass
        if manifest is None:
            raise OperationFailed("This backup has no end: take another one.")
        self._compare(manifest)
        return manifest

    def _take_part(self, name: str, content: BinaryIO) -> None:
        if name != f"{DATABASE}/{self._parts:08d}":
            raise OperationFailed(f"This backup lacks a part before {name}.")
        self._parts += 1
        data = content.read()
        self._dump.update(data)
        self._dump_size += len(data)
        if self._into is not None:
            with private_file(self._into / DUMP, append=True) as target:
                target.write(data)

    def _take_file(self, name: str, content: BinaryIO) -> None:
        if self._into is None:
            self._found[name] = copied(content, None)
            return
        path = self._into / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private_file(path) as target:
            self._found[name] = copied(content, target)
            target.flush()
            os.fsync(target.fileno())

    def _compare(self, manifest: Manifest) -> None:
        if self._parts:
            digest = self._dump.hexdigest()
            self._found[DATABASE] = FileFigures(self._dump_size, digest)
        names = sorted(self._found.keys() | manifest.files.keys())
        wrong = [
            name for name in names if self._found.get(name) != manifest.files.get(name)
        ]
        if wrong:
            raise OperationFailed(
                f"This backup does not hold what its manifest says ({wrong[0]}"
                f"{f' and {len(wrong) - 1} more' if len(wrong) > 1 else ''}): take "
                "another one."
            )


@contextmanager
def private_file(path: Path, *, append: bool = False) -> Iterator[BinaryIO]:
    """A new file for ourselves alone."""
    flags = os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC
    flags |= os.O_APPEND if append else os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        yield file


@contextmanager
def _source(source: str) -> Iterator[BinaryIO]:
    if source == STANDARD_OUTPUT:
        yield sys.stdin.buffer
        return
    try:
        with Path(source).open("rb") as file:
            yield file
    except OSError as error:
        raise OperationFailed(
            f"Cannot read {error.filename or source}: {error.strerror or error}."
        ) from error
