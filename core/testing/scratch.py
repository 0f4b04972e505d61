"""Migrations tried out on a database of their own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from core.app import Installation
from core.db import roles
from core.db.migrate import Migrations
from core.testing.server import TestServer


class Scratch:
    """A migrated database that may be downgraded.

    Attributes:
        migrations: The streams of the installation, run against it.
    """

    def __init__(self, owner_url: str, installation: Installation) -> None:
        self._owner_url = owner_url
        self.migrations = Migrations(owner_url, installation.migrations.streams)

    def tables(self, stream_id: str) -> set[str]:
        """The tables of one plugin that are there."""
        engine = create_engine(self._owner_url, poolclass=NullPool)
        with engine.connect() as connection:
            names = inspect(connection).get_table_names()
        return {name for name in names if name.startswith(f"{stream_id}_")}

    def behind(self) -> set[str]:
        """Ids of the streams that are not at their head."""
        return {*self.migrations.pending()}

    def take_down(self, stream_id: str) -> int:
        """Undoes one stream, revision by revision; returns how many there were."""
        steps = 0
        while not self._is_empty(stream_id):
            self.migrations.downgrade(stream_id, "-1")
            steps += 1
        return steps

    def _is_empty(self, stream_id: str) -> bool:
        return self.migrations.current(stream_id) is None


@contextmanager
def scratch_database(
    postgres: TestServer, template: str, installation: Installation, name: str
) -> Iterator[Scratch]:
    """Copies the migrated template for the length of a block.

    Args:
        postgres: The server.
        template: The database to copy.
        installation: Whose streams to run.
        name: Tells copies apart that one process makes.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    database = f"palestra_scratch_{worker}_{name}"
    postgres.copy(template, database)
    try:
        yield Scratch(postgres.url(roles.OWNER, database), installation)
    finally:
        postgres.query(f"DROP DATABASE {database} WITH (FORCE)")
