"""Writing a backup."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from core.clock import as_rfc3339, utc_now
from core.ids import new_id
from core.operations.backup.archive import Writer, writing
from core.operations.backup.clients import client_folder, running, surroundings
from core.operations.backup.locks import locked, must_be_lockable
from core.operations.backup.manifest import NAME, Manifest
from core.operations.backup.site import (
    UPLOADS,
    Say,
    Site,
    places_of,
    regular_files,
)
from core.operations.backup.snapshot import Snapshot, snapshot
from core.operations.errors import OperationFailed
from core.operations.last_backup import LastBackup

STANDARD_OUTPUT = "-"

_TELL_EVERY_S = 5.0
_MIB = 1024**2


def create(site: Site, target: str, *, plain: bool, say: Say) -> Manifest:
    """Writes a backup of the installation, which may be running meanwhile.

    The file appears under its name when it is whole and on the disk.

    Args:
        site: The installation.
        target: A file that is not there yet, or ``-`` for standard output.
        plain: Locks nothing, and leaves the keys out.
        say: Told how far it is.

    Raises:
        OperationFailed: It cannot be done; nothing is left behind.
    """
    if not plain:
        must_be_lockable(site.settings)
    with (
        _target(target) as stream,
        locked(stream, site.settings, plain=plain) as clear,
        writing(clear) as archive,
    ):
        manifest = _fill(archive, site, plain=plain, say=say)
    if target != STANDARD_OUTPUT:
        size = Path(target).stat().st_size
        LastBackup(manifest.created_at, manifest.id, target, size).write(site.home)
    return manifest


def _fill(archive: Writer, site: Site, *, plain: bool, say: Say) -> Manifest:
    """Writes everything, in an order in which nothing refers to what is missing.

    The anchors come before the snapshot, for the audit log may only be ahead of them;
    the uploads after it, for a row may only name a file that is there.
    """
    places = places_of(site, keys=not plain)
    uploads = places.pop(UPLOADS, None)
    for name, folder in places.items():
        _add_folder(archive, name, folder, regular_files(folder))
    with snapshot(site.reader) as moment:
        manifest = _begin(site, moment, keys=not plain)
        _add_dump(archive, site, moment, say)
        for table in moment.tables():
            manifest.tables[table] = moment.figures(table)
    say(f"{len(manifest.tables)} tables with {manifest.rows} rows counted and hashed.")
    if uploads is not None:
        missed = _add_folder(archive, UPLOADS, uploads, regular_files(uploads))
        manifest.missed.extend(missed)
    manifest.files.update(archive.files)
    archive.add_bytes(NAME, manifest.to_json())
    return manifest


def _begin(site: Site, moment: Snapshot, *, keys: bool) -> Manifest:
    return Manifest(
        id=str(new_id()),
        created_at=as_rfc3339(utc_now()),
        palestra=site.version,
        plugins=dict(site.plugins),
        postgres=moment.major(),
        revisions=moment.revisions(site.version_tables),
        keys=keys,
        objects=site.settings.storage.url,
    )


def _add_dump(archive: Writer, site: Site, moment: Snapshot, say: Say) -> None:
    program = client_folder(moment.major()) / "pg_dump"
    command = [
        str(program),
        "--format=custom",
        "--schema=public",
        f"--snapshot={moment.name}",
        "--no-password",
        "--lock-wait-timeout=60s",
    ]
    told = time.monotonic()
    with running(command, surroundings(site.reader), stdout=subprocess.PIPE) as process:
        for size in archive.add_dump(process.stdout):  # type: ignore[arg-type]  # a pipe
            if time.monotonic() - told > _TELL_EVERY_S:
                told = time.monotonic()
                say(f"{size // _MIB} MiB of the database so far …")
    say("The database is dumped.")


def _add_folder(
    archive: Writer, name: str, folder: Path, paths: Iterable[Path]
) -> list[str]:
    """Adds files; returns the names of those that were deleted meanwhile."""
    missed = []
    for path in paths:
        inside = f"{name}/{path.relative_to(folder).as_posix()}"
        try:
            archive.add_file(inside, path)
        except FileNotFoundError:
            missed.append(inside)
    return missed


@contextmanager
def _target(target: str) -> Iterator[BinaryIO]:
    """The stream to write to: a new file that gets its name last, or our output."""
    if target == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    if path.exists():
        raise OperationFailed(f"{path} exists: name a file that does not.")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails where the name was taken meanwhile.
        os.link(unfinished, path)
    except OSError as error:
        raise OperationFailed(
            f"Cannot write {path}: {error.strerror or error}. Free some space or name "
            "another place."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Has the names in a folder written to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def described(manifest: Manifest) -> bytes:
    """A manifest in short, as JSON for machines."""
    return orjson.dumps(
        {
            "id": manifest.id,
            "createdAt": manifest.created_at,
            "palestra": manifest.palestra,
            "tables": len(manifest.tables),
            "rows": manifest.rows,
            "files": len(manifest.files),
            "bytes": manifest.size,
            "keys": manifest.keys,
            "objects": manifest.objects,
            "missed": manifest.missed,
        }
    )
