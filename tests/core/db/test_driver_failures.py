"""Servers that go away, and prepared statements that they forget."""

from contextlib import suppress

import psycopg
import pytest
from psycopg import errors as pg

from core.db.driver import Connection, Prepared
from core.testing.server import TestServer
from tests.core.db.watched import Server

ONE = Prepared("SELECT 1")
HALF = Prepared("SELECT 1 / $1::integer")


class TestLosses:
    def test_gone_before_the_opening(
        self, connection: Connection, watched: Server
    ) -> None:
        watched.end()
        with pytest.raises(psycopg.OperationalError):
            connection.open(b"BEGIN", [(ONE, ())])

    def test_gone_between_opening_and_statement(
        self, connection: Connection, watched: Server
    ) -> None:
        connection.run(ONE, (), tuple)
        connection.open(b"BEGIN", ())
        watched.end()
        with pytest.raises(psycopg.OperationalError):
            connection.run(ONE, (), tuple)
        assert connection.broken

    def test_gone_before_a_statement_is_prepared(
        self, connection: Connection, watched: Server
    ) -> None:
        connection.open(b"BEGIN", ())
        watched.end()
        with pytest.raises(psycopg.OperationalError):
            connection.run(HALF, (1,), tuple)
        assert connection.broken

    def test_gone_in_a_statement(self, connection: Connection) -> None:
        """The server process ends itself while it answers."""
        connection.open(b"BEGIN", ())
        end = Prepared(
            "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep($1::integer)"
        )
        with pytest.raises(psycopg.OperationalError):
            connection.run(end, (30,), tuple)
        with suppress(psycopg.OperationalError):
            connection.run(ONE, (), tuple)
        assert connection.broken

    def test_gone_before_the_end_of_a_writer(
        self, connection: Connection, watched: Server
    ) -> None:
        connection.open(b"BEGIN", ())
        connection.wrote = True
        watched.end()
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
        assert connection.broken

    def test_gone_before_an_end_that_takes_more_along(
        self, connection: Connection, watched: Server
    ) -> None:
        connection.run(HALF, (1,), tuple)
        connection.open(b"BEGIN", ())
        connection.wrote = True
        connection.part_with([(HALF, (1,)), (HALF, (2,))])
        watched.end()
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
        with suppress(psycopg.OperationalError):
            connection.run(ONE, (), tuple)
        assert connection.broken

    def test_gone_before_the_end_of_a_reader_shows_at_the_next_opening(
        self, connection: Connection, watched: Server
    ) -> None:
        connection.open(b"BEGIN", ())
        connection.run(ONE, (), tuple)
        watched.end()
        with suppress(psycopg.OperationalError):
            connection.commit()
        with pytest.raises(psycopg.OperationalError):
            connection.open(b"BEGIN", ())

    def test_gone_with_an_end_on_the_line_shows_at_the_next_cursor(
        self, connection: Connection, watched: Server
    ) -> None:
        connection.open(b"BEGIN", ())
        connection.commit()
        watched.end()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


class TestForgotten:
    """Prepared statements that the server no longer knows, or no longer runs."""

    def test_after_everything_was_deallocated_one_fails_and_the_next_does_not(
        self, connection: Connection
    ) -> None:
        connection.run(ONE, (), tuple)
        connection.run(HALF, (1,), tuple)
        connection.tell("DEALLOCATE ALL")
        connection.open(b"BEGIN", ())
        with pytest.raises(pg.InvalidSqlStatementName):
            connection.run(ONE, (), tuple)
        connection.rollback()
        assert connection.run(ONE, (), tuple) == [(1,)]
        assert connection.run(HALF, (1,), tuple) == [(1,)]

    def test_a_single_one_that_was_deallocated_leaves_the_others_good(
        self, connection: Connection
    ) -> None:
        connection.run(ONE, (), tuple)
        connection.run(HALF, (1,), tuple)
        connection.tell(f"DEALLOCATE {ONE.name.decode()}_0")
        with pytest.raises(pg.InvalidSqlStatementName):
            connection.run(ONE, (), tuple)
        assert connection.run(HALF, (1,), tuple) == [(1,)]
        assert connection.run(ONE, (), tuple) == [(1,)]

    def test_what_is_not_supported_forgets_nothing(
        self, connection: Connection, table: str
    ) -> None:
        connection.run(ONE, (), tuple)
        for _ in range(3):
            unsupported = Prepared(f"SELECT count(*) FROM {table} FOR UPDATE")
            with pytest.raises(pg.FeatureNotSupported):
                connection.run(unsupported, (), tuple)
        kept = Prepared("SELECT name FROM pg_prepared_statements WHERE name ~ '_0$'")
        assert connection.run(ONE, (), tuple) == [(1,)]
        assert len(connection.run(kept, (), tuple)) == 2

    def test_after_a_table_changed_one_fails_and_the_next_does_not(
        self, connection: Connection, postgres: TestServer, database: str, table: str
    ) -> None:
        asked = Prepared(f"SELECT n FROM {table} ORDER BY n")
        connection.run(ONE, (), tuple)
        assert connection.run(asked, (), tuple) == [(1,), (2,)]
        postgres.query(f"ALTER TABLE {table} ALTER n TYPE text", database)
        connection.open(b"BEGIN", ())
        with pytest.raises(pg.FeatureNotSupported):
            connection.run(asked, (), tuple)
        connection.rollback()
        assert connection.run(asked, (), tuple) == [("1",), ("2",)]
        assert connection.run(ONE, (), tuple) == [(1,)]

    def test_tables_may_change_again_and_again(
        self, connection: Connection, postgres: TestServer, database: str, table: str
    ) -> None:
        asked = Prepared(f"SELECT n FROM {table} ORDER BY n")
        connection.run(asked, (), tuple)
        for kind, first in (("text", "1"), ("bigint", 1), ("text", "1")):
            change = f"ALTER TABLE {table} ALTER n TYPE {kind} USING n::{kind}"
            postgres.query(change, database)
            with pytest.raises(pg.FeatureNotSupported):
                connection.run(asked, (), tuple)
            assert connection.run(asked, (), tuple)[0] == (first,)
