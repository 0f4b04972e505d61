"""One installation with a gym in it, backed up once for the tests of a process."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.app import Installation, create_app
from core.cli.backup import site_of
from core.operations.backup.creation import create
from core.operations.backup.manifest import Manifest
from core.testing.kit import TestGym
from core.testing.server import TestServer
from tests.core.audit.sealed import seal_some
from tests.core.operations.places import installed, migrated_database


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up.

    Attributes:
        file: Its backup.
    """

    installation: Installation
    gym: TestGym
    database: str
    file: Path
    manifest: Manifest


@pytest.fixture(scope="module")
def source(
    postgres: TestServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Source]:
    """A gym with people, an upload, a sealed audit log and an erased person."""
    base = tmp_path_factory.mktemp("source")
    home = base / "home"
    with (
        migrated_database(postgres, template, "source") as database,
        installed(postgres, database, home) as installation,
    ):
        app = create_app(installation=installation)
        gym = TestGym(app, installation)
        assert gym.users
        for name, content in {
            "uploads/gym/photo": b"\x00photo" * 400_000,
            "uploads/gym/empty": b"",
            "erasures/erased.log": b"2026-01-01T00:00:00Z before backup\n",
        }.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        seal_some(installation, gym.id)
        file = base / "backup"
        manifest = create(
            site_of(installation), str(file), plain=False, say=lambda _line: None
        )
        yield Source(installation, gym, database, file, manifest)
