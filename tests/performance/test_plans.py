"""How the database finds the rows of each list, where there are many of many gyms."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import event, select, text

from core.app import Installation, create_app
from core.audit.seals import SIZE
from core.db.driver import Connection, Prepared
from core.db.statement import Statement
from core.rbac.models import ClientGrant, GymRole
from core.testing.kit import TestGym
from core.testing.routes import Route, installed_routes
from core.testing.server import TestServer
from tests.performance.filling import fill, loosen, row_id, tenant_tables

GYMS = 5
ROWS = 2000
FEW = 20
"""Rows of the tables that no list reads."""

PARENTS = {
    "webhook_id": "webhook_endpoints",
    "client_id": "users",
    "coach_id": "users",
    "pass_id": "passes_passes",
}
"""Placeholder of a path → the table whose row it names; people have a user's id."""

OF_A_CLIENT = {"GET /api/v1/milestones"}
"""Lists that must be told whose rows they are to show."""

UNINDEXED: Mapping[str, str] = {
    "GET /platform/v1/gyms": "the operator's: reads the registry, which is of no gym",
    "GET /platform/v1/log": "the operator's: reads the operators' log, of no gym",
    "GET /platform/v1/usage": "the operator's: reads the figures of all gyms at once",
}
"""Lists that may read a table from end to end, and why."""

FEW_ROWS: Mapping[str, str] = {
    "GET /api/v1/admin/webhooks": "a gym may have no more than a few",
    "GET /api/v1/api-keys": "one for each program that a gym lets in",
    "GET /api/v1/milestones": "what a gym rewards, written by hand",
    "GET /api/v1/milestones/definitions": "what a gym rewards, written by hand",
    "GET /api/v1/passes/products": "what a gym sells, written by hand",
}
"""Lists that may sort all they have to find the first page, and why."""

MOST_SORTED = 100
"""So many rows may be sorted for a page: those of one client, say."""


@dataclass(frozen=True, slots=True)
class Growing:
    """A list that grows without end.

    Attributes:
        index: The one that has its rows in order.
        sort: The key of that order.
        query: What is asked for.
    """

    index: str
    sort: str = "createdAt"
    query: Mapping[str, str] = field(default_factory=dict)


IN_ORDER: Mapping[str, Growing] = {
    "GET /api/v1/admin/jobs": Growing("pk_outbox"),
    "GET /api/v1/audits": Growing("ix_audit_entries__at", "at"),
    "GET /api/v1/files": Growing("ix_files__created_at"),
    "GET /api/v1/members/clients": Growing("ix_members_clients__created_at"),
    "GET /api/v1/milestones/achievements": Growing(
        "ix_milestones_achievements__achieved", "achievedAt"
    ),
    "GET /api/v1/milestones/gifts": Growing("ix_milestones_gifts__created_at"),
    "GET /api/v1/notifications": Growing(
        "ix_notification_deliveries__status", query={"status": "failed"}
    ),
    "GET /api/v1/passes": Growing("ix_passes_passes__created_at"),
}

LISTS = [
    route
    for route in installed_routes()
    if route.operation is not None and route.operation.paged
]
NAMES = {table.name for table in tenant_tables()}

Plan = dict[str, Any]


class Site:
    """A gym among others, all of them full."""

    def __init__(self, server: TestServer, database: str, gym: TestGym) -> None:
        self.gym = gym
        dsn = make_conninfo(server.admin, dbname=database)
        gyms = [gym.id, *(uuid4() for _ in range(GYMS - 1))]
        with psycopg.connect(dsn, autocommit=True) as connection:
            loosen(connection)
            fill(connection, tenant_tables(), gyms, FEW)
            self._ids = {
                name: self._id(connection, table) for name, table in PARENTS.items()
            }
            read = self.tables_of_lists()
            fill(
                connection,
                [one for one in tenant_tables() if one.name in read],
                gyms,
                ROWS,
            )
            connection.execute("UPDATE files SET purpose = 'avatar'")
            connection.execute("ANALYZE files")
            seal_most(connection)

    def _id(self, connection: psycopg.Connection[Any], table: str) -> UUID:
        found = connection.execute(f"SELECT {row_id(table, self.gym.id, 1)}".encode())
        (row,) = found.fetchall()
        made: UUID = row[0]
        return made

    def tables_of_lists(self) -> set[str]:
        """The tables that the lists of a gym read."""
        return {
            name
            for route in LISTS
            if str(route) not in UNINDEXED
            for plan in self.plans(route)
            for node in nodes(plan)
            if (name := node.get("Relation Name"))
        } & NAMES

    def plans(
        self, route: Route, query: Mapping[str, object] | None = None
    ) -> list[Plan]:
        """How each SELECT of a list runs, as the gym's admin calls it."""
        path = route.path(**{name: self._ids[name] for name in route.arguments})
        asked = dict(query or {})
        if str(route) in OF_A_CLIENT:
            asked["clientId"] = self._ids["client_id"]
        with explained(self.gym.installation) as found:
            answer = self.gym.api("admin").at("GET", path, query=asked)
        assert answer.status_code == 200, f"{route}: {answer.text}"
        return found


@contextmanager
def explained(
    installation: Installation, options: str = "FORMAT JSON"
) -> Iterator[list[Plan]]:
    """Asks for the plan of each SELECT with its own values before it runs."""
    plans: list[Plan] = []
    original = Connection.run

    def run(
        self: Connection,
        statement: Prepared,
        values: Sequence[Any],
        make_row: Callable[..., Any],
    ) -> Any:
        if is_select(statement.text):
            asked = Prepared(f"EXPLAIN ({options}) {statement.text}")
            ((told,),) = original(self, asked, values, tuple)
            plans.extend(one["Plan"] for one in told)
        return original(self, statement, values, make_row)

    def executed(*arguments: Any) -> None:
        _connection, cursor, statement, values = arguments[:4]
        if is_select(statement):
            asked = cursor.connection.execute(
                f"EXPLAIN ({options}) {statement}", values
            )
            plans.extend(one["Plan"] for one in asked.fetchone()[0])

    engine = installation.databases.app
    with ExitStack() as stack:
        stack.enter_context(patch.object(Connection, "run", run))
        event.listen(engine, "before_cursor_execute", executed)
        stack.callback(event.remove, engine, "before_cursor_execute", executed)
        yield plans


def seal_most(connection: psycopg.Connection[Any]) -> None:
    """Makes the newest seals hold all but a few of the entries that were filled in.

    Their transactions get numbers that every server has come to.
    """
    passed = -ROWS
    connection.execute(f"UPDATE audit_entries SET txid = txid + {passed}".encode())
    connection.execute(
        f"UPDATE audit_seals SET last_txid = {ROWS - FEW + passed},"
        f" cumulative = {ROWS - FEW}".encode()
    )
    connection.execute("VACUUM (ANALYZE) audit_entries, audit_seals")


def is_select(statement: str) -> bool:
    return re.match(r"\s*(SELECT|WITH)\b", statement) is not None


def nodes(plan: Plan) -> Iterator[Plan]:
    """The plan and all parts of it."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.fixture(scope="module")
def site(
    postgres: TestServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    database = f"palestra_plans_{uuid4().hex[:8]}"
    postgres.copy(template, database)
    home = tmp_path_factory.mktemp("plans")
    with Installation(postgres.settings(database, home)) as built:
        gym = TestGym(create_app(installation=built), built)
        gym.user("admin")
        yield Site(postgres, database, gym)
    postgres.query(f"DROP DATABASE {database} WITH (FORCE)")


def test_what_is_said_of_lists_is_said_of_lists_that_exist() -> None:
    assert {*UNINDEXED, *FEW_ROWS, *IN_ORDER} <= {str(route) for route in LISTS}


def walked(plans: Sequence[Plan]) -> set[str]:
    """The tables of gyms that are read from end to end."""
    return {
        node["Relation Name"]
        for plan in plans
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in NAMES
    }


@pytest.mark.slow
def test_each_list_finds_its_rows_by_an_index(site: Site) -> None:
    """One test for all, as it takes long to fill the gyms."""
    found = {str(one): site.plans(one) for one in LISTS if str(one) not in UNINDEXED}
    assert {
        route: walked(plans) for route, plans in found.items() if walked(plans)
    } == {}
    silent = {
        route
        for route, plans in found.items()
        if not any(
            part.get("Relation Name") in NAMES for one in plans for part in nodes(one)
        )
    }
    assert silent == set(), "They read no table of a gym: say why in UNINDEXED."
    with site.gym.unit() as session, explained(site.gym.installation) as plans:
        for kind in ("indexscan", "indexonlyscan", "bitmapscan"):
            session.connection().execute(text(f"SET LOCAL enable_{kind} = off"))
        session.read(Statement(select(ClientGrant.id)))
        session.scalars(select(GymRole.id)).all()
    # A walk would be seen, on either way to the database.
    assert walked(plans) == {"client_grants", "roles"}


def indexes(plan: Plan) -> set[str]:
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}


def sorted_rows(plans: Sequence[Plan]) -> int:
    """The most rows that are sorted from scratch in any of the plans."""
    return max(
        (
            int(node["Plan Rows"])
            for plan in plans
            for node in nodes(plan)
            if node["Node Type"] == "Sort"
        ),
        default=0,
    )


@pytest.mark.slow
def test_no_list_sorts_all_its_rows_for_a_page(site: Site) -> None:
    found = {
        str(one): sorted_rows(site.plans(one))
        for one in LISTS
        if str(one) not in UNINDEXED
    }
    whole = {route for route, rows in found.items() if rows > MOST_SORTED}
    assert whole == set(FEW_ROWS)


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("name", IN_ORDER)
def test_a_list_that_grows_is_read_in_its_order(
    site: Site, name: str, direction: str
) -> None:
    (route,) = [one for one in LISTS if str(one) == name]
    growing = IN_ORDER[name]
    query = {**growing.query, "sort": f"{growing.sort}:{direction}"}
    (page,) = [
        plan
        for plan in site.plans(route, query)
        if plan["Node Type"] == "Limit" and growing.index in indexes(plan)
    ]
    kinds = {node["Node Type"] for node in nodes(page)}
    assert not kinds & {"Sort", "Incremental Sort"}, page


@pytest.mark.slow
def test_the_size_of_the_audit_log_costs_what_is_not_sealed(site: Site) -> None:
    analyzed = "ANALYZE, FORMAT JSON"
    with site.gym.unit() as session, explained(site.gym.installation, analyzed) as told:
        assert session.read_value(SIZE) >= ROWS
    (plan,) = told
    read = {
        node["Index Name"]: node["Actual Rows"] * node["Actual Loops"]
        for node in nodes(plan)
        if node.get("Relation Name") == "audit_entries" and node["Actual Loops"]
    }
    assert set(read) == {"ix_audit_entries__txid"}
    assert FEW <= read["ix_audit_entries__txid"] <= MOST_SORTED
