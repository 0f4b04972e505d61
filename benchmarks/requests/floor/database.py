"""One connection for each thread, and the transactions on it."""

import threading
from collections.abc import Mapping, Sequence
from select import select
from typing import Any, Final

import orjson
import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.json import set_json_loads
from psycopg.types.string import TextLoader

from benchmarks.requests.floor.settings import DATABASE_URL

Row = tuple[Any, ...]
Values = Sequence[Any] | Mapping[str, Any]

_OPTIONS = (
    "-c statement_timeout=15000 -c lock_timeout=5000"
    " -c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
)

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

set_json_loads(orjson.loads)


_here = threading.local()
"""Of each thread: ``cursor``; ``wrote``, whether its transaction may have changed
anything; ``ending``, whether an end was sent whose answer nobody took yet."""


def _connect() -> psycopg.Cursor[Row]:
    """Opens the connection of this thread, in place of one that it had."""
    if hasattr(_here, "cursor"):
        _here.cursor.connection.close()
    connection = psycopg.connect(
        DATABASE_URL, autocommit=True, options=_OPTIONS, connect_timeout=10
    )
    # Ids stay text, as they come and as they are answered.
    connection.adapters.register_loader("uuid", TextLoader)
    connection.pgconn.prepare(*_GYM)
    connection.pgconn.prepare(*_VERSIONS)
    _here.cursor, _here.wrote, _here.ending = connection.cursor(), False, False
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
    _here.wrote = False
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


def commit() -> None:
    """Ends the transaction; the end of one that only read is not waited for."""
    connection = _mine().connection
    if _here.wrote:
        connection.commit()
        return
    connection.pgconn.send_query(b"COMMIT")
    connection.pgconn.flush()
    _here.ending = True


def rollback() -> None:
    """Undoes the transaction; a connection that died meanwhile has undone it.

    psycopg's own way would have the server forget all prepared statements.
    """
    connection = _mine().connection
    if not connection.closed:
        connection.pgconn.exec_(b"ROLLBACK")
