"""One user, one server: create, start, use, stop, start again."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from core.db.embedded.account import server_account
from core.db.embedded.folders import Folders
from core.db.embedded.locks import FileLock
from tests.core.db.embedded_user import FAST, User, connect


@pytest.fixture
def pg(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path, settings=FAST) as server:
        yield server


def test_a_fresh_start_answers_queries(pg: EmbeddedPostgres) -> None:
    engine = create_engine(pg.url())
    with engine.connect() as connection:
        assert connection.execute(text("SHOW server_version_num")).scalar_one() >= "18"
    engine.dispose()


def test_data_outlives_a_restart_that_has_nothing_to_mend(
    pg: EmbeddedPostgres, tmp_path: Path
) -> None:
    with connect(pg) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    pg.stop()
    assert pg.pid is None
    log = tmp_path / "postgres" / "server.log"
    before = len(log.read_text())
    pg.start()
    told = log.read_text()[before:]
    assert "database system was shut down at" in told
    assert "recovery" not in told
    with connect(pg) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_start_and_stop_may_be_repeated(pg: EmbeddedPostgres) -> None:
    first = pg.pid
    pg.start()
    assert pg.pid == first
    pg.stop()
    pg.stop()
    assert pg.pid is None


def test_settings(pg: EmbeddedPostgres) -> None:
    expected = {
        "listen_addresses": "",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "max_connections": "100",
        "shared_buffers": FAST["shared_buffers"],
    }
    with connect(pg) as connection:
        found = {
            name: connection.execute(f"SHOW {name}").fetchone() for name in expected
        }
    assert found == {name: (value,) for name, value in expected.items()}


def test_the_locale_is_fixed_and_knows_unicode(pg: EmbeddedPostgres) -> None:
    with connect(pg) as connection:
        assert connection.execute(
            "SELECT datlocprovider, datlocale, lower('ÈŽ') FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone() == ("b", "C.UTF-8", "èž")


def test_another_role_and_database(pg: EmbeddedPostgres) -> None:
    with connect(pg) as connection:
        connection.execute('CREATE ROLE "a b@c" LOGIN')
        connection.execute('CREATE DATABASE "d/e f?%" OWNER "a b@c"')
    engine = create_engine(pg.url(user="a b@c", database="d/e f?%"))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT current_user, current_database()")).one()
    engine.dispose()
    assert tuple(row) == ("a b@c", "d/e f?%")


def test_the_server_is_out_of_reach_of_the_terminal(pg: EmbeddedPostgres) -> None:
    assert pg.pid is not None
    assert os.getsid(pg.pid) == pg.pid


def kill_server(pg: EmbeddedPostgres) -> int:
    """Kill the postmaster and wait until nobody listens any more."""
    killed = pg.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    while pg.pid is not None:
        time.sleep(0.001)
    return killed


def test_a_killed_server_is_recovered(pg: EmbeddedPostgres) -> None:
    with connect(pg) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    killed = kill_server(pg)
    pg.start()
    assert pg.pid not in {None, killed}
    with connect(pg) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_busy_back_end_of_a_killed_server_does_not_block_the_next(
    pg: EmbeddedPostgres,
) -> None:
    connection = connect(pg)

    def work() -> None:
        with suppress(psycopg.OperationalError):
            connection.execute("SELECT count(*) FROM generate_series(1, 1e11)")

    thread = threading.Thread(target=work)
    thread.start()
    with connect(pg) as other:
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%1e11)'"
        while other.execute(query).fetchone() != (1,):
            time.sleep(0.01)
    kill_server(pg)
    pg.start()
    thread.join(60)
    assert not thread.is_alive()
    with connect(pg) as after:
        assert after.execute("SELECT 1").fetchone() == (1,)


def test_a_crashed_back_end_restarts_the_server_in_place(pg: EmbeddedPostgres) -> None:
    with connect(pg) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    deadline = time.monotonic() + 60
    while True:
        try:
            with connect(pg) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
                return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_stale_pid_file_harms_nobody(pg: EmbeddedPostgres, tmp_path: Path) -> None:
    pg.stop()
    account = server_account(Folders.of(tmp_path).base)
    # Of the server's own account, because PostgreSQL overlooks all others.
    with subprocess.Popen(
        ["/bin/sleep", "60"], user=account.uid if account else None
    ) as bystander:
        base = tmp_path / "postgres"
        said = f"{bystander.pid}\n/elsewhere\n1\n5432\n../run\n\n1 2\nready\n"
        (base / "data" / "postmaster.pid").write_text(said)
        (base / "run" / ".s.PGSQL.5432.lock").write_text(said)
        pg.start()
        assert pg.pid not in {None, bystander.pid}
        pg.stop()
        assert bystander.poll() is None
        bystander.kill()


def half_made(places: Iterable[Path]) -> Path:
    """A home whose user was killed at work on the cluster; it may be done too soon."""
    for home in places:
        base = home / "postgres"
        with User(home) as user:
            while not (found := list(base.glob("data*/PG_VERSION"))):
                time.sleep(0.002)
            user.kill()
        if not (base / "data").exists():
            assert found
            return home
    raise AssertionError("All of them were done.")


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    home = half_made(tmp_path / str(number) for number in range(10))
    base = home / "postgres"
    with EmbeddedPostgres(home, settings=FAST) as pg, connect(pg) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not list(base.glob("data.new-*"))


def test_data_of_another_major_version_is_left_alone(
    pg: EmbeddedPostgres, tmp_path: Path
) -> None:
    pg.stop()
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresError, match=r"16.*18.*pg_dumpall") as caught:
        pg.start()
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_cluster_is_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "notes.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="PG_VERSION is missing"):
        EmbeddedPostgres(tmp_path).start()
    assert (data / "notes.txt").read_text() == "mine"


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    pg = EmbeddedPostgres(tmp_path, settings={**FAST, "work_mem": "plenty"})
    with pytest.raises(EmbeddedPostgresError, match=r"work_mem.*server\.log") as caught:
        pg.start()
    assert "\n" not in str(caught.value)
    assert pg.pid is None


def test_the_socket_is_not_the_callers_to_move(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="listen_addresses"):
        EmbeddedPostgres(tmp_path, settings={"listen_addresses": "*"})


def test_waiting_for_another_has_an_end(tmp_path: Path) -> None:
    folders = Folders.of(tmp_path)
    folders.prepare(server_account(folders.base))
    other = FileLock(folders.life_lock)
    other.wait_exclusive(deadline=time.monotonic())
    with pytest.raises(EmbeddedPostgresError, match=rf"\(id {os.getpid()}\)"):
        EmbeddedPostgres(tmp_path).start(timeout=0.1)
    other.release()


def test_a_server_that_is_late_is_left_to_the_next(
    pg: EmbeddedPostgres, tmp_path: Path
) -> None:
    pg.stop()
    with pytest.raises(EmbeddedPostgresError, match="not ready yet"):
        pg.start(timeout=0)
    with EmbeddedPostgres(tmp_path, settings=FAST) as other, connect(other) as one:
        assert one.execute("SELECT 1").fetchone() == (1,)
    assert pg.pid is None


def test_a_large_log_is_set_aside(pg: EmbeddedPostgres, tmp_path: Path) -> None:
    pg.stop()
    log = tmp_path / "postgres" / "server.log"
    os.truncate(log, 11 * 1024 * 1024)
    pg.start()
    assert log.stat().st_size < 1024 * 1024
    assert log.with_suffix(".log.1").stat().st_size > 10 * 1024 * 1024
