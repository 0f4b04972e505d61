"""The folders of a home: whether they are filled, and putting others in their place."""

import os
import shutil
from pathlib import Path

from core.clock import utc_now
from core.operations.backup.manifest import DATABASE, Manifest
from core.operations.backup.reading import DUMP
from core.operations.backup.site import Site, places_of, regular_files
from core.operations.errors import OperationFailed

_ERASURES = "erasures"


def filled_folders(site: Site) -> list[Path]:
    """Those of the folders that a backup brings which hold a file."""
    return [folder for folder in places_of(site).values() if any(regular_files(folder))]


def put_in_place(site: Site, unpacked: Path, manifest: Manifest) -> Path | None:
    """Puts the folders of a backup where they belong.

    What was there is moved aside, never deleted, except that the list of erased
    persons is joined: who was erased after the backup stays erased.

    Args:
        site: The installation.
        unpacked: Where the backup was unpacked.
        manifest: Says what is in it.

    Returns:
        Where the former folders are now; None when there were none.
    """
    stamp = f"{utc_now():%Y%m%dT%H%M%S}-{os.getpid()}"
    aside = site.home / "replaced" / stamp
    for name, place in places_of(site, keys=manifest.keys).items():
        source = unpacked / name
        if name == _ERASURES:
            _join(source, place)
        source.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.exists() and any(place.iterdir()):
            aside.mkdir(mode=0o700, parents=True, exist_ok=True)
            _move(place, aside / name)
        elif place.exists():
            place.rmdir()
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _move(source, place)
    return aside if aside.exists() else None


def differences(site: Site, manifest: Manifest) -> list[str]:
    """The files that are not there, or not as long as the manifest says."""
    places = places_of(site, keys=manifest.keys)
    found = []
    for name, figures in manifest.files.items():
        top, _, rest = name.partition("/")
        if name == DATABASE or top == _ERASURES or top not in places:
            continue
        path = places[top] / rest
        if not path.is_file() or path.stat().st_size != figures.size:
            found.append(name)
    return found


def scratch_folder(home: Path) -> Path:
    """A new private folder below the home, on the disk where the files are to go."""
    folder = home / "run" / f"restore-{os.getpid()}"
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise OperationFailed(
            f"{folder} is left from a restore that was killed: delete it."
        ) from error
    return folder


def dump_in(unpacked: Path) -> Path:
    """The dump of an unpacked backup."""
    return unpacked / DUMP


def _join(source: Path, current: Path) -> None:
    """Adds to the unpacked lists the lines that only the current ones have."""
    for path in regular_files(current):
        target = source / path.relative_to(current)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = target.read_bytes().splitlines() if target.exists() else []
        lines += path.read_bytes().splitlines()
        target.write_bytes(b"".join(line + b"\n" for line in dict.fromkeys(lines)))
        target.chmod(0o600)


def _move(source: Path, target: Path) -> None:
    """Moves a folder; copies it where the target is on another disk."""
    shutil.move(source, target)
