"""Migrations: one stream of revisions for core and one for each plugin.

Every stream has a version table of its own, so that uninstalling a plugin leaves the
others able to upgrade. Nothing in a stream depends on a revision of another; core runs
first, then plugins in the order of their requirements.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

import core.db.ddl  # noqa: F401 — registers the migration operations
from core.db.base import Base

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "migrations"

_LOCK = 0x70A1E57B
"""Advisory lock key: two upgrades at once wait for each other."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A line of revisions with its own version table.

    Attributes:
        id: ``core`` or the plugin's id.
        versions: The folder of its revisions.
        package: Import path of its models, loaded before metadata is compared.
    """

    id: str
    versions: Path
    package: str | None = None

    @property
    def version_table(self) -> str:
        """Where its current revision is kept."""
        return "alembic_version" if self.id == "core" else f"alembic_version_{self.id}"


class MigrationFailed(RuntimeError):
    """A stream cannot be upgraded; one line names it and the reason."""


class Migrations:
    """Runs the streams of one installation against one database."""

    def __init__(self, owner_url: str, streams: Sequence[Stream]) -> None:
        self._owner_url = owner_url
        self.streams = list(streams)
        for stream in self.streams:
            if stream.package is not None:
                importlib.import_module(stream.package)

    def upgrade(self, *, said: Callable[[str], None] = lambda _line: None) -> None:
        """Brings every stream to its head, under a lock.

        Raises:
            MigrationFailed: A revision of a stream failed. It left nothing behind; the
                streams before it are at their heads, and those after it as they were.
        """
        with self._locked() as connection:
            for stream in self.streams:
                before = self._current(connection, stream)
                try:
                    with self._config(connection, stream) as config:
                        command.upgrade(config, "heads")
                except (CommandError, SQLAlchemyError) as error:
                    reason = str(error).strip().splitlines()[0]
                    raise MigrationFailed(f"{stream.id}: {reason}") from error
                after = self._current(connection, stream)
                if after != before:
                    said(f"{stream.id}: {before or 'empty'} → {after}")

    def downgrade(self, stream_id: str, revision: str) -> None:
        """Takes one stream back to ``revision`` (``base`` empties it)."""
        stream = self.stream(stream_id)
        with (
            self._locked() as connection,
            self._config(connection, stream) as config,
        ):
            command.downgrade(config, revision)

    def revision(self, stream_id: str, message: str) -> None:
        """Writes a new revision of one stream from what the models say."""
        stream = self.stream(stream_id)
        with (
            self._locked() as connection,
            self._config(connection, stream) as config,
        ):
            command.revision(config, message=message, autogenerate=True)

    def current(self, stream_id: str) -> str | None:
        """The revision that one stream is at; None when it has none yet."""
        with self._connected() as connection:
            return self._current(connection, self.stream(stream_id))

    def pending(self) -> dict[str, str]:
        """The streams that are not at their head, each with a line that says so."""
        with self._connected() as connection:
            return {
                stream.id: f"{stream.id}: at {current or 'nothing'}, head is {head}"
                for stream in self.streams
                if (current := self._current(connection, stream))
                != (head := self._head(stream))
            }

    def differences(self) -> list[str]:
        """Names what the models say and the database does not, per stream."""
        found = []
        with self._connected() as connection:
            for stream in self.streams:
                context = MigrationContext.configure(
                    connection,
                    opts={
                        "target_metadata": Base.metadata,
                        "include_object": self.owns(stream),
                        "compare_type": True,
                    },
                )
                found += [
                    f"{stream.id}: {_in_words(difference)}"
                    for difference in compare_metadata(context, Base.metadata)
                ]
        return found

    def knows(self, stream_id: str, revision: str) -> bool:
        """Says whether a stream of ours has a revision."""
        try:
            script = self._script(self.stream(stream_id))
            return script.get_revision(revision) is not None
        except (LookupError, CommandError):
            return False

    def stream(self, stream_id: str) -> Stream:
        """Returns the stream of that id.

        Raises:
            LookupError: No such stream; the message names those there are.
        """
        for stream in self.streams:
            if stream.id == stream_id:
                return stream
        known = ", ".join(stream.id for stream in self.streams)
        raise LookupError(f"There is no stream {stream_id!r}; there are: {known}.")

    def owns(self, stream: Stream) -> Callable[..., bool]:
        """Builds Alembic's filter: which tables belong to ``stream``.

        A plugin's tables begin with its id; core has the rest. Tables in the database
        that no model names are left alone: a plugin may have been uninstalled.
        """
        others = tuple(f"{other.id}_" for other in self.streams if other.id != "core")

        def include(
            item: Any,
            name: str | None,
            kind: str,
            reflected: bool,  # noqa: FBT001 — Alembic passes it by position
            other: Any,
        ) -> bool:
            if kind != "table":
                return True
            if reflected and other is None and name not in Base.metadata.tables:
                return False
            table = name or item.name
            if stream.id == "core":
                return not table.startswith(others)
            return bool(table.startswith(f"{stream.id}_"))

        return include

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = create_engine(self._owner_url, poolclass=NullPool)
        with engine.connect() as connection:
            yield connection

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        with self._connected() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.execute(text("SET lock_timeout = '10s'"))
            connection.commit()
            yield connection

    @contextmanager
    def _config(self, connection: Connection, stream: Stream) -> Iterator[Config]:
        """Alembic's configuration for one stream, made by Flask-Migrate."""
        app = Flask("palestra-migrations")
        migrate = Migrate(
            app, db=SimpleNamespace(metadata=Base.metadata), directory=str(ENVIRONMENT)
        )

        @migrate.configure  # type: ignore[untyped-decorator]  # ships no types
        def _point_at_stream(config: Config) -> Config:
            config.set_main_option("version_locations", str(stream.versions))
            config.set_main_option("path_separator", "newline")
            config.attributes.update(
                connection=connection,
                version_table=stream.version_table,
                include_object=self.owns(stream),
                version_path=str(stream.versions),
            )
            return config

        with app.app_context():
            yield migrate.get_config()

    def _current(self, connection: Connection, stream: Stream) -> str | None:
        context = MigrationContext.configure(
            connection, opts={"version_table": stream.version_table}
        )
        current = context.get_current_revision()
        connection.commit()
        return current

    def _head(self, stream: Stream) -> str | None:
        return self._script(stream).get_current_head()

    def _script(self, stream: Stream) -> ScriptDirectory:
        config = Config()
        config.set_main_option("script_location", str(ENVIRONMENT))
        config.set_main_option("version_locations", str(stream.versions))
        config.set_main_option("path_separator", "newline")
        return ScriptDirectory.from_config(config)


def _in_words(difference: Any) -> str:
    """Alembic's difference as ``add_column users.phone``, without its innards."""
    if isinstance(difference, list):  # several changes of one column
        return "; ".join(_in_words(part) for part in difference)
    kind, *parts = difference
    names = [str(getattr(part, "name", part)) for part in parts if part is not None]
    return f"{kind} {'.'.join(names[:3])}"
