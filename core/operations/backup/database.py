"""Putting a dump into the database: all of it, or nothing."""

import subprocess
from pathlib import Path

import psycopg

from core.operations.backup.clients import client_folder, running, surroundings
from core.operations.errors import OperationFailed

# Types and functions too: the dump makes them anew.
_EMPTY = """
DO $empty$ DECLARE found record; BEGIN
  FOR found IN SELECT oid::regclass AS name FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', found.name);
  END LOOP;
  FOR found IN SELECT oid::regclass AS name FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('DROP SEQUENCE IF EXISTS %s CASCADE', found.name);
  END LOOP;
  FOR found IN SELECT typname AS name FROM pg_type
    WHERE typtype IN ('r', 'e', 'd') AND typnamespace = 'public'::regnamespace LOOP
    EXECUTE format('DROP TYPE IF EXISTS public.%I CASCADE', found.name);
  END LOOP;
  FOR found IN SELECT oid::regprocedure AS name FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', found.name);
  END LOOP;
END $empty$;
"""

_TABLES = (
    "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')"
    " AND relnamespace = 'public'::regnamespace"
)

_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    # Of other roles' sessions we see little more than whose they are; the server's own
    # workers are nobody's.
    " AND usesysid IS NOT NULL AND pid <> pg_backend_pid()"
)


def is_empty(dsn: str) -> bool:
    """Says whether the database has no table yet."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(_TABLES.encode()).fetchone()
    return row is None or row[0] == 0


def must_be_alone(dsn: str) -> None:
    """Refuses while other processes work in the database.

    Raises:
        OperationFailed: There are some.
    """
    with psycopg.connect(dsn) as connection:
        row = connection.execute(_OTHERS.encode()).fetchone()
    others = 0 if row is None else int(row[0])
    if others:
        raise OperationFailed(
            f"{others} connections use the database: stop the web and job processes "
            "first."
        )


def server_major(dsn: str) -> int:
    """The major version of the server."""
    with psycopg.connect(dsn) as connection:
        return connection.info.server_version // 10_000


def restore_dump(dump: Path, owner: str) -> None:
    """Replaces everything in the database by the dump, in one transaction.

    The tables get their owner, grants and policies; the roles must be there. Row level
    security is switched on by the dump's last statements, when the rows are in.

    Args:
        dump: In PostgreSQL's custom format.
        owner: Connection string of the role that is to own the tables.

    Raises:
        OperationFailed: It did not work; the database is as it was.
    """
    folder = client_folder(server_major(owner))
    environment = surroundings(owner)
    psql = [
        str(folder / "psql"),
        "--no-psqlrc",
        "--no-password",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--file=-",
    ]
    script = [str(folder / "pg_restore"), "--no-owner", "--schema=public"]
    script += ["--file=-", str(dump)]
    with running(psql, environment, stdin=subprocess.PIPE) as target:
        pipe = target.stdin
        if pipe is None:  # pragma: no cover — it was asked for
            raise OperationFailed("psql takes no input.")
        pipe.write(b"BEGIN;\n" + _EMPTY.encode())
        pipe.flush()
        with running(script, environment, stdout=pipe):  # type: ignore[arg-type]  # a pipe
            pass
        # Only now: without it psql rolls everything back.
        pipe.write(b"\nCOMMIT;\n")
        pipe.flush()
