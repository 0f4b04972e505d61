"""An import that is killed: a real process, half-way, and nothing of it is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from core.app import Installation
from core.app.background import _export
from core.files.desk import desk
from core.files.models import StoredFile
from core.files.store import FileStore, object_key
from core.ids import new_id
from core.testing.kit import TestGym
from core.testing.server import TestServer
from tenants import archive, repository
from tenants.archive import entering
from tenants.errors import GymExists
from tenants.models import GymStatus
from tests.core.auth.servers import REPOSITORY, environment, wait_until
from tests.tenants.test_archive import LOCK, _file, rows_of, site_of

CONTENT = os.urandom(9 * 30_000)
HELD_BACK = 200_000
"""Less than the archive's last file, so the other ones are stored by then."""


@pytest.fixture
def here(postgres: TestServer, template: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation of this test's own."""
    database = f"palestra_killed_{new_id().hex[-8:]}"
    postgres.copy(template, database)
    with Installation(postgres.settings(database, tmp_path / "home")) as built:
        yield built


@pytest.fixture
def file(gym: TestGym, tmp_path: Path) -> Path:
    path = tmp_path / "gym.palestra"
    with gym.unit() as session:
        for _number in range(3):
            object_id = new_id()
            session.add(_file(gym.user("client"), object_id))
            desk().store.keep(
                object_key(gym.id, object_id),
                BytesIO(CONTENT),
                name="a.png",
                media_type="image/png",
            )
    archive.export(site_of(gym.installation), gym.slug, path)
    return path


def environ_of(installation: Installation) -> Mapping[str, str]:
    home = installation.settings.server.home
    return environment(installation, home) | {"PALESTRA_BACKUP_KEY": str(LOCK)}


def import_command(file: Path) -> list[str]:
    return [sys.executable, "-m", "core.cli", "tenants", "import", str(file)]


def killed_half_way(installation: Installation, file: Path, gym_id: UUID) -> None:
    """Feeds most of the archive through a pipe and kills whoever reads it."""
    pipe = file.with_suffix(".pipe")
    os.mkfifo(pipe)
    process = subprocess.Popen(
        import_command(pipe), cwd=REPOSITORY, env=environ_of(installation)
    )
    try:
        with pipe.open("wb", buffering=0) as feed:
            feed.write(file.read_bytes()[:-HELD_BACK])
            wait_until(lambda: bool(stored(installation, gym_id)))
            process.kill()
    finally:
        process.kill()
        assert process.wait() == -signal.SIGKILL
    pipe.unlink()


def stored(installation: Installation, gym_id: UUID) -> list[str]:
    folder = installation.settings.storage.uploads_dir / str(gym_id)
    return [path.name for path in folder.rglob("*") if path.is_file()]


def nothing_is_here(installation: Installation, gym_id: UUID) -> None:
    assert not any(rows_of(installation, gym_id).values())
    with installation.units("operator").open(None) as session:
        assert repository.find_gym(session, gym_id) is None
    assert stored(installation, gym_id) == []
    imports = installation.settings.server.home / "imports"
    assert list(imports.iterdir()) == []


def test_what_was_begun_is_deleted_with_its_key(gym: TestGym) -> None:
    """The store writes beside the name, and gives the name at the end."""
    key = object_key(gym.id, new_id())
    store = gym.installation.services.get(FileStore)
    folder = gym.installation.settings.storage.uploads_dir
    store.keep(key, BytesIO(CONTENT), name="a.png", media_type="image/png")
    for number in (1, 2):
        (folder / f"{key}#{number}").write_bytes(b"half")
    assert len(stored(gym.installation, gym.id)) == 3
    store.delete(key)
    assert stored(gym.installation, gym.id) == []


@pytest.mark.slow
def test_killed_half_way_it_leaves_nothing_and_is_repeated(
    gym: TestGym, file: Path, here: Installation
) -> None:
    """Three processes start, so it takes seconds."""
    killed_half_way(here, file, gym.id)
    assert stored(here, gym.id)
    # The background processes clear away what the killed one had stored.
    assert _export(here) == 1
    nothing_is_here(here, gym.id)
    killed_half_way(here, file, gym.id)
    again = subprocess.run(
        import_command(file), cwd=REPOSITORY, env=environ_of(here), check=False
    )
    assert again.returncode == 0
    with here.units("operator").open(None) as session:
        row = repository.find_gym(session, gym.id)
        assert row is not None
        assert row.status == GymStatus.SUSPENDED
    assert len(stored(here, gym.id)) == 3
    assert list((here.settings.server.home / "imports").iterdir()) == []
    assert _export(here) == 0
    assert len(stored(here, gym.id)) == 3


def test_a_file_that_was_there_before_stays(
    gym: TestGym, file: Path, here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two installations may share a bucket."""
    with gym.unit() as session:
        first = session.scalars(select(StoredFile).limit(1)).first()
        assert first is not None
        assert first.object_id is not None
        key = object_key(gym.id, first.object_id)
    with here.units().open(gym.id):
        store = desk().store
    store.keep(key, BytesIO(CONTENT), name="a.png", media_type="image/png")

    class Killed(BaseException):
        pass

    def die(*_given: object, **_named: object) -> None:
        raise Killed

    monkeypatch.setattr(entering, "note", die)
    with pytest.raises(Killed):
        archive.enter(site_of(here), file)
    assert stored(here, gym.id) == [key.rpartition("/")[2]]


def test_one_at_a_time(
    gym: TestGym, file: Path, here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = vars(entering)["_fill"]
    met: list[object] = []

    def meanwhile(*given: object) -> None:
        monkeypatch.setattr(entering, "_fill", fill)
        with pytest.raises(GymExists) as told:
            archive.enter(site_of(here), file)
        met.append(told.value)
        assert _export(here) == 0
        fill(*given)

    monkeypatch.setattr(entering, "_fill", meanwhile)
    archive.enter(site_of(here), file)
    assert len(met) == 1
    assert len(stored(here, gym.id)) == 3
