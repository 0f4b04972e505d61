"""The installation as backups see it; put together by the commands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.config import Settings

HOME_FOLDERS = ("keys", "anchors", "erasures")
"""Folders of ``PALESTRA_HOME`` that a backup holds."""

UPLOADS = "uploads"

Say = Callable[[str], None]
"""Tells the person at the terminal how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One installation.

    Attributes:
        settings: Name its folders and the locks of its backups.
        version: Of Palestra.
        plugins: Id → version of every installed plugin.
        reader: Connection string of a role that reads the rows of every gym.
        owner: Connection string of the role that owns the tables.
        version_tables: Stream of migrations → the table that keeps its revision.
    """

    settings: Settings
    version: str
    plugins: Mapping[str, str]
    reader: str
    owner: str
    version_tables: Mapping[str, str]

    @property
    def home(self) -> Path:
        """``PALESTRA_HOME``."""
        return self.settings.server.home

    @property
    def uploads(self) -> Path | None:
        """The folder of uploads; None where an object store holds them."""
        storage = self.settings.storage
        return None if storage.url else storage.uploads_dir


def places_of(site: Site, *, keys: bool = True) -> dict[str, Path]:
    """The folders that a backup holds: name in the archive → where it lies."""
    names = [name for name in HOME_FOLDERS if keys or name != "keys"]
    places = {name: site.home / name for name in names}
    if site.uploads is not None:
        places[UPLOADS] = site.uploads
    return places


def regular_files(folder: Path) -> Iterable[Path]:
    """The finished files below a folder, in a fixed order; links are left out."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        passing = path.suffix in {".lock", ".new", ".part"} or path.name[0] == "."
        if path.is_file() and not path.is_symlink() and not passing:
            yield path
