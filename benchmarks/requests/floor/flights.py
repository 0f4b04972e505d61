"""Transactions by Palestra's shortcuts to libpq: few flights, few waits."""

import threading
from collections.abc import Mapping, Sequence
from itertools import islice
from select import select
from typing import Any, Final

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from benchmarks.requests.floor.connecting import Row, Values, connect

_BEGIN: Final = b"BEGIN ISOLATION LEVEL READ COMMITTED"
_GYM: Final = (b"gym", b"SELECT set_config('app.tenant_id', $1::text, true)")
_VERSIONS: Final = (
    b"versions",
    (
        b"SELECT id, version + coalesce((SELECT version FROM tenants_epoch), 0)"
        b" FROM access_versions WHERE tenant_id = $1::uuid"
        b" AND id IN ($2::uuid, $3::uuid)"
    ),
)
"""What an opening runs, prepared once for each connection: name and text."""

_here = threading.local()
"""Of each thread: ``cursor``; ``wrote``, whether its transaction may have changed
anything; ``parting``, the rows that go out with its end; ``prepared``, the names of the
statements that send them; ``ending``, whether an end was sent whose answer nobody took
yet."""


def _connect() -> psycopg.Cursor[Row]:
    """Opens the connection of this thread, in place of one that it had."""
    if hasattr(_here, "cursor"):
        _here.cursor.connection.close()
    connection = connect()
    connection.pgconn.prepare(*_GYM)
    connection.pgconn.prepare(*_VERSIONS)
    _here.cursor, _here.wrote, _here.ending = connection.cursor(), False, False
    _here.parting, _here.prepared = {}, {}
    return _mine()


def _mine() -> psycopg.Cursor[Row]:
    """The cursor of this thread, with no answer in the line."""
    try:
        found: psycopg.Cursor[Row] = _here.cursor
    except AttributeError:
        return _connect()
    if _here.ending:
        _here.ending = False
        while _next(found.connection.pgconn) is not None:
            pass
    return found


def _next(server: PGconn) -> PGresult | None:
    """The next result of what was sent; None at the end of each statement's."""
    server.flush()
    while server.is_busy():
        select([server.socket], (), ())
        server.consume_input()
    found = server.get_result()
    if server.status != ConnStatus.OK:
        raise psycopg.OperationalError("The connection is lost.")
    if found is not None and found.status == ExecStatus.FATAL_ERROR:
        raise error_from_result(found)
    return found


def begin(tenant: str, *subjects: str) -> dict[str, int]:
    """Opens a transaction of a gym; gives the versions of the subjects.

    A dead connection shows here, before any work was done, and is replaced.

    Args:
        tenant: The gym's id.
        subjects: The gym's id and perhaps a user's; none where no version is needed.
    """
    try:
        found = _opened(_mine().connection.pgconn, tenant, subjects)
    except psycopg.Error:
        found = _opened(_connect().connection.pgconn, tenant, subjects)
    _here.wrote, _here.parting = False, {}
    return found


def _opened(server: PGconn, tenant: str, subjects: Sequence[str]) -> dict[str, int]:
    """Sends all of an opening at once, and waits for its answers."""
    gym, versions = tenant.encode(), None
    server.enter_pipeline_mode()
    server.send_query_params(_BEGIN, None)
    server.send_query_prepared(_GYM[0], [gym])
    if subjects:
        first, last = subjects[0].encode(), subjects[-1].encode()
        server.send_query_prepared(_VERSIONS[0], [gym, first, last])
    server.pipeline_sync()
    while (result := _next(server)) is None or (
        result.status != ExecStatus.PIPELINE_SYNC
    ):
        versions = result or versions
    server.exit_pipeline_mode()
    if not subjects or versions is None:
        return {}
    return {
        (versions.get_value(at, 0) or b"").decode(): int(versions.get_value(at, 1) or 0)
        for at in range(versions.ntuples)
    }


def rows(statement: str, values: Values) -> list[Row]:
    """Runs a prepared statement; gives all its rows."""
    return _mine().execute(statement, values, prepare=True).fetchall()


def row(statement: str, values: Values) -> Row | None:
    """Runs a prepared statement; gives its first row, if there is one."""
    return _mine().execute(statement, values, prepare=True).fetchone()


def run(statement: str, values: Values) -> int:
    """Runs a prepared write that answers nothing; says how many rows it met."""
    _here.wrote = True
    return _mine().execute(statement, values, prepare=True).rowcount


def changed(statement: str, values: Values) -> Row | None:
    """Runs a prepared write; gives the row that it answers with, if there is one."""
    _here.wrote = True
    return row(statement, values)


def leave(insert: str, row: Values, *, skip_taken: bool = False) -> None:
    """Inserts a row with the end of the transaction; nobody reads it before.

    Args:
        insert: Table and columns; rows of the same go out by one statement.
        row: Its values.
        skip_taken: Leave it out where a constraint refuses it.
    """
    _here.parting.setdefault((insert, skip_taken), []).append(row)


def commit() -> None:
    """Ends the transaction; the end of one that only read is not waited for."""
    connection = _mine().connection
    if _here.parting:
        parting, _here.parting = _here.parting, {}
        _send_end(connection, parting)
        return
    if _here.wrote:
        connection.commit()
        return
    connection.pgconn.send_query(b"COMMIT")
    connection.pgconn.flush()
    _here.ending = True


def _send_end(
    connection: psycopg.Connection[Row],
    parting: Mapping[tuple[str, bool], Sequence[Sequence[Any]]],
) -> None:
    """Sends what was left, and the end, in one flight."""
    server = connection.pgconn
    inserts = [
        _prepared(connection, insert, skip_taken, rows)
        for (insert, skip_taken), rows in parting.items()
    ]
    server.enter_pipeline_mode()
    for name, values, formats in inserts:
        server.send_query_prepared(name, values, formats)
    server.send_query_params(b"COMMIT", None)
    server.pipeline_sync()
    refusal: psycopg.Error | None = None
    ended = False
    while not ended:
        try:
            result = _next(server)
            ended = result is not None and result.status == ExecStatus.PIPELINE_SYNC
        except psycopg.Error as error:
            refusal = refusal or error
            ended = server.status != ConnStatus.OK
    if server.status == ConnStatus.OK:
        server.exit_pipeline_mode()
    if refusal is not None:
        raise refusal


def _prepared(
    connection: psycopg.Connection[Row],
    insert: str,
    skip_taken: bool,  # noqa: FBT001 — as it stands in the key
    rows: Sequence[Sequence[Any]],
) -> tuple[bytes, Sequence[Any], Sequence[Any]]:
    """An INSERT as the server keeps it: its name, its values and how they are sent."""
    adapter = Transformer(connection)
    values = [value for row in rows for value in row]
    dumped = adapter.dump_sequence(values, [PyFormat.TEXT] * len(values))
    kinds = adapter.types or ()
    place = (insert, skip_taken, len(rows), kinds)
    name: bytes | None = _here.prepared.get(place)
    if name is None:
        name = _here.prepared[place] = b"parting_%d" % len(_here.prepared)
        text = _numbered(insert, len(rows[0]), len(rows), skip_taken=skip_taken)
        kept = connection.pgconn.prepare(name, text.encode(), kinds)
        if kept.status == ExecStatus.FATAL_ERROR:
            del _here.prepared[place]
            raise error_from_result(kept)
    return name, dumped, adapter.formats or ()


def _numbered(insert: str, width: int, rows: int, *, skip_taken: bool) -> str:
    numbers = (f"${number}" for number in range(1, width * rows + 1))
    each = (", ".join(islice(numbers, width)) for _ in range(rows))
    listed = ", ".join(f"({one})" for one in each)
    return f"{insert} VALUES {listed}{' ON CONFLICT DO NOTHING' * skip_taken}"


def rollback() -> None:
    """Undoes the transaction; a connection that died meanwhile has undone it.

    psycopg's own way would have the server forget all prepared statements.
    """
    _here.parting = {}
    connection = _mine().connection
    if not connection.closed:
        connection.pgconn.exec_(b"ROLLBACK")
