"""One moment of the database: its tables, counted and hashed, and its revisions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import sql

from core.operations.backup.manifest import TableFigures
from core.operations.errors import OperationFailed

_Connection = psycopg.Connection[tuple[object, ...]]

_SAME_TEXT = (
    "SET statement_timeout = 0",
    "SET lock_timeout = '60s'",
    "SET idle_in_transaction_session_timeout = 0",
    # A value must read the same wherever it is hashed.
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET IntervalStyle = 'postgres'",
    "SET bytea_output = 'hex'",
    "SET extra_float_digits = 1",
    "SET row_security = off",
)

_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1
"""

# Two sums over halves of each row's SHA-256: the same for the same rows in any order,
# and unlike an XOR not blind to rows that come twice.
_FIGURES = """
SELECT count(*), coalesce(sum(one), 0)::text, coalesce(sum(two), 0)::text FROM (
  SELECT ('x' || encode(substring(digest, 1, 8), 'hex'))::bit(64)::bigint AS one,
         ('x' || encode(substring(digest, 9, 8), 'hex'))::bit(64)::bigint AS two
  FROM (SELECT sha256(convert_to(palestra_row::text, 'UTF8')) AS digest
        FROM ONLY {} AS palestra_row) AS hashed) AS halves
"""

_SEES_ALL = """
SELECT rolsuper OR rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user
"""


class Snapshot:
    """A transaction that sees one moment for as long as it is open.

    Attributes:
        name: By which another connection, such as that of ``pg_dump``, joins it.
    """

    def __init__(self, connection: _Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    def tables(self) -> list[str]:
        """Every table, by name."""
        return [str(name) for (name,) in self._connection.execute(_TABLES.encode())]

    def figures(self, table: str) -> TableFigures:
        """Counts and hashes a table, in the server."""
        statement = sql.SQL(_FIGURES).format(sql.Identifier("public", table))
        row = self._connection.execute(statement).fetchone() or (0, "0", "0")
        return TableFigures(int(str(row[0])), f"{row[1]}:{row[2]}")

    def revisions(self, tables: Mapping[str, str]) -> dict[str, str | None]:
        """The revision that each stream is at.

        Args:
            tables: Stream → its table of versions.
        """
        known = set(self.tables())
        return {
            stream: self._revision(table) if table in known else None
            for stream, table in tables.items()
        }

    def major(self) -> int:
        """The major version of the server."""
        return major_of(self._connection)

    def _revision(self, table: str) -> str | None:
        row = self._connection.execute(
            sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(table))
        ).fetchone()
        return None if row is None else str(row[0])


@contextmanager
def snapshot(dsn: str) -> Iterator[Snapshot]:
    """Opens a snapshot of all gyms.

    Raises:
        OperationFailed: The role is bound by row level security.
    """
    with psycopg.connect(dsn, application_name="palestra backup") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for statement in _SAME_TEXT:
            connection.execute(statement.encode())
        sees_all, role = connection.execute(_SEES_ALL.encode()).fetchone() or (0, "")
        if not sees_all:
            raise OperationFailed(
                f"The role {role} is held to one gym and cannot read all rows: make "
                "the role palestra_backup with the SQL that `palestra db roles` "
                "prints, and set PALESTRA_DATABASE_BACKUP_URL."
            )
        row = connection.execute(b"SELECT pg_export_snapshot()").fetchone()
        yield Snapshot(connection, str(row and row[0]))


def major_of(connection: _Connection) -> int:
    """The major version of a connection's server."""
    return connection.info.server_version // 10_000
