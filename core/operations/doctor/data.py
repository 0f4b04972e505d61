"""Checks of the database: reachable, its roles bound, its tables as they must be."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from core.clock import utc_now
from core.db.migrate import Migrations
from core.operations.doctor.examination import Finding, failed, ok, warning
from core.operations.waiting import reason_of

LEAST_MAJOR: Final = 15

_PATIENCE_S: Final = 5
_SKEW: Final = timedelta(seconds=5)

_ROLE = (
    "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
    " WHERE rolname = current_user"
)

_OWNS = (
    "SELECT count(*) FROM pg_class WHERE relkind = 'r'"
    " AND relnamespace = 'public'::regnamespace"
    " AND pg_has_role(current_user, relowner, 'USAGE')"
)

_OPEN = """
SELECT c.relname FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
    SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'one_gym'))
ORDER BY 1
"""


def reachable(url: str) -> Finding:
    """Does it answer, and is it new enough?"""
    try:
        with _connected(url) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        return failed(
            f"It does not answer: {reason_of(error)}.",
            "Look whether the server runs, and at DATABASE_URL.",
        )
    major = version // 10_000
    if major < LEAST_MAJOR:
        return failed(
            f"It is PostgreSQL {major}.", f"Move to PostgreSQL {LEAST_MAJOR} or newer."
        )
    return ok(f"PostgreSQL {major}.{version % 10_000} answers.")


def roles_bound(urls: Mapping[str, str]) -> Finding:
    """Are the roles of requests, operator and migrations really held to the walls?

    Args:
        urls: Purpose (``app``, ``operator``, ``owner``) → its connection.
    """
    faults, names = [], {}
    for purpose, url in urls.items():
        with _connected(url) as connection:
            row = connection.execute(_ROLE.encode()).fetchone() or ("?", 0, 0, 0)
            owned = connection.execute(_OWNS.encode()).fetchone()
        name, superuser, bypasses, makes_roles = row
        names[purpose] = name
        if superuser or bypasses or makes_roles:
            faults.append(f"{name} ({purpose}) may step past row level security")
        elif purpose != "owner" and owned and owned[0]:
            faults.append(f"{name} ({purpose}) owns tables")
    if faults:
        return failed(
            "; ".join(faults) + ".",
            "Make the roles with the SQL that `palestra db roles` prints, one for "
            "each purpose, and set the three database variables.",
        )
    return ok(", ".join(f"{name} for {purpose}" for purpose, name in names.items()))


def at_head(migrations: Migrations) -> Finding:
    """Are all streams at their head?"""
    pending = migrations.pending()
    if pending:
        return failed("; ".join(pending.values()) + ".", "Run `palestra db upgrade`.")
    return ok(f"{len(migrations.streams)} streams are at their head.")


def models_agree(migrations: Migrations) -> Finding:
    """Do the tables look as the code expects?"""
    found = migrations.differences()
    if found:
        return failed(
            "; ".join(found[:5]) + ".",
            "Somebody changed tables by hand, or a revision is missing: compare with "
            "`palestra db check`.",
        )
    return ok("The tables are as the code expects them.")


def walls_up(url: str) -> Finding:
    """Is row level security on, forced and with its policy on each gym's table?"""
    with _connected(url) as connection:
        bare = [str(name) for (name,) in connection.execute(_OPEN.encode())]
    if bare:
        return failed(
            f"Row level security does not guard {', '.join(bare)}.",
            "Restore the policies from a backup, or write the revision that calls "
            "op.protect_tenant_table for them. Serve nobody until then.",
        )
    return ok("Row level security is forced on every table of gyms.")


def clocks_agree(url: str) -> Finding:
    """Does this machine's clock agree with the database's?"""
    with _connected(url) as connection:
        before = utc_now()
        row = connection.execute(b"SELECT clock_timestamp()").fetchone()
        after = utc_now()
    told: datetime = row[0].astimezone(UTC) if row else before
    skew = max(before - told, told - after, timedelta(0))
    if skew > _SKEW:
        return warning(
            f"The clocks differ by {skew.total_seconds():.0f} s.",
            "Let both machines keep time with NTP.",
        )
    return ok(f"The clocks agree within {_SKEW.total_seconds():.0f} s.")


def _connected(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=_PATIENCE_S,
        options="-c statement_timeout=8000",
        application_name="palestra doctor",
    )
