"""What fills the gyms: people, hours, sessions, passes and audit entries, by SQL.

Coaches work from 6 to 16 UTC in sessions of an hour. The session of number n is the
coach's of n modulo coaches, in slot n divided by coaches; the client follows from both,
so that nobody is in two places at once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql

HOURS_A_DAY: Final = 10

_COPY: Final = """
    INSERT INTO tenants_gyms (id, slug, name, status, timezone, locale, currency,
                              branding, limits, cors_origins, created_at, updated_at)
    SELECT pg_temp.made('gym', n, 0),
           'bench-' || lpad(n::text, greatest(3, length(n::text)), '0'),
           name || ' ' || n, status, timezone, locale, currency, branding, limits,
           cors_origins, created_at, updated_at
    FROM tenants_gyms, generate_series(1, {gyms} - 1) AS n WHERE slug = {measured}
"""

_COLUMNS: Final = """
    SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)
    FROM information_schema.columns
    WHERE table_schema = 'public' AND is_generated = 'NEVER'
      AND table_name <> ALL ({left_out})
    GROUP BY table_name
    HAVING 'tenant_id' = ANY (array_agg(column_name::text))
"""

_NOT_COPIED: Final = ("audit_entries", "audit_seals", "person_keys", "outbox")
"""What is bound to its gym by a seal, or would be worked on."""

_ADDRESSES: Final = tuple(
    f"""
    UPDATE {table} SET {column} = replace({column}, {{measured}}, g.slug)
    FROM tenants_gyms g WHERE g.id = tenant_id AND g.slug <> {{measured}}
    """  # noqa: S608 — the names below
    for table, column in (("users", "email"), ("user_contacts", "value"))
)

_HELPERS: Final = (
    # A UUIDv7 that follows from what it names; ids of one kind rise with the number.
    """
    CREATE FUNCTION pg_temp.made(kind text, gym bigint, n bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$
      SELECT overlay(
               overlay(md5(kind || ':' || gym::text || ':' || n::text) PLACING 'a'
                       FROM 17)
               PLACING lpad(to_hex(1700000000000 + n), 12, '0') || '7' FROM 1)::uuid
    $$
    """,
    _COPY,
    """
    CREATE TEMP TABLE bench_gyms AS
    SELECT id, slug, substr(slug, 7)::bigint AS no, timezone, slug = {measured} AS own
    FROM tenants_gyms WHERE slug LIKE 'bench-%'
    """,
    """
    CREATE TEMP TABLE bench_people AS
    SELECT g.id AS gym, g.no, g.slug, p.role, n,
           pg_temp.made(p.role, g.no, n) AS id
    FROM bench_gyms g,
         LATERAL (VALUES ('coach', {coaches}), ('client', {clients})) AS p (role, many),
         LATERAL generate_series(0, p.many - 1) AS n
    """,
    """
    CREATE TEMP TABLE bench_from AS
    SELECT (date_trunc('day', now() AT TIME ZONE 'UTC')
            - make_interval(days => ({sessions} / {coaches} / {hours}) * 7 / 10)
           ) AT TIME ZONE 'UTC' AS starts
    """,
)

_PEOPLE: Final = (
    """
    INSERT INTO users (tenant_id, id, email, name, role, status, password_hash,
                       created_at, updated_at, version)
    SELECT gym, id, role || n || '@' || slug || '.example', initcap(role) || ' ' || n,
           role, 'active', {password_hash}, now(), now(), 1
    FROM bench_people
    """,
    """
    INSERT INTO user_contacts (tenant_id, id, user_id, type, value, is_primary,
                               is_recovery, is_verified, created_at, updated_at,
                               version)
    SELECT gym, pg_temp.made(role || ' contact', no, n), id, 'email',
           role || n || '@' || slug || '.example', true, false, false, now(), now(), 1
    FROM bench_people
    """,
    """
    INSERT INTO access_versions (tenant_id, id, version)
    SELECT gym, id, 1 FROM bench_people
    """,
    """
    INSERT INTO members_coaches (tenant_id, id, specialties, bio, certifications,
                                 created_at, updated_at, version)
    SELECT gym, id, '["strength"]', 'Twelve years under the bar.', '[]', now(), now(), 1
    FROM bench_people WHERE role = 'coach'
    """,
    """
    INSERT INTO members_clients (tenant_id, id, status, status_since, goals,
                                 preferences, tags, assigned_coach_id, created_at,
                                 updated_at, version)
    SELECT gym, id, 'active', now(), '["First strict pull-up"]', '{{}}', '["morning"]',
           pg_temp.made('coach', no, n % {coaches}), now(), now(), 1
    FROM bench_people WHERE role = 'client'
    """,
    """
    INSERT INTO members_assignments (tenant_id, id, client_id, coach_id, started_at)
    SELECT gym, pg_temp.made('assignment', no, n), id,
           pg_temp.made('coach', no, n % {coaches}), now()
    FROM bench_people WHERE role = 'client'
    """,
    """
    INSERT INTO client_grants (tenant_id, id, user_id, client_id, source,
                               created_at, updated_at)
    SELECT gym, pg_temp.made('grant', no, n), pg_temp.made('coach', no, n % {coaches}),
           id, 'members.assignment', now(), now()
    FROM bench_people WHERE role = 'client'
    """,
)

_HOURS: Final = (
    """
    INSERT INTO scheduling_rules (tenant_id, id, coach_id, timezone, slot_minutes,
        buffer_before_minutes, buffer_after_minutes, minimum_notice_minutes,
        maximum_advance_days, daily_limit, created_at, updated_at, version)
    SELECT gym, pg_temp.made('rules', no, n), id, 'Europe/Berlin', 60, 0, 0, 0, NULL,
           NULL, now(), now(), 1
    FROM bench_people WHERE role = 'coach'
    """,
    """
    INSERT INTO scheduling_windows (tenant_id, id, coach_id, weekday, starts_minute,
                                    ends_minute, created_at, updated_at)
    SELECT gym, pg_temp.made('window', no, n * 7 + weekday), id, weekday, 0, 1440,
           now(), now()
    FROM bench_people, generate_series(1, 7) AS weekday WHERE role = 'coach'
    """,
)

_SESSIONS: Final = """
    INSERT INTO scheduling_sessions (tenant_id, id, client_id, coach_id, starts_at,
        ends_at, status, location, notes, created_at, updated_at, version)
    SELECT g.id, pg_temp.made('session', g.no, n),
           pg_temp.made('client', g.no, (n + slot) % {clients}),
           pg_temp.made('coach', g.no, n % {coaches}),
           at, at + interval '1 hour',
           CASE WHEN at > now() THEN 'scheduled' WHEN n % 12 = 0 THEN 'canceled'
                WHEN n % 16 = 0 THEN 'no_show' ELSE 'completed' END,
           CASE n % 3 WHEN 0 THEN 'Studio 1' WHEN 1 THEN 'Main floor' END,
           CASE WHEN n % 5 = 0 THEN 'Mind the left shoulder.' END,
           at - interval '9 days', at - interval '9 days', 1
    FROM bench_from,
         (SELECT * FROM bench_gyms WHERE id = {gym}) AS g,
         generate_series(0, {sessions} - 1) AS n,
         LATERAL (SELECT n / {coaches} AS slot) AS s,
         LATERAL (SELECT bench_from.starts
                  + make_interval(days => (slot / {hours})::int,
                                  hours => (6 + slot % {hours})::int) AS at) AS t
"""

_KEPT_UP: Final = """
    UPDATE pg_index SET indisready = %(kept_up)s
    WHERE indrelid = 'scheduling_sessions'::regclass
"""
"""Whether a row that is written goes into the indexes, too."""

_REST: Final = (
    """
    INSERT INTO passes_passes (tenant_id, id, code, client_id, kind, remaining,
                               starts_at, expires_at, renews, created_at, updated_at,
                               version)
    SELECT g.id, pg_temp.made('pass', g.no, n),
           upper(substr(md5('code:' || g.no || ':' || n), 1, 16)),
           pg_temp.made('client', g.no, n % {clients}), 'gift', 1000000000,
           now() - interval '1 day', now() + interval '9 years', false, now(), now(), 1
    FROM bench_gyms g, generate_series(0, {passes} - 1) AS n
    """,
    """
    INSERT INTO passes_ledger (tenant_id, id, pass_id, kind, uses, balance, counts_at,
                               created_at)
    SELECT g.id, pg_temp.made('ledger', g.no, n), pg_temp.made('pass', g.no, n),
           'grant', 1000000000, 1000000000, now(), now()
    FROM bench_gyms g, generate_series(0, {passes} - 1) AS n
    """,
    """
    INSERT INTO audit_entries (tenant_id, id, at, user_id, actor_kind, action, entity,
                               entity_id, before, after, trace_id, address)
    SELECT g.id, pg_temp.made('audit', g.no, n),
           now() - make_interval(secs => 30.0 * ({audits} - n)),
           pg_temp.made('coach', g.no, n % {coaches}), 'user',
           'scheduling.session.create', 'scheduling.session', session::text, NULL,
           jsonb_build_object(
             'client_id', pg_temp.made('client', g.no, n % {clients}),
             'coach_id', pg_temp.made('coach', g.no, n % {coaches}),
             'starts_at', '2026-01-05T09:00:00+00:00',
             'ends_at', '2026-01-05T10:00:00+00:00',
             'status', 'scheduled', 'location', 'Studio 1', 'notes', NULL),
           pg_temp.made('trace', g.no, n)::text, '203.0.113.7'
    FROM bench_gyms g,
         LATERAL generate_series(
           1, CASE WHEN g.own THEN {audits} ELSE {audits} / 100 END) AS n,
         LATERAL (SELECT pg_temp.made('session', g.no, n % {sessions}) AS session) AS s
    """,
)


def fill(superuser: str, scale: Mapping[str, Any]) -> None:
    """Fills the gyms, and lets the planner know what there is.

    Args:
        superuser: libpq address of a role that row level security does not bind.
        scale: The fields of a ``Scale``, ``password_hash`` and ``measured``.
    """
    values = {**scale, "hours": HOURS_A_DAY}
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET work_mem = '256MB'")
        connection.execute("SET jit = off")
        for statement in _HELPERS:
            _run(connection, statement, values)
        _copy_rows(connection, values)
        for statement in (*_ADDRESSES, *_PEOPLE, *_HOURS):
            _run(connection, statement, values)
        _fill_sessions(connection, values)
        for statement in _REST:
            _run(connection, statement, values)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _copy_rows(connection: psycopg.Connection[Any], values: Mapping[str, Any]) -> None:
    """Gives each copy of the measured gym the rows that its provisioning wrote."""
    query = sql.SQL(_COLUMNS).format(left_out=sql.Literal(list(_NOT_COPIED)))
    # Referred rows may come after those that refer to them.
    connection.execute("SET session_replication_role = replica")
    for table, columns in connection.execute(query).fetchall():
        taken = {
            "tenant_id": sql.SQL("g.id"),
            "id": sql.SQL("CASE t.id WHEN t.tenant_id THEN g.id ELSE t.id END"),
        }
        connection.execute(
            sql.SQL(
                "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} t"
                " JOIN tenants_gyms own ON own.id = t.tenant_id AND own.slug = {slug}"
                " CROSS JOIN bench_gyms g WHERE NOT g.own"
            ).format(
                table=sql.Identifier(table),
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                values=sql.SQL(", ").join(
                    taken.get(name, sql.Identifier("t", name)) for name in columns
                ),
                slug=sql.Literal(values["measured"]),
            )
        )
    connection.execute("SET session_replication_role = DEFAULT")


@contextmanager
def indexes_at_rest(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A transaction that writes sessions, and builds their indexes afterwards.

    ``VACUUM FULL`` builds them: it takes the rows as it finds them, whereas a guard
    that is added, or an index that is built again by itself, is asked about each row.

    Args:
        connection: A superuser's, in autocommit mode. It must write no two sessions
            that are in each other's way, and look for none of those it wrote.
    """
    with connection.transaction():
        connection.execute(_KEPT_UP, {"kept_up": False})
        yield
        connection.execute(_KEPT_UP, {"kept_up": True})
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute("VACUUM FULL scheduling_sessions")


def _fill_sessions(
    connection: psycopg.Connection[Any], values: Mapping[str, Any]
) -> None:
    """Writes the sessions gym by gym, which is the order they are read in."""
    gyms = connection.execute("SELECT id FROM bench_gyms ORDER BY no").fetchall()
    with indexes_at_rest(connection):
        # A table emptied in the same transaction is written past the log.
        connection.execute("TRUNCATE scheduling_sessions")
        for (gym,) in gyms:
            _run(connection, _SESSIONS, {**values, "gym": gym})


def _run(
    connection: psycopg.Connection[Any], statement: str, values: Mapping[str, Any]
) -> None:
    """Runs a statement whose braces name values."""
    literals = {name: sql.Literal(value) for name, value in values.items()}
    connection.execute(sql.SQL(statement).format(**literals))
