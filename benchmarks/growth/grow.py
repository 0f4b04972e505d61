"""More gyms on a filled database: copies of one of its gyms, row by row.

Copying is quicker than filling by far, so ten thousand gyms take minutes.
"""

from typing import Any, Final

import psycopg
from psycopg import sql

from benchmarks.requests.data import MARK, Site
from benchmarks.requests.filling import indexes_at_rest

TEMPLATE: Final = "bench-001"
"""Slug of the gym that is copied."""

_COLUMNS: Final = """
    SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)
    FROM information_schema.columns
    WHERE table_schema = 'public' AND is_generated = 'NEVER'
      AND table_name <> ALL (ARRAY['audit_entries', 'audit_seals', 'person_keys',
                                   'outbox'])
    GROUP BY table_name
    HAVING 'tenant_id' = ANY (array_agg(column_name::text))
"""
"""What is copied; the rest is bound to its gym by a seal, or would be worked on."""

_GYMS: Final = """
    CREATE TEMP TABLE more AS
    SELECT gen_random_uuid() AS id, 'bench-' || n AS slug
    FROM generate_series(%(have)s, %(wanted)s - 1) AS n;
    INSERT INTO tenants_gyms (id, slug, name, status, timezone, locale, currency,
                              branding, limits, cors_origins, created_at, updated_at)
    SELECT more.id, more.slug, name, status, timezone, locale, currency, branding,
           limits, cors_origins, created_at, updated_at
    FROM tenants_gyms own, more WHERE own.slug = %(template)s
"""


def grow(place: Site, gyms: int) -> None:
    """Makes gyms until there are so many; the home is filled anew next time.

    Args:
        place: A filled database; its slugs have numbers of three digits at least.
        gyms: How many there shall be.
    """
    with psycopg.connect(
        place.superuser, autocommit=True, cursor_factory=psycopg.ClientCursor
    ) as connection:
        row = connection.execute("SELECT count(*) FROM tenants_gyms").fetchone()
        have = row[0] if row else 0
        if have >= gyms:
            return
        (place.home / MARK).unlink(missing_ok=True)
        values = {"have": have + 1_000_000, "wanted": gyms + 1_000_000}
        with indexes_at_rest(connection):
            connection.execute(_GYMS, {**values, "template": TEMPLATE})
            # Referred rows may come after those that refer to them.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, columns in connection.execute(_COLUMNS).fetchall():
                connection.execute(_copy(table, columns), {"template": TEMPLATE})
            connection.execute("DROP TABLE more")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _copy(table: str, columns: list[str]) -> sql.Composed:
    """Writes the rows that the template has in a table, once for each new gym."""
    taken: dict[str, Any] = {
        "tenant_id": sql.SQL("more.id"),
        "id": sql.SQL("CASE t.id WHEN t.tenant_id THEN more.id ELSE t.id END"),
    }
    return sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} t JOIN"
        " tenants_gyms own ON own.id = t.tenant_id AND own.slug = %(template)s"
        " CROSS JOIN more"
    ).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(
            taken.get(name, sql.Identifier("t", name)) for name in columns
        ),
    )
