"""A gym as one file: every row with its id, its files, and what opens its secrets.

Inside an age envelope (``core.operations.backup.locks``) lies a tar: ``head.json`` says
what it is, ``rows/<table>/<number>.json`` hold rows in an order that foreign keys take,
``files/<id>`` content, and ``foot.json`` closes it with counts and digests. Values are
text as PostgreSQL writes it, so that each comes back exactly. What the source's master
key sealed is opened for the archive, and sealed under the target's.
"""

import hashlib
import tarfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, BinaryIO, Final, Literal, Protocol, Self
from uuid import UUID

import orjson
from sqlalchemy import Column, Table

from core.audit.anchors import Anchors
from core.config import Settings
from core.config.vault import Vault
from core.db.base import Base
from core.db.migrate import Migrations
from core.db.sealed import seal_of
from core.db.unit import UnitOfWork
from core.plugin.manager import Plugins
from tenants.errors import ArchiveRefused

FORMAT: Final = 1
HEAD: Final = "head.json"
FOOT: Final = "foot.json"


class Home(Protocol):
    """The installation, as the composition root built it."""

    @property
    def settings(self) -> Settings:
        """Of the installation."""

    @property
    def migrations(self) -> Migrations:
        """The migration streams."""

    @property
    def plugins(self) -> Plugins:
        """The installed plugins."""

    @property
    def anchors(self) -> Anchors:
        """What the chains over the audit log were, outside the database."""

    def units(self, role: Literal["app", "operator"]) -> UnitOfWork:
        """Units of work on the connection of one purpose."""


@dataclass(frozen=True, slots=True)
class Site:
    """The installation that a gym leaves or enters.

    Attributes:
        units: Units of work on the operator's connection.
        app_units: On the connection that serves gyms.
    """

    settings: Settings
    units: UnitOfWork
    app_units: UnitOfWork
    migrations: Migrations
    plugins: Plugins
    anchors: Anchors

    @classmethod
    def of(cls, home: Home) -> Self:
        """The site that an installation is."""
        return cls(
            settings=home.settings,
            units=home.units("operator"),
            app_units=home.units("app"),
            migrations=home.migrations,
            plugins=home.plugins,
            anchors=home.anchors,
        )

    def described(self) -> dict[str, Any]:
        """What an archive must agree with to enter here."""
        return {
            "format": FORMAT,
            "revisions": {
                stream.id: self.migrations.current(stream.id)
                for stream in self.migrations.streams
            },
            "plugins": {one.id: one.version for one in self.plugins.manifests},
            "columns": {
                str(table.name): [str(column.name) for column in stored(table)]
                for table in tables()
            },
        }


@dataclass(slots=True)
class Tally:
    """What an archive holds, summed up on the way out and again on the way in.

    Attributes:
        said: Called with every piece.
    """

    said: Callable[[], None] = lambda: None
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    digests: dict[str, Any] = field(default_factory=lambda: defaultdict(hashlib.sha256))

    def add(self, part: str, content: bytes, rows: int = 0) -> None:
        """Counts a piece of a table or of a file."""
        self.rows[part] += rows
        self.digests[part].update(content)
        self.said()

    def written(self) -> bytes:
        """All of it, in one form."""
        told = {
            part: {"rows": self.rows[part], "sha256": digest.hexdigest()}
            for part, digest in self.digests.items()
        }
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


class Told:
    """Reads, and tells the tally of it."""

    def __init__(self, source: BinaryIO, name: str, tally: Tally) -> None:
        self._source, self._name, self._tally = source, name, tally

    def read(self, size: int = -1) -> bytes:
        """Reads up to ``size`` bytes."""
        content = self._source.read(size)
        self._tally.add(self._name, content)
        return content


def tables() -> list[Table]:
    """Every table of gyms' rows, those that others refer to first."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if table.info.get("tenancy") == "tenant"
    ]


def stored(table: Table) -> list[Column[Any]]:
    """The columns that are not computed from others."""
    return [column for column in table.columns if column.computed is None]


def resealed(
    columns: Sequence[Column[Any]],
    row: list[str | None],
    vault: Vault,
    *,
    opening: bool,
) -> list[str | None]:
    """Opens or seals the values of a row that the master key seals."""
    places = {column.name: number for number, column in enumerate(columns)}
    for number, column in enumerate(columns):
        seal, value = seal_of(column), row[number]
        if seal is None or value is None:
            continue
        bound = [row[places[name]] for name in ("tenant_id", seal.bound_by)]
        work = vault.open if opening else vault.seal
        changed = work(
            bytes.fromhex(value.removeprefix("\\x")),
            purpose=seal.purpose,
            bound_to=b"".join(UUID(one).bytes for one in bound),
        )
        row[number] = f"\\x{changed.hex()}"
    return row


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, BytesIO(content))


def read_whole(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    source = tar.extractfile(member)
    if source is None:
        raise ArchiveRefused("This archive holds what does not belong there.")
    return source.read()
