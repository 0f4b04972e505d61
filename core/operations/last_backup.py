"""When the last backup succeeded: a small file that check-ups and metrics read."""

import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import orjson

from core.clock import utc_now


@dataclass(frozen=True, slots=True)
class LastBackup:
    """The last backup that was written whole.

    Attributes:
        created_at: Of its snapshot, RFC 3339.
        id: As its manifest says.
        file: Where it was written.
        bytes: How long it is.
    """

    created_at: str
    id: str
    file: str
    bytes: int

    @classmethod
    def read(cls, home: Path) -> Self | None:
        """What the last one was; None when there was none."""
        try:
            return cls(**orjson.loads(_path(home).read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (orjson.JSONDecodeError, TypeError):
            return None

    def write(self, home: Path) -> None:
        """Remembers it; the file is whole at any moment."""
        path = _path(home)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.part")
        draft.write_bytes(orjson.dumps(asdict(self)))
        draft.replace(path)

    def age(self) -> timedelta:
        """How old it is."""
        return utc_now() - datetime.fromisoformat(self.created_at)


def _path(home: Path) -> Path:
    return home / "run" / "last-backup.json"
