"""The short way to libpq: what it sends, and what it makes of every failure."""

import threading
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from core.db import driver
from core.db.driver import Connection, Prepared
from core.testing.server import TestServer
from tests.core.db.watched import Server

IDLE, IN_TRANSACTION, IN_ERROR, ACTIVE = (
    psycopg.pq.TransactionStatus.IDLE,
    psycopg.pq.TransactionStatus.INTRANS,
    psycopg.pq.TransactionStatus.INERROR,
    psycopg.pq.TransactionStatus.ACTIVE,
)

ONE = Prepared("SELECT 1")
HALF = Prepared("SELECT 1 / $1::integer")


def status(connection: Connection) -> psycopg.pq.TransactionStatus:
    return connection.info.transaction_status


def server_process(connection: Connection) -> int:
    return connection.info.backend_pid


class TestOpening:
    def test_the_result_of_the_last_statement_comes_back(
        self, connection: Connection
    ) -> None:
        pair = Prepared("SELECT $1::text, NULL")
        found = connection.open(b"BEGIN", [(ONE, ()), (pair, [b"a"])])
        assert found is not None
        assert [found.get_value(0, 0), found.get_value(0, 1)] == [b"a", None]
        assert (found.ntuples, status(connection)) == (1, IN_TRANSACTION)

    def test_nothing_comes_back_of_the_beginning_alone(
        self, connection: Connection
    ) -> None:
        assert connection.open(b"BEGIN", ()) is None
        assert status(connection) == IN_TRANSACTION

    def test_what_it_runs_is_prepared_once(self, connection: Connection) -> None:
        for _ in range(3):
            connection.open(b"BEGIN", [(ONE, ())])
            connection.commit()
        assert connection.run(ONE, (), tuple) == [(1,)]
        kept = connection.execute("SELECT name FROM pg_prepared_statements")
        assert kept.fetchall() == [(f"{ONE.name.decode()}_0",)]

    def test_it_begins_as_a_transaction_that_only_reads(
        self, connection: Connection
    ) -> None:
        assert connection.wrote
        connection.open(b"BEGIN", ())
        assert not connection.wrote

    @pytest.mark.parametrize("place", [0, 1])
    def test_what_the_server_refuses_is_raised(
        self, connection: Connection, place: int
    ) -> None:
        statements: list[tuple[Prepared, list[bytes]]] = [(ONE, [])]
        statements.insert(place, (HALF, [b"0"]))
        with pytest.raises(pg.DivisionByZero):
            connection.open(b"BEGIN", statements)

    def test_a_beginning_that_is_refused_is_raised(
        self, connection: Connection
    ) -> None:
        with pytest.raises(pg.SyntaxError):
            connection.open(b"BEGIN ISOLATION LEVEL PERFECT", [(ONE, ())])

    def test_what_cannot_be_prepared_is_raised_before_it_begins(
        self, connection: Connection
    ) -> None:
        with pytest.raises(pg.UndefinedTable):
            connection.open(b"BEGIN", [(Prepared("SELECT 1 FROM nowhere"), ())])
        assert status(connection) == IDLE


class TestRunning:
    def test_rows_are_made_of_typed_values(
        self, connection: Connection, table: str
    ) -> None:
        rows = connection.run(
            Prepared(f"SELECT n, word FROM {table} ORDER BY n"), (), tuple
        )
        assert rows == [(1, "one"), (2, None)]

    @pytest.mark.parametrize(
        ("cast", "value"),
        [
            ("integer", None),
            ("uuid", UUID(int=7)),
            ("text", "a ' quote, a % and a \\"),
            ("bytea", b"\x00\xff"),
            ("boolean", False),
            ("integer[]", [1, None, 3]),
            ("text[]", []),
            ("text[]", ['a "b"', "c,d", "{e}"]),
        ],
    )
    def test_values_come_back_as_they_went(
        self, connection: Connection, cast: str, value: Any
    ) -> None:
        asked = Prepared(f"SELECT $1::{cast}")
        assert connection.run(asked, (value,), tuple) == [(value,)]

    def test_json_goes_in_and_comes_out(self, connection: Connection) -> None:
        value = {"a": [1, None, "ü"]}
        asked = Prepared("SELECT $1::jsonb")
        assert connection.run(asked, (Jsonb(value),), tuple) == [(value,)]

    def test_a_statement_without_rows_gives_none(
        self, connection: Connection, table: str
    ) -> None:
        insert = Prepared(f"INSERT INTO {table} VALUES ($1::integer)")
        assert connection.run(insert, (3,), tuple) == []

    def test_it_is_prepared_once_for_each_connection(
        self, connection: Connection, postgres: TestServer, database: str
    ) -> None:
        for _ in range(3):
            connection.run(ONE, (), tuple)
        kept = Prepared(
            "SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT 1'"
        )
        assert connection.run(kept, (), tuple) == [(f"{ONE.name.decode()}_0",)]
        dsn = make_conninfo(postgres.admin, dbname=database)
        with Connection.connect(dsn, autocommit=True) as another:
            assert another.run(kept, (), tuple) == []
            assert another.run(ONE, (), tuple) == [(1,)]

    def test_the_server_keeps_so_many_and_those_used_last(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(driver, "_MOST", 3)
        many = [Prepared(f"SELECT {number}") for number in range(6)]
        for number, statement in enumerate(many):
            assert connection.run(statement, (), tuple) == [(number,)]
            assert connection.run(many[0], (), tuple) == [(0,)]
        kept = connection.execute("SELECT statement FROM pg_prepared_statements")
        assert {row[0] for row in kept} == {"SELECT 0", "SELECT 4", "SELECT 5"}
        assert connection.run(many[1], (), tuple) == [(1,)]

    def test_no_two_statements_share_a_name(self) -> None:
        names: list[bytes] = []

        def make() -> None:
            names.extend([Prepared("SELECT 1").name for _ in range(500)])

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(names)) == len(names) == 4000

    def test_watchers_are_told_until_their_block_ends(
        self, connection: Connection
    ) -> None:
        first: list[str] = []
        second: list[str] = []
        with driver.watch(first.append):
            with suppress(KeyError), driver.watch(second.append):
                connection.run(ONE, (), tuple)
                raise KeyError
            connection.run(ONE, (), tuple)
        connection.run(ONE, (), tuple)
        assert (first, second) == (["SELECT 1", "SELECT 1"], ["SELECT 1"])

    def test_a_failed_statement_leaves_the_connection_good(
        self, connection: Connection
    ) -> None:
        connection.open(b"BEGIN", ())
        with pytest.raises(pg.DivisionByZero):
            connection.run(HALF, (0,), tuple)
        assert status(connection) == IN_ERROR
        with pytest.raises(pg.InFailedSqlTransaction):
            connection.run(ONE, (), tuple)
        connection.rollback()
        assert status(connection) == IDLE
        assert connection.run(HALF, (1,), tuple) == [(1,)]

    def test_a_statement_that_cannot_be_prepared_is_tried_anew(
        self, connection: Connection, table: str
    ) -> None:
        asked = Prepared(f"SELECT later FROM {table}")
        with pytest.raises(pg.UndefinedColumn):
            connection.run(asked, (), tuple)
        connection.tell(f"ALTER TABLE {table} ADD later integer")
        assert connection.run(asked, (), tuple) == [(None,), (None,)]


class TestEnding:
    def test_a_reader_does_not_wait_for_its_end(
        self, connection: Connection, watched: Server
    ) -> None:
        connection.open(b"BEGIN", ())
        connection.run(ONE, (), tuple)
        connection.commit()
        assert status(connection) == ACTIVE  # nobody has read the answer
        connection.open(b"BEGIN", ())
        assert status(connection) == IN_TRANSACTION
        assert watched.state() == "idle in transaction"

    def test_a_writer_waits_for_its_end(
        self, connection: Connection, watched: Server
    ) -> None:
        connection.open(b"BEGIN", ())
        connection.wrote = True
        connection.commit()
        assert status(connection) == IDLE
        assert watched.state() == "idle"

    def test_ending_twice_is_ending_once(self, connection: Connection) -> None:
        connection.commit()  # none is open
        connection.rollback()
        connection.open(b"BEGIN", ())
        connection.commit()
        connection.commit()
        connection.rollback()
        assert connection.run(ONE, (), tuple) == [(1,)]
        assert status(connection) == IDLE

    def test_committing_what_had_failed_is_said(
        self, connection: Connection, table: str
    ) -> None:
        connection.open(b"BEGIN", ())
        connection.wrote = True
        connection.tell(f"DELETE FROM {table}")
        with pytest.raises(pg.DivisionByZero):
            connection.run(HALF, (0,), tuple)
        with pytest.raises(pg.InFailedSqlTransaction):
            connection.commit()
        assert status(connection) == IDLE
        counted = Prepared(f"SELECT count(*) FROM {table}")
        assert connection.run(counted, (), tuple) == [(2,)]

    def test_a_reader_that_failed_ends_without_a_word(
        self, connection: Connection
    ) -> None:
        connection.open(b"BEGIN", ())
        with pytest.raises(pg.DivisionByZero):
            connection.run(HALF, (0,), tuple)
        connection.commit()
        assert connection.run(ONE, (), tuple) == [(1,)]

    def test_rolling_back_undoes_and_keeps_what_is_prepared(
        self, connection: Connection, table: str
    ) -> None:
        counted = Prepared(f"SELECT count(*) FROM {table}")
        connection.run(counted, (), tuple)
        connection.open(b"BEGIN", ())
        connection.tell(f"DELETE FROM {table}")
        assert connection.run(counted, (), tuple) == [(0,)]
        connection.rollback()
        kept = Prepared("SELECT count(*) FROM pg_prepared_statements")
        assert connection.run(counted, (), tuple) == [(2,)]
        assert connection.run(kept, (), tuple) == [(2,)]

    def test_what_is_left_goes_out_with_the_end(
        self, connection: Connection, table: str
    ) -> None:
        insert = Prepared(f"INSERT INTO {table} VALUES ($1::integer)")
        counted = Prepared(f"SELECT count(*) FROM {table}")
        connection.open(b"BEGIN", ())
        connection.wrote = True
        connection.part_with([(insert, (3,)), (insert, (4,))])
        assert connection.run(counted, (), tuple) == [(2,)]
        told: list[str] = []
        with driver.watch(told.append):
            connection.commit()
        assert told == [insert.text] * 2
        assert status(connection) == IDLE
        assert connection.run(counted, (), tuple) == [(4,)]

    @pytest.mark.parametrize("place", [0, 1])
    def test_a_part_that_is_refused_keeps_the_end_from_coming(
        self, connection: Connection, table: str, place: int
    ) -> None:
        insert = Prepared(f"INSERT INTO {table} VALUES ($1::integer)")
        parting: list[tuple[Prepared, tuple[int]]] = [(insert, (3,))]
        parting.insert(place, (HALF, (0,)))
        connection.open(b"BEGIN", ())
        connection.wrote = True
        connection.part_with(parting)
        with pytest.raises(pg.DivisionByZero):
            connection.commit()
        assert status(connection) == IN_ERROR
        connection.rollback()
        counted = Prepared(f"SELECT count(*) FROM {table}")
        assert connection.run(counted, (), tuple) == [(2,)]

    def test_an_end_that_is_refused_is_raised(
        self, connection: Connection, table: str
    ) -> None:
        connection.tell(
            f"ALTER TABLE {table} ADD UNIQUE (n) DEFERRABLE INITIALLY DEFERRED"
        )
        insert = Prepared(f"INSERT INTO {table} VALUES ($1::integer)")
        connection.open(b"BEGIN", ())
        connection.wrote = True
        connection.part_with([(insert, (1,))])
        with pytest.raises(pg.UniqueViolation):
            connection.commit()
        assert status(connection) == IDLE

    def test_what_was_left_is_forgotten_by_who_undoes(
        self, connection: Connection, table: str
    ) -> None:
        delete = Prepared(f"DELETE FROM {table}")
        connection.open(b"BEGIN", ())
        connection.part_with([(delete, ())])
        connection.rollback()
        connection.open(b"BEGIN", ())
        connection.wrote = True
        connection.commit()
        counted = Prepared(f"SELECT count(*) FROM {table}")
        assert connection.run(counted, (), tuple) == [(2,)]

    def test_a_cursor_after_an_end_that_nobody_waited_for(
        self, connection: Connection
    ) -> None:
        connection.open(b"BEGIN", ())
        connection.run(ONE, (), tuple)
        connection.commit()
        assert connection.execute("SELECT 2").fetchall() == [(2,)]
        assert status(connection) == IDLE
