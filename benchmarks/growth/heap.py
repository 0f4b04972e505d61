"""Fills what the lists of a gym read, besides sessions: a large gym after years."""

from typing import Final

import psycopg
from psycopg import sql

from benchmarks.requests.data import MARK, MEASURED, Site

CLIENTS: Final = 20_000

GYMS: Final = (MEASURED, "bench-001", "bench-002", "bench-003")
"""The large gyms: of a table that is nearly all one gym's, any plan reads it whole."""

_MADE: Final = """
    CREATE FUNCTION pg_temp.made(kind text, n bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$
      SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '7'
              || substr(md5(kind || ':' || n::text), 1, 3) || 'a'
              || substr(md5(kind || ':' || n::text), 4, 15))::uuid
    $$
"""

_GYM: Final = """
    CREATE TEMP TABLE heap_gym AS
    SELECT g.id AS gym,
           (SELECT u.id FROM users u WHERE u.tenant_id = g.id AND role = 'admin')
             AS admin,
           ARRAY(SELECT u.id FROM users u WHERE u.tenant_id = g.id AND role = 'coach')
             AS coaches
    FROM tenants_gyms g WHERE slug = ANY ({gyms})
"""

_ROWS: Final = (
    ("users", CLIENTS, """
     (tenant_id, id, email, name, role, status, created_at, updated_at, version)
     SELECT gym, pg_temp.made('client', n), 'heap' || n || '@bench.example',
            'Heaped Client ' || n, 'client', 'active', now() - n * interval '1 hour',
            now(), 1"""),
    ("members_clients", CLIENTS, """
     (tenant_id, id, status, status_since, goals, preferences, tags, assigned_coach_id,
      created_at, updated_at, version)
     SELECT gym, pg_temp.made('client', n), 'active', now(), '[]', '{}', '["morning"]',
            coaches[1 + n % 20], now() - n * interval '1 hour', now(), 1"""),
    ("members_assignments", CLIENTS, """
     (tenant_id, id, client_id, coach_id, started_at, ended_at)
     SELECT gym, pg_temp.made('assignment', n), pg_temp.made('client', n / 10),
            coaches[1 + n % 20], now() - n * interval '1 hour', now()"""),
    ("api_keys", 100, """
     (tenant_id, id, name, digest, permissions, scope, created_at, expires_at)
     SELECT gym, pg_temp.made('key', n), 'Key ' || n, sha256(n::text::bytea), '[]',
            'all', now(), now() + interval '1 year'"""),
    ("files", 20_000, """
     (tenant_id, id, user_id, purpose, name, media_type, size_bytes, status, object_id,
      created_at, upload_until)
     SELECT gym, pg_temp.made('file', n),
            CASE WHEN n % 20 = 0 THEN admin ELSE pg_temp.made('client', n) END,
            'avatar', 'me.png', 'image/png', 1000, 'ready', pg_temp.made('object', n),
            now() - n * interval '1 minute', now()"""),
    ("notification_deliveries", 200_000, """
     (tenant_id, id, user_id, channel, topic, to_address, template, locale, status,
      attempts, created_at, sent_at)
     SELECT gym, pg_temp.made('delivery', n), pg_temp.made('client', n % 20000),
            'email', 'sessions', '', 'scheduling/booked', 'en', 'sent', 1,
            now() - n * interval '1 minute', now()"""),
    ("notification_inbox", 200_000, """
     (tenant_id, id, user_id, topic, title, body, created_at)
     SELECT gym, pg_temp.made('item', n),
            CASE WHEN n % 20 = 0 THEN admin ELSE pg_temp.made('client', n) END,
            'sessions', 'Booked', 'A session was booked for you.',
            now() - n * interval '1 minute'"""),
    ("webhook_endpoints", 20, """
     (tenant_id, id, url, types, enabled_at, secret, created_at, updated_at, version)
     SELECT gym, pg_temp.made('hook', n), 'https://receiver.example/' || n,
            '["scheduling.session.booked"]', now(), '', now(), now(), 1"""),
    ("webhook_deliveries", 200_000, """
     (tenant_id, id, endpoint_id, type, body, status, attempts, response_status,
      created_at, delivered_at)
     SELECT gym, pg_temp.made('posted', n), pg_temp.made('hook', 1 + n % 20),
            'scheduling.session.booked', '', 'delivered', 1, 200,
            now() - n * interval '1 minute', now()"""),
    ("privacy_requests", 5_000, """
     (tenant_id, id, kind, status, person_id, requested_by, created_at, run_at, steps,
      report)
     SELECT gym, pg_temp.made('request', n), 'export', 'done',
            pg_temp.made('client', n), admin, now() - n * interval '1 hour', now(),
            '[]', '[]'"""),
    ("outbox", 200_000, """
     (tenant_id, id, kind, args, state, run_at, attempts, created_at, finished_at)
     SELECT gym, pg_temp.made('job', n), 'notifications.send', '{}',
            CASE WHEN n % 100 = 0 THEN 'dead' ELSE 'done' END,
            now() - n * interval '1 minute', 1, now() - n * interval '1 minute',
            now()"""),
    ("milestones_definitions", 30, """
     (tenant_id, id, title, kind, counter, threshold, gift_kind, gift_channels,
      created_at, updated_at, version)
     SELECT gym, pg_temp.made('definition', n), 'Milestone ' || n, 'count',
            'sessions_completed', 10 * n, 'message', '["inbox"]', now(), now(), 1"""),
    ("milestones_achievements", 100_000, """
     (tenant_id, id, client_id, definition_id, occurrence, achieved_at, created_at)
     SELECT gym, pg_temp.made('achieved', n), pg_temp.made('client', n % 20000),
            pg_temp.made('definition', 1 + n % 30), n, now() - n * interval '1 minute',
            now()"""),
    ("milestones_gifts", 100_000, """
     (tenant_id, id, client_id, definition_id, occurrence, title, status, gift_kind,
      gift_channels, created_at, updated_at, version)
     SELECT gym, pg_temp.made('gift', n), pg_temp.made('client', n % 20000),
            pg_temp.made('definition', 1 + n % 30), n, 'Milestone', 'sent',
            'message', '["inbox"]', now() - n * interval '1 minute', now(), 1"""),
    ("passes_products", 50, """
     (tenant_id, id, name, kind, uses, valid_days, valid_from, renews, created_at,
      updated_at, version)
     SELECT gym, pg_temp.made('product', n), 'Pack ' || n, 'pack', 10, 90, 'purchase',
            false, now(), now(), 1"""),
    ("passes_passes", 100_000, """
     (tenant_id, id, code, client_id, product_id, kind, remaining, starts_at,
      expires_at, renews, created_at, updated_at, version)
     SELECT gym, pg_temp.made('pass', n), upper(substr(md5('heap' || n), 1, 16)),
            pg_temp.made('client', n % 20000), pg_temp.made('product', 1 + n % 50),
            'pack', 10, now(), now() + interval '90 days', false,
            now() - n * interval '1 minute', now(), 1"""),
    ("passes_ledger", 200_000, """
     (tenant_id, id, pass_id, kind, uses, balance, counts_at, created_at)
     SELECT gym, pg_temp.made('movement', n), pg_temp.made('pass', 1 + n % 1000),
            'grant', 1, n, now(), now()"""),
    ("scheduling_overrides", 7_300, """
     (tenant_id, id, coach_id, day, windows, created_at, updated_at, version)
     SELECT gym, pg_temp.made('override', n), coaches[1 + n % 20],
            current_date + (n / 20)::int, '[]', now(), now(), 1"""),
)  # fmt: skip
"""Table, how many rows, and what they are."""


def heap(place: Site) -> None:
    """Fills the lists of some gyms; the home is filled anew next time."""
    with psycopg.connect(place.superuser, autocommit=True) as connection:
        (place.home / MARK).unlink(missing_ok=True)
        connection.execute(_MADE)
        connection.execute(sql.SQL(_GYM).format(gyms=sql.Literal(list(GYMS))))
        with connection.transaction():
            # No row is checked against another: they are made to fit.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, many, rows in _ROWS:
                connection.execute(
                    f"INSERT INTO {table} {rows}"
                    f" FROM heap_gym, generate_series(1, {many}) AS n"
                )
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
