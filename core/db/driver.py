"""The connection that requests speak through: psycopg's, with a short way to libpq.

psycopg's cursors cost 30 µs of processor time a statement, libpq's own functions 6,
and they wait for the server without holding up other threads. So what every request
does (open a transaction, run statements that were compiled before, end it) goes to
libpq directly; SQLAlchemy uses the very same connection through cursors.
"""

import itertools
import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar, cast

import psycopg
import sqlalchemy
from psycopg import abc, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InFailedSqlTransaction, error_from_result
from psycopg.pq.abc import PGresult
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.interfaces import DBAPIConnection
from typing_extensions import override

Row = TypeVar("Row")

_IDLE: Final = pq.TransactionStatus.IDLE
_BAD: Final = pq.ConnStatus.BAD
_FAILED: Final = pq.ExecStatus.FATAL_ERROR
_SYNCED: Final = pq.ExecStatus.PIPELINE_SYNC
_ROWS: Final = pq.ExecStatus.TUPLES_OK
_TEXT: Final = PyFormat.TEXT
_COMMIT: Final = b"COMMIT"

_UNKNOWN: Final = "26000"
"""The server no longer knows a prepared statement."""

_REVALIDATION: Final = "RevalidateCachedQuery"
"""Where the server finds that a table changed under a prepared statement; the error's
code says no more than that something is not supported."""

_MOST: Final = 400
"""Statements that the server keeps for a connection. Lists are statements of their own
for each combination that callers ask for, so there must be an end."""

_numbers = itertools.count(1)

_watchers: list[Callable[[str], None]] = []


@contextmanager
def watch(note: Callable[[str], None]) -> Iterator[None]:
    """Tells ``note`` what runs in this process past SQLAlchemy's cursors."""
    _watchers.append(note)
    try:
        yield
    finally:
        _watchers.remove(note)


class Prepared:
    """A statement as the server keeps it, once for each connection.

    Args:
        text: SQL with ``$1``, ``$2``, …, the type of each given by a cast.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.sql = text.encode()
        self.name = b"palestra_%d" % next(_numbers)


class Connection(psycopg.Connection[Any]):
    """A connection in autocommit mode whose transactions begin with one message.

    Attributes:
        wrote: Whether this transaction may have changed anything. Then its end is
            waited for; the end of one that only read is sent and not waited for, as
            nothing depends on it.
    """

    wrote: bool = True
    _parting: Sequence[tuple[Prepared, Sequence[Any]]] = ()
    _ending: bool = False
    _forgot: int = 0

    @property
    def _statements(self) -> dict[bytes, bytes]:
        """Statement → its name at the server, the one used last at the end."""
        known: dict[bytes, bytes] = self.__dict__.setdefault("_known_statements", {})
        return known

    def open(
        self, begin: bytes, statements: Sequence[tuple[Prepared, Sequence[bytes]]]
    ) -> PGresult | None:
        """Begins a transaction and runs statements in it, all in one flight.

        Args:
            begin: ``BEGIN`` with its options.
            statements: Each with the text of its parameters.

        Returns:
            The result of the last statement; None where there is none.

        Raises:
            psycopg.Error: The server refused, or is away.
        """
        self.wrote = False
        self._take_ending()
        self._parting = ()
        names = [self._prepare(statement) for statement, _values in statements]
        server = self.pgconn
        results = self._fly(
            partial(server.send_query_params, begin, None),
            *(
                partial(server.send_query_prepared, name, values)
                for name, (_statement, values) in zip(names, statements, strict=True)
            ),
        )
        return results[-1] if statements else None

    def _fly(self, *sends: Callable[[], None]) -> list[PGresult]:
        """Sends statements in one flight; gives the result of each.

        All answers are taken from the line before a refusal is raised, so that the
        connection is good for what undoes the transaction. The server skips what
        comes after a statement that it refused.
        """
        self.pgconn.enter_pipeline_mode()
        try:
            for send in sends:
                send()
            self.pgconn.pipeline_sync()
            results = self._answers()
            self.pgconn.exit_pipeline_mode()
        except BaseException:
            if self.pgconn.status != _BAD:
                self.close()  # nobody knows what is still under way on it
            raise
        return [self._checked(result) for result in results]

    def _answers(self) -> list[PGresult]:
        """The results of all that was sent in a flight."""
        results: list[PGresult] = []
        while (result := self._next()) is None or result.status != _SYNCED:
            if result is not None:
                results.append(result)
            elif self.pgconn.status == _BAD:
                raise self._lost()
        return results

    def _next(self) -> PGresult | None:
        """The next result of what was sent; None at the end of each statement's.

        libpq would wait for it too, and hold up every other thread meanwhile.
        """
        server = self.pgconn
        while server.flush():
            self._wait_for(select.POLLIN | select.POLLOUT)
            server.consume_input()
        while server.is_busy():
            self._wait_for(select.POLLIN)
            server.consume_input()
        return server.get_result()

    def _wait_for(self, events: int) -> None:
        waiting = select.poll()
        waiting.register(self.pgconn.socket, events)
        waiting.poll()

    def _prepare(self, statement: Prepared) -> bytes:
        """Has the server keep a statement; returns the name it has there.

        After some were forgotten they get names that the server has not had yet. Where
        there are too many, the one that was not used for the longest time goes.
        """
        known = self._statements
        name = known.pop(statement.name, None)
        if name is None:
            name = b"%s_%d" % (statement.name, self._forgot)
            self._checked(self.pgconn.prepare(name, statement.sql))
            if len(known) >= _MOST:
                oldest = known.pop(next(iter(known)))
                self._checked(self.pgconn.exec_(b"DEALLOCATE " + oldest))
        known[statement.name] = name
        return name

    def _take_ending(self) -> None:
        """Takes the answer to an end that was not waited for from the line."""
        if self._ending:
            self._ending = False
            while self._next() is not None:
                pass

    def run(
        self,
        statement: Prepared,
        values: Sequence[Any],
        make_row: Callable[[Sequence[Any]], Row],
    ) -> list[Row]:
        """Runs a prepared statement and waits for all of its rows.

        Args:
            statement: Prepared on this connection when it runs here first.
            values: One for each parameter.
            make_row: Makes a row of its values.

        Raises:
            psycopg.Error: The server refused, or is away.
        """
        for note in _watchers:
            note(statement.text)
        name = self._prepare(statement)
        adapter = Transformer(self)
        buffers = _dumped(adapter, values)
        result = self._checked(
            self.pgconn.exec_prepared(name, buffers, adapter.formats)
        )
        if result.status != _ROWS:
            return []
        adapter.set_pgresult(result)
        return adapter.load_rows(0, result.ntuples, make_row)

    def part_with(self, statements: Sequence[tuple[Prepared, Sequence[Any]]]) -> None:
        """Leaves writes that nobody waits for to ``commit``, which sends them along.

        Args:
            statements: Each with one value for each parameter; they run in this order,
                and nothing of them is there before.
        """
        self._parting = statements

    def tell(self, command: str) -> None:
        """Sends a command that has no rows, such as one about a savepoint.

        Raises:
            psycopg.Error: The server refused, or is away.
        """
        for note in _watchers:
            note(command)
        self._checked(self.pgconn.exec_(command.encode()))

    @override
    def commit(self) -> None:
        """Ends the transaction, if one is open; waits when it may have written.

        What was left by ``part_with`` goes out in the same flight, before the end.
        Where the server refuses a part of it, it does not reach the end, and the
        transaction is there to be rolled back.

        Raises:
            InFailedSqlTransaction: The server rolled back instead, because a
                statement had failed and nobody had said so.
            psycopg.Error: The server refused, or is away.
        """
        parting, self._parting = self._parting, ()
        if self._ending or self.pgconn.transaction_status == _IDLE:
            return
        if not self.wrote:
            self.pgconn.send_query(_COMMIT)
            self.pgconn.flush()
            self._ending = True
            return
        result = self._send_end(parting)
        if result.command_status == b"ROLLBACK":
            raise InFailedSqlTransaction("The transaction had failed before its end.")

    def _send_end(self, parting: Sequence[tuple[Prepared, Sequence[Any]]]) -> PGresult:
        server = self.pgconn
        if not parting:
            return self._checked(server.exec_(_COMMIT))
        sends: list[Callable[[], None]] = []
        for statement, values in parting:
            for note in _watchers:
                note(statement.text)
            adapter = Transformer(self)
            buffers = _dumped(adapter, values)
            name = self._prepare(statement)
            sends.append(
                partial(server.send_query_prepared, name, buffers, adapter.formats)
            )
        return self._fly(*sends, partial(server.send_query_params, _COMMIT, None))[-1]

    @override
    def rollback(self) -> None:
        """Undoes the transaction, if one is open.

        Prepared statements stay, while psycopg's own way would drop all of them.
        """
        self._parting = ()
        if self._ending or self.pgconn.transaction_status == _IDLE:
            return
        self._checked(self.pgconn.exec_(b"ROLLBACK"))

    @override
    def wait(self, *arguments: Any, **options: Any) -> Any:
        self._take_ending()
        return super().wait(*arguments, **options)

    def _checked(self, result: PGresult) -> PGresult:
        """Raises what the result says went wrong."""
        if self.pgconn.status == _BAD:
            raise self._lost()
        if result.status == _FAILED:
            error = error_from_result(result, encoding=self.info.encoding)
            if is_outdated(error):
                self._statements.clear()
                self._forgot += 1
            raise error
        return result

    def _lost(self) -> psycopg.OperationalError:
        told = self.pgconn.get_error_message()
        return psycopg.OperationalError(f"The connection is lost: {told}")


def _dumped(adapter: abc.Transformer, values: Sequence[Any]) -> Sequence[bytes]:
    """Values as they go out; psycopg's annotation forgets NULL."""
    if not values:
        return ()
    dumped = adapter.dump_sequence(values, [_TEXT] * len(values))
    return cast("Sequence[bytes]", dumped)


class Dialect(PGDialect_psycopg):
    """SQLAlchemy's way to PostgreSQL by psycopg, with our connections."""

    supports_statement_cache = True

    @override
    def connect(self, *arguments: Any, **options: Any) -> DBAPIConnection:
        made = Connection.connect(*arguments, **options)
        return cast("DBAPIConnection", made)

    # Of a ROLLBACK that psycopg sees it concludes that tables may be gone, and has the
    # server forget all prepared statements, ours too.

    @override
    def do_savepoint(self, connection: sqlalchemy.Connection, name: str) -> None:
        _driver_of(connection).tell(f"SAVEPOINT {name}")

    @override
    def do_rollback_to_savepoint(
        self, connection: sqlalchemy.Connection, name: str
    ) -> None:
        _driver_of(connection).tell(f"ROLLBACK TO SAVEPOINT {name}")

    @override
    def do_release_savepoint(
        self, connection: sqlalchemy.Connection, name: str
    ) -> None:
        _driver_of(connection).tell(f"RELEASE SAVEPOINT {name}")


def is_outdated(error: psycopg.Error) -> bool:
    """Whether it says that what a connection had prepared is good no more."""
    place = error.diag.source_function
    return error.sqlstate == _UNKNOWN or place == _REVALIDATION


def _driver_of(connection: sqlalchemy.Connection) -> Connection:
    return cast("Connection", connection.connection.driver_connection)


DRIVER: Final = "postgresql+palestra"
"""What the URL of an engine begins with that is to use ``Connection``."""

registry.register(DRIVER.replace("+", "."), __name__, Dialect.__name__)
