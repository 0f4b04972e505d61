"""Connections past the pool and its role, and a table to change, for these tests."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import event

from core.app import Installation
from core.db.driver import Connection
from core.db.engine import transactional_engine
from core.db.unit import UnitOfWork
from core.testing.server import TestServer
from tests.core.db.watched import Server


@pytest.fixture
def database(installation: Installation) -> str:
    return str(installation.databases.app.url.database)


@pytest.fixture
def connection(postgres: TestServer, database: str) -> Iterator[Connection]:
    """A connection of a superuser, outside every pool."""
    dsn = make_conninfo(postgres.admin, dbname=database)
    made = Connection.connect(dsn, autocommit=True)
    yield made
    made.close()


@pytest.fixture
def table(postgres: TestServer, database: str) -> Iterator[str]:
    """A table of a few rows, which the test may change."""
    name = f"driver_{uuid4().hex[:12]}"
    postgres.query(f"CREATE TABLE {name} (n integer, word text)", database)
    postgres.query(f"INSERT INTO {name} VALUES (1, 'one'), (2, NULL)", database)
    yield name
    postgres.query(f"DROP TABLE {name}", database)


@pytest.fixture
def watched(connection: Connection, postgres: TestServer, database: str) -> Server:
    return Server(connection, postgres, database)


@pytest.fixture
def unguarded(postgres: TestServer, installation: Installation) -> Iterator[UnitOfWork]:
    """Units of work of a superuser, whom no policy binds."""
    database = installation.databases.app.url.database
    url = psycopg.conninfo.conninfo_to_dict(
        psycopg.conninfo.make_conninfo(postgres.admin, dbname=database)
    )
    engine = transactional_engine(
        "postgresql+psycopg://", installation.settings.database
    )

    @event.listens_for(engine, "do_connect")
    def _as_superuser(
        _dialect: object, _record: object, _args: object, params: dict[str, Any]
    ) -> None:
        params.update(url)

    yield UnitOfWork(engine)
    engine.dispose()
