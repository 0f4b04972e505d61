"""The database roles, and the database itself, on a server that we administer.

``palestra_owner`` owns the tables and runs migrations, ``palestra_app`` serves
requests under row level security, ``palestra_operator`` is a member of it and sees the
registry of gyms. None is a superuser and none bypasses row level security. On a server
that somebody else administers, ``statements`` is what they run.
"""

import psycopg
from psycopg import sql

OWNER, APP, OPERATOR = "palestra_owner", "palestra_app", "palestra_operator"
BACKUP = "palestra_backup"
"""Reads the rows of every gym for backups, and writes nothing."""

_LOCK = 0x70A1E57A
"""Advisory lock key: concurrent CREATE ROLE and GRANT fail on catalog rows."""


def role_statements() -> list[str]:
    """SQL that makes the roles; safe to run again."""
    create = (
        "DO $$ BEGIN CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"
        " NOBYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    return [
        *(create.format(role=role) for role in (OWNER, APP, OPERATOR)),
        f"GRANT {APP} TO {OPERATOR}",
    ]


def database_statements(database: str) -> list[str]:
    """SQL, run inside ``database``, that leaves its schema to the owner alone."""
    return [
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {OWNER}, {APP}, {OPERATOR}",
        f"ALTER SCHEMA public OWNER TO {OWNER}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {APP}, {OPERATOR}",
    ]


def backup_statements(database: str) -> list[str]:
    """SQL that makes the role of backups; safe to run again.

    The owner cannot read for them: row level security binds it too, by intent. This is
    the one role past it, so it may read only.
    """
    create = (
        f"DO $$ BEGIN CREATE ROLE {BACKUP} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"
        " BYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    return [
        create,
        f"GRANT pg_read_all_data TO {BACKUP}",
        f"ALTER ROLE {BACKUP} SET default_transaction_read_only = on",
        f"GRANT CONNECT ON DATABASE {database} TO {BACKUP}",
    ]


def ensure(admin_dsn: str, database: str) -> None:
    """Makes the roles and the database where they are missing.

    Args:
        admin_dsn: libpq connection string of a superuser, to the maintenance
            database ``postgres``; every caller must name the same one, because
            advisory locks do not reach across databases.
        database: Name of the database to make.
    """
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        for statement in role_statements():
            connection.execute(statement.encode())
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", (database,)
        ).fetchone()
        if known is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                    sql.Identifier(database), sql.Identifier(OWNER)
                )
            )
        with psycopg.connect(admin_dsn, dbname=database, autocommit=True) as inside:
            for statement in database_statements(database):
                inside.execute(statement.encode())
