"""Restoring a backup into an installation, and comparing what came out."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.operations.backup import database, homes
from core.operations.backup.manifest import Manifest
from core.operations.backup.reading import read
from core.operations.backup.site import Say, Site
from core.operations.backup.snapshot import snapshot
from core.operations.errors import OperationFailed

Knows = Callable[[str, str], bool]
"""Says whether the code has a revision of a stream."""


@dataclass(slots=True)
class Restored:
    """What a restore did.

    Attributes:
        manifest: Of the backup.
        differing: Tables whose rows are not what the manifest says.
        missing: Files that are not what the manifest says.
        aside: Where the former folders were moved.
    """

    manifest: Manifest
    differing: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    aside: Path | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every row and file is back."""
        return not (self.differing or self.missing)


def restore(
    site: Site, source: str, *, replace: bool, knows: Knows, say: Say
) -> Restored:
    """Puts a backup in the place of what is there.

    Nothing is touched before the whole file was read and found sound. The database
    changes in one transaction, the folders right after it.

    Args:
        site: The installation; its processes must be stopped.
        source: A file, or ``-`` for standard input.
        replace: Whether it may hold anything now.
        knows: Says which revisions the code has.
        say: Told how far it is.

    Raises:
        OperationFailed: It cannot be done.
    """
    database.must_be_alone(site.owner)
    if not replace:
        _must_be_empty(site)
    unpacked = homes.scratch_folder(site.home)
    try:
        manifest = read(source, site.settings, into=unpacked)
        say(f"The backup of {manifest.created_at} is sound.")
        _must_fit(site, manifest, knows)
        database.restore_dump(homes.dump_in(unpacked), site.owner)
        say("The database is restored.")
        aside = homes.put_in_place(site, unpacked, manifest)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    done = Restored(manifest, aside=aside, missing=homes.differences(site, manifest))
    done.differing = _differing_tables(site, manifest)
    return done


def _must_be_empty(site: Site) -> None:
    filled = homes.filled_folders(site)
    if filled:
        raise OperationFailed(
            f"{filled[0]} is not empty: take --replace to put the backup in its "
            "place, or another PALESTRA_HOME."
        )
    if not database.is_empty(site.owner):
        raise OperationFailed(
            "The database has tables: take --replace to put the backup in their "
            "place, or another database."
        )


def _must_fit(site: Site, manifest: Manifest, knows: Knows) -> None:
    major = database.server_major(site.owner)
    if manifest.postgres > major:
        raise OperationFailed(
            f"This backup is of PostgreSQL {manifest.postgres}, this server is "
            f"{major}: restore it on {manifest.postgres} or newer."
        )
    for stream, revision in manifest.revisions.items():
        if revision is not None and not knows(stream, revision):
            raise OperationFailed(
                f"This backup was written by Palestra {manifest.palestra} and its "
                f"{stream} is at {revision}, which this version does not know: "
                "install that version or a newer one, plugins included."
            )
    has_keys = site.settings.auth.encryption_key or _master_key(site.home).exists()
    if not manifest.keys and not has_keys:
        raise OperationFailed(
            f"This backup was written with --plain and holds no keys: put them into "
            f"{site.settings.server.keys_dir} first, or set PALESTRA_ENCRYPTION_KEY."
        )


def _master_key(home: Path) -> Path:
    return home / "keys" / "master.key"


def _differing_tables(site: Site, manifest: Manifest) -> list[str]:
    with snapshot(site.reader) as moment:
        names = sorted({*moment.tables(), *manifest.tables})
        there = set(moment.tables())
        return [
            name
            for name in names
            if name not in there or moment.figures(name) != manifest.tables.get(name)
        ]
