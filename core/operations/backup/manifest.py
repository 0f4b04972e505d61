"""What a backup says it holds."""

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from core.operations.errors import OperationFailed

FORMAT = 1
NAME = "manifest.json"
DATABASE = "database"
"""The dump's name, in the manifest and as the folder of its parts."""


@dataclass(frozen=True, slots=True)
class TableFigures:
    """A table in the dump's snapshot.

    Attributes:
        rows: How many there are.
        hash: Over what they say, whatever their order.
    """

    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class FileFigures:
    """A file.

    Attributes:
        size: In bytes.
        sha256: Of its bytes, in hexadecimal.
    """

    size: int
    sha256: str


@dataclass(slots=True, kw_only=True)
class Manifest:
    """What a backup says it holds.

    Attributes:
        id: Of this backup.
        created_at: When its snapshot of the database was taken, RFC 3339.
        palestra: Version that wrote it.
        plugins: Id → version.
        postgres: Major version of the database server.
        revisions: Stream of migrations → revision, None where it has none.
        keys: Whether the keys are in it.
        objects: The bucket that holds the uploads, where they are not in it.
        tables: By name.
        files: By name in the archive; the dump is ``database``.
        missed: Uploads that were deleted while the backup ran.
    """

    id: str
    created_at: str
    palestra: str
    plugins: dict[str, str]
    postgres: int
    revisions: dict[str, str | None]
    keys: bool
    objects: str | None
    tables: dict[str, TableFigures] = field(default_factory=dict)
    files: dict[str, FileFigures] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(figures.rows for figures in self.tables.values())

    @property
    def size(self) -> int:
        """Bytes of all files, the dump included."""
        return sum(figures.size for figures in self.files.values())

    def to_json(self) -> bytes:
        """Writes it."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(asdict(self), option=options)

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """Reads it.

        Raises:
            OperationFailed: It is of another format, or none.
        """
        try:
            told: dict[str, Any] = orjson.loads(text)
            if told["format"] != FORMAT:
                raise OperationFailed(
                    f"This backup has format {told['format']}; this Palestra reads "
                    f"{FORMAT}. Use the version that wrote it."
                )
            told["tables"] = {
                name: TableFigures(**figures)
                for name, figures in told["tables"].items()
            }
            told["files"] = {
                name: FileFigures(**figures) for name, figures in told["files"].items()
            }
            return cls(**told)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise OperationFailed(
                "The manifest of this backup cannot be read: take another one."
            ) from error
