"""Several users, one server: who starts it, who finds it, who stops it."""

import os
import signal
from pathlib import Path

import pytest

from core.db.embedded import EmbeddedPostgres
from tests.core.db.embedded_user import FAST, User, connect


@pytest.fixture
def pg(tmp_path: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(tmp_path, settings=FAST)


def test_the_last_user_stops_the_server(pg: EmbeddedPostgres, tmp_path: Path) -> None:
    pg.start()
    with User(tmp_path) as other:
        assert other.answer() == {"pid": pg.pid}
        pg.stop()
        with connect(pg) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert other.ask("stop") == {"pid": None}
    assert pg.pid is None


def test_two_objects_of_one_process_are_two_users(
    pg: EmbeddedPostgres, tmp_path: Path
) -> None:
    pg.start()
    with EmbeddedPostgres(tmp_path, settings=FAST) as other:
        pg.stop()
        assert other.pid is not None
    assert other.pid is None


def test_concurrent_first_starts_make_one_server(
    pg: EmbeddedPostgres, tmp_path: Path
) -> None:
    with (
        User(tmp_path) as one,
        User(tmp_path) as two,
        User(tmp_path) as three,
        User(tmp_path) as four,
    ):
        users = (one, two, three, four)
        pids = {user.answer().get("pid") for user in users}
        assert pids == {pg.pid}
        assert None not in pids
        left = [user.ask("stop")["pid"] for user in users]
    assert left == [pg.pid or pids.pop()] * 3 + [None]


def test_a_server_of_a_killed_user_is_adopted_and_stopped(
    pg: EmbeddedPostgres, tmp_path: Path
) -> None:
    with User(tmp_path) as killed:
        left_behind = killed.answer()["pid"]
        killed.kill()
    assert pg.pid == left_behind
    pg.start()
    assert pg.pid == left_behind
    pg.stop()
    assert pg.pid is None


def test_a_killed_user_is_no_longer_counted(
    pg: EmbeddedPostgres, tmp_path: Path
) -> None:
    pg.start()
    with User(tmp_path) as killed:
        assert "pid" in killed.answer()
        killed.kill()
    pg.stop()
    assert pg.pid is None


def test_a_user_that_just_ends_has_left(pg: EmbeddedPostgres, tmp_path: Path) -> None:
    with User(tmp_path) as user:
        assert "pid" in user.answer()
        user.process.communicate()
        assert user.process.returncode == 0
    assert pg.pid is None


def test_a_forked_child_is_no_user(pg: EmbeddedPostgres, tmp_path: Path) -> None:
    with User(tmp_path) as user:
        assert "pid" in user.answer()
        child = user.ask("fork")["child"]
        try:
            assert user.ask("stop") == {"pid": None}
            os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)
    assert pg.pid is None
