"""A migrated database for each test process, copied from one template.

The server is the embedded one, shared by the processes of a run, or any other that
``TEST_DATABASE_URL`` names with a superuser. Tests do not clean up after themselves:
each works in gyms of its own, which is what tenancy is for.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from core.config import Settings
from core.db import roles
from core.db.embedded import EmbeddedPostgres

EXTERNAL = "TEST_DATABASE_URL"

FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",
}
"""A test server may lose its data when the machine stops."""

UNLIMITED = {
    "PALESTRA_RATE_LIMIT": "1000000/second",
    "PALESTRA_RATE_LIMIT_AUTH": "1000000/second",
    "PALESTRA_RATE_LIMIT_ADDRESS": "1000000/second",
}
"""Tests come faster than people; those of the limits set their own."""

PATIENT = {
    "PALESTRA_DATABASE_STATEMENT_TIMEOUT_MS": "120000",
    "PALESTRA_DATABASE_LOCK_TIMEOUT_MS": "60000",
    "PALESTRA_DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_MS": "300000",
}
"""A machine that is busy or stands still for a while refuses nothing in tests."""


@dataclass(frozen=True, slots=True)
class TestServer:
    """A PostgreSQL server that tests administer.

    Attributes:
        admin: libpq connection string of a superuser, to database ``postgres``.
        url: Builds the SQLAlchemy URL of a role and database.
    """

    __test__ = False

    admin: str
    url: Callable[[str, str], str]

    def query(self, statement: str, database: str = "postgres") -> list[tuple[object]]:
        """Runs one statement as superuser."""
        dsn = make_conninfo(self.admin, dbname=database)
        with psycopg.connect(dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def copy(self, template: str, database: str) -> None:
        """Makes ``database`` anew as a copy of ``template``."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(4711)")
            for statement in (
                "DROP DATABASE IF EXISTS {0} WITH (FORCE)",
                "CREATE DATABASE {0} TEMPLATE {1} OWNER {2}",
            ):
                connection.execute(
                    sql.SQL(statement).format(
                        sql.Identifier(database),
                        sql.Identifier(template),
                        sql.Identifier(roles.OWNER),
                    )
                )
        with psycopg.connect(
            make_conninfo(self.admin, dbname=database), autocommit=True
        ) as connection:
            for line in roles.database_statements(database):
                connection.execute(line.encode())

    def settings(self, database: str, home: Path) -> Settings:
        """Settings of an installation on ``database``."""
        return Settings.load(
            {
                "PALESTRA_ENV": "test",
                "PALESTRA_HOME": str(home),
                "PALESTRA_LOG_LEVEL": "warning",
                "PALESTRA_RATE_LIMIT": "1000000/minute",
                "PALESTRA_RATE_LIMIT_AUTH": "1000000/minute",
                "PALESTRA_RATE_LIMIT_ADDRESS": "1000000/minute",
                "PALESTRA_BASE_DOMAIN": "gyms.example",
                **UNLIMITED,
                **PATIENT,
                "DATABASE_URL": self.url(roles.APP, database),
                "PALESTRA_DATABASE_OPERATOR_URL": self.url(roles.OPERATOR, database),
                "PALESTRA_DATABASE_OWNER_URL": self.url(roles.OWNER, database),
            }
        )


@contextmanager
def test_server(home: Path) -> Iterator[TestServer]:
    """Gives the server of this run, started when nobody has yet."""
    external = os.environ.get(EXTERNAL)
    if external:
        yield _external(external)
        return
    with EmbeddedPostgres(home, settings=FAST) as server:
        yield TestServer(
            admin=server.url().replace("+psycopg", "", 1),
            url=lambda user, database: server.url(user=user, database=database),
        )


test_server.__test__ = False  # type: ignore[attr-defined]


def _external(admin: str) -> TestServer:
    with psycopg.connect(admin, autocommit=True) as connection:
        info = connection.info
        host, port = info.host, info.port
        connection.execute("SELECT pg_advisory_lock(4711)")
        for statement in role_statements_with_password():
            connection.execute(statement.encode())

    def url(user: str, database: str) -> str:
        return f"postgresql+psycopg://{user}:{PASSWORD}@{host}:{port}/{database}"

    return TestServer(admin=make_conninfo(admin), url=url)


PASSWORD = "palestra"  # noqa: S105 — of roles on a server that only tests use


def role_statements_with_password() -> list[str]:
    """The roles, able to log in over TCP."""
    named = (roles.OWNER, roles.APP, roles.OPERATOR)
    return [
        *roles.role_statements(),
        *(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'" for role in named),
    ]


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Lets one process of the run at a time into the block."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
