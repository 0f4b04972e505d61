"""Transactions as psycopg's manual has them: each call waits for its answer."""

import threading

import psycopg

from benchmarks.requests.floor.connecting import Row, Values, connect

_BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT set_config('app.tenant_id', %s, true)"
)
_VERSIONS = (
    "SELECT id, version + coalesce((SELECT version FROM tenants_epoch), 0)"
    " FROM access_versions WHERE tenant_id = %s AND id = ANY(%s::uuid[])"
)

_here = threading.local()
"""Of each thread: ``cursor``."""


def _mine() -> psycopg.Cursor[Row]:
    """The cursor of this thread."""
    if not hasattr(_here, "cursor"):
        _here.cursor = connect().cursor()
    found: psycopg.Cursor[Row] = _here.cursor
    return found


def begin(tenant: str, *subjects: str) -> dict[str, int]:
    """Opens a transaction of a gym; gives the versions of the subjects.

    A dead connection shows here, before any work was done, and is replaced.

    Args:
        tenant: The gym's id.
        subjects: The gym's id and perhaps a user's; none where no version is needed.
    """
    try:
        _name(tenant)
    except psycopg.OperationalError:
        _here.cursor.connection.close()
        del _here.cursor
        _name(tenant)
    if not subjects:
        return {}
    return dict(rows(_VERSIONS, (tenant, list(subjects))))


def _name(tenant: str) -> None:
    """Begins, and names the gym, in one message."""
    psycopg.ClientCursor(_mine().connection).execute(_BEGIN, (tenant,))


def rows(statement: str, values: Values) -> list[Row]:
    """Runs a prepared statement; gives all its rows."""
    return _mine().execute(statement, values, prepare=True).fetchall()


def row(statement: str, values: Values) -> Row | None:
    """Runs a prepared statement; gives its first row, if there is one."""
    return _mine().execute(statement, values, prepare=True).fetchone()


def run(statement: str, values: Values) -> int:
    """Runs a prepared write that answers nothing; says how many rows it met."""
    return _mine().execute(statement, values, prepare=True).rowcount


def changed(statement: str, values: Values) -> Row | None:
    """Runs a prepared write; gives the row that it answers with, if there is one."""
    return row(statement, values)


def leave(insert: str, row: Values, *, skip_taken: bool = False) -> None:
    """Inserts a row that nobody reads before the end of the transaction.

    Args:
        insert: Table and columns.
        row: Its values.
        skip_taken: Leave it out where a constraint refuses it.
    """
    marks = ", ".join(["%s"] * len(row))
    run(f"{insert} VALUES ({marks}){' ON CONFLICT DO NOTHING' * skip_taken}", row)


def commit() -> None:
    """Ends the transaction."""
    _mine().connection.pgconn.exec_(b"COMMIT")


def rollback() -> None:
    """Undoes the transaction; a connection that died meanwhile has undone it.

    psycopg's own way would have the server forget all prepared statements.
    """
    connection = _mine().connection
    if not connection.closed:
        connection.pgconn.exec_(b"ROLLBACK")
