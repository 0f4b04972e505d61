"""Rows for every table of gyms, made of what the models say of their columns.

Values mean nothing; their number, their ids and how they refer to each other do. It
is for a database of its own: constraints that ask for meaning are dropped.
"""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import CheckConstraint, Column, Table
from sqlalchemy.dialects import postgresql

from core.db.base import Base

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

_BY_KIND = (
    ("TIMESTAMP", "now() - make_interval(mins => n)"),
    ("DATE", "current_date - n"),
    ("UUID", "md5('value:' || g || n)::uuid"),
    ("SMALLINT", "1 + n % 7"),
    ("INTEGER", "1 + n % 7"),
    ("BIGINT", "n"),
    ("BOOLEAN", "false"),
    ("BYTEA", r"'\x00'::bytea"),
    ("INTERVAL", "make_interval(mins => n)"),
)


def tenant_tables() -> list[Table]:
    """Every mapped table that holds rows of gyms."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if table.info.get("tenancy") == "tenant"
    ]


def row_id(table: str, gym: UUID, number: int) -> str:
    """SQL of the id that a row of a number has."""
    return f"md5('{table}:' || '{gym}' || {number})::uuid"


def loosen(connection: psycopg.Connection[Any]) -> None:
    """Drops the constraints that made-up values would break."""
    found = connection.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE contype IN ('c', 'x') AND conrelid <> 0"
        " AND connamespace = 'public'::regnamespace"
    ).fetchall()
    for table, name in found:
        connection.execute(
            f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}"'.encode()
        )


def fill(
    connection: psycopg.Connection[Any],
    tables: Iterable[Table],
    gyms: Iterable[UUID],
    rows: int,
) -> None:
    """Gives each gym so many rows in each table, and the server its statistics."""
    connection.execute("SET session_replication_role = replica")
    listed = ", ".join(f"('{gym}'::uuid)" for gym in gyms)
    for table in tables:
        columns = [one for one in table.columns if one.computed is None]
        names = ", ".join(f'"{one.name}"' for one in columns)
        values = ", ".join(_value(table, one) for one in columns)
        connection.execute(
            f"INSERT INTO {table.name} ({names}) SELECT {values}"
            f" FROM (VALUES {listed}) AS gyms (g), generate_series(1, {rows}) AS n"
            " ON CONFLICT DO NOTHING".encode()
        )
        connection.execute(f"ANALYZE {table.name}".encode())


def _value(table: Table, column: Column[object]) -> str:
    """SQL of a column's value in the row n of the gym g."""
    if column.name == "tenant_id":
        return "g"
    for key in table.foreign_key_constraints:
        if column.name in key.column_keys and key.referred_table.info.get("tenancy"):
            return f"md5('{key.referred_table.name}:' || g || n)::uuid"
    if column.name == "id":
        return f"md5('{table.name}:' || g || n)::uuid"
    if column.nullable:
        return "NULL"
    words = _words(table, column.name)
    if words:
        listed = ", ".join(f"'{word}'" for word in words)
        return f"(ARRAY[{listed}])[1 + n % {len(words)}]"
    return _of_kind(column)


def _of_kind(column: Column[object]) -> str:
    kind = column.type.compile(_DIALECT)
    if kind == "JSONB":
        default = column.default.arg if column.default is not None else None  # type: ignore[attr-defined]
        is_list = getattr(default, "__name__", "") == "list"
        return "'[]'::jsonb" if is_list else "'{}'::jsonb"
    if kind.endswith("[]"):
        return "'{}'"
    return next((sql for name, sql in _BY_KIND if kind.startswith(name)), "'x' || n")


def _words(table: Table, column: str) -> list[str]:
    """The words that a check lets into a column."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            found = re.search(rf"^\s*{column} IN \(([^)]*)\)", str(constraint.sqltext))
            if found:
                return re.findall(r"'([^']*)'", found.group(1))
    return []
