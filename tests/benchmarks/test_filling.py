"""What fills the database of the trials leaves it as the migrations made it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from benchmarks.requests import filling
from benchmarks.requests.data import MEASURED, Scale, provision
from core.app import Installation
from core.testing.server import TestServer

SCALE = Scale(gyms=1_002, sessions=24, coaches=2, clients=3, audits=100, passes=1)

STRUCTURE = """
    SELECT pg_get_indexdef(indexrelid), pg_get_constraintdef(c.oid), indisready,
           indisvalid, indislive, indisunique, indisexclusion
    FROM pg_index LEFT JOIN pg_constraint c ON conindid = indexrelid AND contype <> 'f'
    WHERE indrelid = 'scheduling_sessions'::regclass ORDER BY 1
"""

TWICE = """
    SELECT count(*) FROM scheduling_sessions a JOIN scheduling_sessions b
      ON a.tenant_id = b.tenant_id AND a.id < b.id
     AND (a.coach_id = b.coach_id OR a.client_id = b.client_id)
     AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
    WHERE a.status <> 'canceled' AND b.status <> 'canceled'
"""
"""Pairs that the guards would have refused."""

AGAIN = """
    INSERT INTO scheduling_sessions (tenant_id, id, client_id, coach_id, starts_at,
                                     ends_at, status, created_at, updated_at, version)
    SELECT tenant_id, gen_random_uuid(), {client}, {coach},
           starts_at + interval '30 minutes', ends_at, status, now(), now(), 1
    FROM scheduling_sessions WHERE status <> 'canceled' LIMIT 1
"""


class Filled:
    """A filled database, and what the table of sessions was like before."""

    def __init__(self, dsn: str, before: list[Any]) -> None:
        self.dsn, self.before = dsn, before

    def rows(self, statement: str) -> list[Any]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="module")
def filled(
    postgres: TestServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    database = f"palestra_filled_{uuid4().hex[:8]}"
    postgres.copy(template, database)
    found = Filled(make_conninfo(postgres.admin, dbname=database), [])
    found.before = found.rows(STRUCTURE)
    home = tmp_path_factory.mktemp("filled")
    with Installation(postgres.settings(database, home)) as installation:
        provision(installation, "no password")
    values = {**asdict(SCALE), "password_hash": "no password", "measured": MEASURED}
    filling.fill(found.dsn, values)
    yield found
    postgres.query(f"DROP DATABASE {database} WITH (FORCE)")


def test_every_gym_has_its_number_for_a_slug_and_its_share(filled: Filled) -> None:
    slugs = [row[0] for row in filled.rows("SELECT slug FROM tenants_gyms")]
    assert sorted(slugs) == sorted(f"bench-{number:03}" for number in range(1_002))
    each = "SELECT count(*) FROM scheduling_sessions GROUP BY tenant_id"
    assert filled.rows(each) == [(SCALE.sessions,)] * SCALE.gyms


def test_indexes_and_guards_are_those_of_the_migrations(filled: Filled) -> None:
    assert len(filled.before) == 6
    assert filled.rows(STRUCTURE) == filled.before


def test_no_two_sessions_are_in_each_others_way(filled: Filled) -> None:
    assert filled.rows(TWICE) == [(0,)]


@pytest.mark.parametrize(
    ("guard", "client", "coach"),
    [
        ("coach_free", "gen_random_uuid()", "coach_id"),
        ("client_free", "client_id", "gen_random_uuid()"),
    ],
)
def test_a_guard_knows_the_sessions_that_it_was_not_asked_about(
    filled: Filled, guard: str, client: str, coach: str
) -> None:
    with pytest.raises(psycopg.errors.ExclusionViolation, match=guard):
        filled.rows(AGAIN.format(client=client, coach=coach))


@pytest.mark.parametrize(
    "index", ["coach", "client", "starts", "pk_scheduling_sessions"]
)
def test_an_index_holds_every_row(filled: Filled, index: str) -> None:
    entries = f"""
        SELECT c.reltuples::bigint FROM pg_class c JOIN pg_index i ON indexrelid = c.oid
        WHERE indrelid = 'scheduling_sessions'::regclass
          AND relname IN ('{index}', 'ix_scheduling_sessions__{index}')
    """
    assert filled.rows(entries) == [(SCALE.sessions * SCALE.gyms,)]
