"""Backups: everything comes back, and nothing unsound is ever put in place."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from core.app import Installation, create_app
from core.audit.verification import verify
from core.cli.backup import backup, restore, site_of
from core.config import Settings
from core.operations.backup.creation import create
from core.operations.backup.database import restore_dump
from core.operations.backup.reading import read
from core.operations.backup.restoring import Restored
from core.operations.backup.restoring import restore as restore_into
from core.operations.doctor import data
from core.operations.errors import OperationFailed
from core.operations.last_backup import LastBackup
from core.testing.kit import PASSWORD, ApiClient
from core.testing.server import TestServer
from tests.core.audit.sealed import seal_some
from tests.core.operations.conftest import Source
from tests.core.operations.places import (
    bytes_in,
    counted,
    empty_database,
    installed,
    migrated_database,
)

pytestmark = pytest.mark.slow


def quietly(_line: str) -> None:
    """Says nothing."""


@contextmanager
def target(
    postgres: TestServer, home: Path, **changes: object
) -> Iterator[Installation]:
    """An empty installation to restore into."""
    with (
        empty_database(postgres, "target") as database,
        installed(postgres, database, home, **changes) as installation,
    ):
        yield installation


def put_back(installation: Installation, file: Path, *, over: bool = False) -> Restored:
    return restore_into(
        site_of(installation),
        str(file),
        replace=over,
        knows=installation.migrations.knows,
        say=quietly,
    )


def database_of(installation: Installation) -> str:
    return str(installation.databases.app.url.database)


def has_scratch(home: Path) -> bool:
    return any((home / "run").glob("restore-*"))


def test_every_row_and_file_comes_back(
    postgres: TestServer, source: Source, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with target(postgres, home) as installation:
        done = put_back(installation, source.file)
        assert done.is_exact
        rows = counted(postgres, database_of(installation))
        assert rows == counted(postgres, source.database)
        assert rows == {n: one.rows for n, one in source.manifest.tables.items()}
        for folder in ("keys", "anchors", "uploads", "erasures"):
            before = bytes_in(source.installation.settings.server.home / folder)
            assert before, folder
            assert bytes_in(home / folder) == before, folder
        assert not has_scratch(home)
        assert installation.migrations.pending() == {}
        assert installation.migrations.differences() == []


def test_who_had_an_account_logs_in_and_the_walls_stand(
    postgres: TestServer, source: Source, tmp_path: Path
) -> None:
    with target(postgres, tmp_path / "home") as installation:
        put_back(installation, source.file)
        app = create_app(installation=installation)
        client = ApiClient(app, source.gym.slug)
        body = {"login": source.gym.email("coach"), "password": PASSWORD}
        token = client.post("/auth/login", body, expect=200)["accessToken"]
        own = ApiClient(app, source.gym.slug, token).get("/me")
        assert own["email"] == source.gym.email("coach")
        site = site_of(installation)
        urls = {
            purpose: postgres.url(f"palestra_{purpose}", database_of(installation))
            for purpose in ("app", "operator", "owner")
        }
        plain = {name: url.replace("+psycopg", "") for name, url in urls.items()}
        assert data.roles_bound(plain).remedy == ""
        assert data.walls_up(site.owner).remedy == ""
        privileges = (
            "SELECT grantee, table_name, privilege_type"
            " FROM information_schema.role_table_grants"
            " WHERE grantee LIKE 'palestra%' ORDER BY 1, 2, 3"
        )
        policies = "SELECT * FROM pg_policies ORDER BY tablename, policyname"
        for question in (privileges, policies):
            asked = postgres.query(question, database_of(installation))
            assert asked == postgres.query(question, source.database)
            assert asked


def test_the_audit_log_verifies_and_goes_on(
    postgres: TestServer, source: Source, tmp_path: Path
) -> None:
    with target(postgres, tmp_path / "home") as installation:
        put_back(installation, source.file)
        gym = source.gym.id
        with installation.units().open(gym) as session:
            verdict = verify(session, installation.anchors)
        assert (verdict.findings, verdict.unanchored) == ([], 0)
        assert verdict.entries > 0
        with installation.in_gym(gym):
            from core.sdk.users import create_user  # noqa: PLC0415

            create_user(email="new@x.example", name="New", role="client")
        seal_some(installation, gym)
        with installation.units().open(gym) as session:
            later = verify(session, installation.anchors)
        assert later.findings == []
        assert later.entries > verdict.entries


def test_a_backup_is_of_one_moment_while_others_write(
    postgres: TestServer, source: Source, tmp_path: Path
) -> None:
    """Rows that come while it runs are in both the dump and the figures, or neither."""
    stop, file = threading.Event(), tmp_path / "busy"
    from core.sdk.users import create_user  # noqa: PLC0415

    made: list[int] = []

    def write() -> None:
        while not stop.is_set():
            with source.installation.in_gym(source.gym.id):
                number = len(made)
                create_user(email=f"busy{number}@x.example", name="Busy", role="client")
                made.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        _one_more(made, writer)
        site = site_of(source.installation)
        manifest = create(site, str(file), plain=False, say=quietly)
        _one_more(made, writer)
    finally:
        stop.set()
        writer.join()
    with target(postgres, tmp_path / "home") as installation:
        assert put_back(installation, file).is_exact
    assert manifest.tables["users"].rows < counted(postgres, source.database)["users"]


def _one_more(made: list[int], writer: threading.Thread) -> None:
    """Waits until a row was written that had not begun before."""
    before = len(made)
    while len(made) < before + 2:
        assert writer.is_alive()
        time.sleep(0.01)


def test_what_is_not_empty_is_left_alone(
    postgres: TestServer, source: Source, template: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "master.key").write_bytes(b"other")
    with target(postgres, home) as installation:
        with pytest.raises(OperationFailed, match="is not empty: take --replace"):
            put_back(installation, source.file)
        assert counted(postgres, database_of(installation)) == {}
        assert bytes_in(home / "keys") == {"master.key": b"other"}
    bare = tmp_path / "bare"
    with (
        migrated_database(postgres, template, "full") as database,
        installed(postgres, database, bare) as installation,
        pytest.raises(OperationFailed, match="has tables: take --replace"),
    ):
        put_back(installation, source.file)


def test_replace_moves_aside_and_keeps_who_was_erased_since(
    postgres: TestServer, source: Source, template: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    for name in ("keys/master.key", "uploads/theirs"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"former")
    (home / "erasures").mkdir()
    (home / "erasures" / "erased.log").write_bytes(
        b"2026-01-01T00:00:00Z before backup\n2026-02-01T00:00:00Z after backup\n"
    )
    with (
        migrated_database(postgres, template, "full") as database,
        installed(postgres, database, home) as installation,
    ):
        done = put_back(installation, source.file, over=True)
        assert done.is_exact
        assert counted(postgres, database) == counted(postgres, source.database) or (
            counted(postgres, database)
            == {n: one.rows for n, one in source.manifest.tables.items()}
        )
    assert done.aside is not None
    assert (done.aside / "keys" / "master.key").read_bytes() == b"former"
    assert (done.aside / "uploads" / "theirs").read_bytes() == b"former"
    assert not (home / "uploads" / "theirs").exists()
    assert (home / "erasures" / "erased.log").read_bytes().splitlines() == [
        b"2026-01-01T00:00:00Z before backup",
        b"2026-02-01T00:00:00Z after backup",
    ]


def test_others_in_the_database_stop_a_restore(
    postgres: TestServer, source: Source, tmp_path: Path
) -> None:
    with target(postgres, tmp_path / "home") as installation:
        with (
            installation.databases.app.connect(),
            pytest.raises(OperationFailed, match="stop the web and job processes"),
        ):
            put_back(installation, source.file)
        assert counted(postgres, database_of(installation)) == {}


@pytest.mark.parametrize("at", [-40, -200_000, 1000])
def test_a_changed_byte_is_found_before_anything_is_touched(
    postgres: TestServer, source: Source, tmp_path: Path, at: int
) -> None:
    data_of = bytearray(source.file.read_bytes())
    data_of[at] ^= 1
    file = tmp_path / "changed"
    file.write_bytes(data_of)
    with target(postgres, tmp_path / "home") as installation:
        with pytest.raises(OperationFailed):
            put_back(installation, file)
        assert counted(postgres, database_of(installation)) == {}
        assert not has_scratch(tmp_path / "home")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.9999])
def test_a_file_cut_short_does_not_verify(
    source: Source, tmp_path: Path, part: float
) -> None:
    whole = source.file.read_bytes()
    file = tmp_path / "cut"
    file.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(OperationFailed):
        read(str(file), source.installation.settings)


def test_a_dump_that_fails_leaves_the_database_as_it_was(
    postgres: TestServer, source: Source, template: str, tmp_path: Path
) -> None:
    dump = tmp_path / "dump"
    read(str(source.file), source.installation.settings, into=tmp_path)
    whole = (tmp_path / "database.dump").read_bytes()
    dump.write_bytes(whole[: len(whole) * 2 // 3])
    with migrated_database(postgres, template, "full") as database:
        before = counted(postgres, database)
        owner = postgres.url("palestra_owner", database).replace("+psycopg", "")
        with pytest.raises(OperationFailed, match="failed: "):
            restore_dump(dump, owner)
        assert counted(postgres, database) == before
        assert before


def test_an_unknown_revision_is_refused(
    postgres: TestServer, source: Source, tmp_path: Path
) -> None:
    with target(postgres, tmp_path / "home") as installation:
        with pytest.raises(OperationFailed, match=r"members is at .* does not know"):
            restore_into(
                site_of(installation),
                str(source.file),
                replace=False,
                knows=lambda stream, _revision: stream != "members",
                say=quietly,
            )
        assert counted(postgres, database_of(installation)) == {}


def test_a_passphrase_locks_and_only_it_opens(source: Source, tmp_path: Path) -> None:
    site, file = site_of(source.installation), tmp_path / "locked"

    def with_phrase(phrase: str | None) -> Settings:
        backups = replace(
            site.settings.backup, passphrase=phrase, recipients=(), key=None
        )
        return replace(site.settings, backup=backups)

    locked = replace(site, settings=with_phrase("correct horse"))
    made = create(locked, str(file), plain=False, say=quietly)
    assert read(str(file), locked.settings).tables == made.tables
    assert b"PRIVATE KEY" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    for phrase, message in (
        ("wrong", "does not open this backup"),
        (None, "set PALESTRA_BACKUP_PASSPHRASE"),
    ):
        with pytest.raises(OperationFailed, match=message):
            read(str(file), with_phrase(phrase))
    other = create(site, str(tmp_path / "other"), plain=False, say=quietly)
    assert other.id != made.id
    with pytest.raises(OperationFailed, match="set PALESTRA_BACKUP_KEY"):
        read(str(tmp_path / "other"), locked.settings)


def test_plain_leaves_the_keys_out(
    postgres: TestServer, source: Source, tmp_path: Path
) -> None:
    site, file = site_of(source.installation), tmp_path / "plain"
    manifest = create(site, str(file), plain=True, say=quietly)
    assert not manifest.keys
    assert not [name for name in manifest.files if name.startswith("keys/")]
    assert b"PRIVATE KEY" not in file.read_bytes()
    home = tmp_path / "home"
    with target(postgres, home) as installation:
        with pytest.raises(OperationFailed, match="holds no keys"):
            put_back(installation, file)
        (home / "keys").mkdir(parents=True)
        keys = bytes_in(source.installation.settings.server.home / "keys")
        for name, content in keys.items():
            (home / "keys" / name).write_bytes(content)
        assert put_back(installation, file, over=True).is_exact
        assert bytes_in(home / "keys") == keys


def test_what_cannot_be_written_leaves_nothing_behind(
    source: Source, tmp_path: Path
) -> None:
    site = site_of(source.installation)
    bare = replace(site.settings.backup, recipients=(), passphrase=None)
    unlocked = replace(site, settings=replace(site.settings, backup=bare))
    (tmp_path / "there").write_text("precious")
    for one, file, message in (
        (unlocked, tmp_path / "file", "set PALESTRA_BACKUP_PASSPHRASE or"),
        (site, tmp_path / "there", "exists: name a file"),
        (site, tmp_path / "nowhere" / "file", "No such file or directory"),
        (replace(site, reader=site.owner), tmp_path / "file", "held to one gym"),
    ):
        with pytest.raises(OperationFailed, match=message):
            create(one, str(file), plain=False, say=quietly)
    assert bytes_in(tmp_path) == {"there": b"precious"}


def test_the_commands_tell_machines_and_people(
    postgres: TestServer, source: Source, tmp_path: Path
) -> None:
    file, home = tmp_path / "file", source.installation.settings.server.home
    made = CliRunner().invoke(
        backup, [str(file), "--json"], obj=source.installation, catch_exceptions=False
    )
    assert made.exit_code == 0
    told = orjson.loads(made.stdout.splitlines()[-1])
    last = LastBackup.read(home)
    assert last is not None
    assert (last.id, last.file, last.bytes) == (
        told["id"],
        str(file),
        file.stat().st_size,
    )
    checked = CliRunner().invoke(backup, ["verify", str(file)], obj=source.installation)
    assert checked.exit_code == 0
    assert f"{told['rows']} rows" in checked.stdout
    with target(postgres, tmp_path / "home") as installation:
        answer = CliRunner().invoke(
            restore, [str(file), "--json"], obj=installation, catch_exceptions=False
        )
        assert answer.exit_code == 0
        assert orjson.loads(answer.stdout.splitlines()[-1])["exact"] is True


def test_a_stream_needs_no_file(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Output:
        buffer = io.BytesIO()

    monkeypatch.setattr("sys.stdout", Output)
    made = create(site_of(source.installation), "-", plain=False, say=quietly)
    Output.buffer.seek(0)
    monkeypatch.setattr("sys.stdin", Output)
    assert read("-", source.installation.settings).tables == made.tables
