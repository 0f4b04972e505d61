"""Installations of their own, to be backed up and restored."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyrage

from core.app import Installation
from core.config import BackupSettings, Settings
from core.db import roles
from core.testing.server import PASSWORD, TestServer

IDENTITY = pyrage.x25519.Identity.generate()
"""The key that backups of tests are locked for; a passphrase costs a second."""


def named(name: str) -> str:
    """A database of this test process."""
    return f"palestra_{name}_{os.getpid()}"


def locks(postgres: TestServer, database: str, **changes: object) -> BackupSettings:
    """Settings of backups on a database, read by the role that is for it."""
    statements = roles.backup_statements(database)
    statements.append(f"ALTER ROLE {roles.BACKUP} PASSWORD '{PASSWORD}'")
    for statement in statements:
        postgres.query(statement)
    given = BackupSettings(
        database_url=postgres.url(roles.BACKUP, database),
        passphrase=None,
        recipients=(str(IDENTITY.to_public()),),
        key=str(IDENTITY),
    )
    return replace(given, **changes)  # type: ignore[arg-type]  # fields of it


@contextmanager
def installed(
    postgres: TestServer, database: str, home: Path, **changes: object
) -> Iterator[Installation]:
    """An installation on a database that is there."""
    settings: Settings = replace(
        postgres.settings(database, home), backup=locks(postgres, database, **changes)
    )
    with Installation(settings) as installation:
        yield installation


@contextmanager
def empty_database(postgres: TestServer, name: str) -> Iterator[str]:
    """A database with roles and no table."""
    database = named(name)
    postgres.copy("template0", database)
    try:
        yield database
    finally:
        postgres.query(f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def migrated_database(postgres: TestServer, template: str, name: str) -> Iterator[str]:
    """A copy of the migrated template."""
    database = named(name)
    postgres.copy(template, database)
    try:
        yield database
    finally:
        postgres.query(f"DROP DATABASE {database} WITH (FORCE)")


def counted(postgres: TestServer, database: str) -> dict[str, int]:
    """The rows of every table, counted by a superuser."""
    tables = [
        str(name)
        for (name,) in postgres.query(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database
        )
    ]
    return {
        table: int(
            str(postgres.query(f'SELECT count(*) FROM "{table}"', database)[0][0])
        )
        for table in tables
    }


def bytes_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }
