"""How the database finds the rows of each list, where there are many of many gyms."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import event, select, text

from core.app import Installation, create_app
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

    def plans(self, route: Route) -> list[Plan]:
        """How each SELECT of a list runs, as the gym's admin calls it."""
        path = route.path(**{name: self._ids[name] for name in route.arguments})
        query = (
            {"clientId": self._ids["client_id"]} if str(route) in OF_A_CLIENT else {}
        )
        with explained(self.gym.installation) as found:
            answer = self.gym.api("admin").at("GET", path, query=query)
        assert answer.status_code == 200, f"{route}: {answer.text}"
        return found


@contextmanager
def explained(installation: Installation) -> Iterator[list[Plan]]:
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
            asked = Prepared(f"EXPLAIN (FORMAT JSON) {statement.text}")
            ((told,),) = original(self, asked, values, tuple)
            plans.extend(one["Plan"] for one in told)
        return original(self, statement, values, make_row)

    def executed(*arguments: Any) -> None:
        _connection, cursor, statement, values = arguments[:4]
        if is_select(statement):
            asked = cursor.connection.execute(
                f"EXPLAIN (FORMAT JSON) {statement}", values
            )
            plans.extend(one["Plan"] for one in asked.fetchone()[0])

    engine = installation.databases.app
    with ExitStack() as stack:
        stack.enter_context(patch.object(Connection, "run", run))
        event.listen(engine, "before_cursor_execute", executed)
        stack.callback(event.remove, engine, "before_cursor_execute", executed)
        yield plans


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


def test_what_needs_no_index_is_a_list_that_exists() -> None:
    assert set(UNINDEXED) <= {str(route) for route in LISTS}


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
