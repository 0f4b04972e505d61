"""What the lists of a large gym cost, and by which way the database reads them.

Every route that is declared ``paged`` is asked by the gym's admin, and each SELECT that
it sends is explained with the values it was sent with.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final, cast
from urllib.parse import urlencode

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import Engine, event

from benchmarks.growth.caller import Application, best_of
from benchmarks.requests.data import Facts, facts
from benchmarks.requests.load import quantile
from benchmarks.requests.table import aligned
from benchmarks.requests.works import login_target
from core.db import roles
from core.db.driver import Connection
from core.http.blueprint import operation_of

SLOW_MS: Final = 20.0
"""Slower lists are named; at 200 ms a promise is broken."""

PROMISED_MS: Final = 200.0

_CALLS: Final = 30
_LARGE: Final = 1_000
"""Rows from which on reading a whole table is a fault."""

_IDS: Final = {
    "client_id": "SELECT client_id FROM passes_passes WHERE tenant_id = %s LIMIT 1",
    "coach_id": "SELECT coach_id FROM scheduling_overrides WHERE tenant_id = %s"
    " LIMIT 1",
    "webhook_id": "SELECT id FROM webhook_endpoints WHERE tenant_id = %s LIMIT 1",
    "pass_id": "SELECT pass_id FROM passes_ledger WHERE tenant_id = %s"
    " GROUP BY pass_id ORDER BY count(*) DESC LIMIT 1",
}
"""Placeholder of a path → an id that there is much to list about."""

_NARROWED: Final[Mapping[str, Sequence[Mapping[str, str]]]] = {
    "/api/v1/scheduling/sessions": (
        {"coachId": "coach_id"},
        {"clientId": "session_client_id"},
        {"status": "scheduled"},
        {"coachId": "coach_id", "dateFrom": "day", "dateTo": "day"},
        {"page": "5000"},
    ),
    "/api/v1/members/clients": (
        {"q": "heap777@"},
        {"coachId": "coach_id"},
        {"tag": "morning"},
        {"sort": "name"},
    ),
    "/api/v1/users": ({"q": "heap777@"}, {"role": "coach"}),
    "/api/v1/passes": ({"clientId": "client_id"},),
    "/api/v1/audits": ({"userId": "coach_id"}, {"entityId": "session_id"}),
    "/api/v1/notifications": ({"userId": "client_id"}, {"status": "failed"}),
    "/api/v1/jobs": ({"state": "dead"},),
}
"""Queries besides the plain one; a value that names a fact stands for it."""

_REQUIRED: Final = {
    "/api/v1/milestones": {"clientId": "client_id"},
}


Said = tuple[str, Any]
"""A statement, and its values by place or by name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the database answers one statement.

    Attributes:
        took_ms: By its own count.
        ways: The scans, such as ``ix_users__name 20``, with the rows that each read.
        whole: Large tables that it reads from end to end.
    """

    took_ms: float
    ways: tuple[str, ...]
    whole: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as it was asked for.

    Attributes:
        p95_ms: What a call takes, by the clock.
        app_us: Processor time of a call; ``db_us`` is the database's.
        total: Rows that it counts, where it does.
        plans: Of its SELECTs, the longest first.
    """

    what: str
    p95_ms: float
    app_us: float
    db_us: float
    total: int | None
    plans: Sequence[Plan]

    @property
    def whole(self) -> set[str]:
        """Large tables that are read from end to end."""
        return {table for plan in self.plans for table in plan.whole}


class Lists:
    """The lists of the measured gym, as its admin reads them."""

    def __init__(self, running: Application) -> None:
        self._running = running
        self._known: Facts = facts(running.place)
        login = running.prepare(login_target(self._known.admin))
        self._token = running.data(login)["accessToken"]
        self._values = self._facts()

    def measure(self) -> Iterator[Listed]:
        """Asks for every list, plain and narrowed."""
        for rule, path in self._routes():
            for query in ({}, *_NARROWED.get(rule, ())):
                wanted = {**_REQUIRED.get(rule, {}), **query}
                yield self._listed(path, wanted)

    def _routes(self) -> Iterator[tuple[str, str]]:
        """Rule and path of each list of a gym."""
        app = self._running.app
        for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
            operation = operation_of(app.view_functions.get(rule.endpoint))
            if operation is None or not operation.paged or operation.reach != "gym":
                continue
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<uuid:{name}>", self._values[name])
            yield rule.rule, path

    def _facts(self) -> Mapping[str, str]:
        found = {
            "day": self._known.first_day,
            "session_id": str(self._known.sessions[0]),
            "session_client_id": str(self._known.clients[0]),
        }
        with psycopg.connect(self._running.place.superuser) as connection:
            for name, statement in _IDS.items():
                row = connection.execute(
                    statement.encode(), [self._known.tenant_id]
                ).fetchone()
                found[name] = str(row[0] if row else self._known.tenant_id)
        return found

    def _listed(self, path: str, wanted: Mapping[str, str]) -> Listed:
        query = urlencode({n: self._values.get(v, v) for n, v in wanted.items()})
        running = self._running
        environ = running.prepare(("GET", f"{path}?{query}", b""), token=self._token)
        for _ in range(6):
            running.call(environ)
        with noted(running.installation.databases.app) as said:
            answer = orjson.loads(running.call(environ))
        took = []
        for _ in range(_CALLS):
            began = time.perf_counter()
            running.call(environ)
            took.append(time.perf_counter() - began)
        cost = best_of(running.rounds(repeat(environ)))
        plans = [self._explained(*statement) for statement in said]
        named = " ".join(f"{n}={v}" for n, v in wanted.items())
        return Listed(
            f"{path.removeprefix('/api/v1')} {named}".strip(),
            quantile(took, 0.95) * 1e3,
            cost.app * cost.pace_us,
            cost.db * cost.pace_us,
            answer["meta"].get("pagination", {}).get("total"),
            sorted(plans, key=lambda plan: -plan.took_ms),
        )

    def _explained(self, text: str, values: Any) -> Plan:
        """Explains a SELECT as the gym's role, with the plan for these values."""
        named = isinstance(values, Mapping)
        with psycopg.connect(
            self._running.place.urls[roles.APP],
            cursor_factory=psycopg.Cursor if named else psycopg.RawCursor,
        ) as connection:
            connection.execute(
                sql.SQL("SET LOCAL app.tenant_id = {}").format(
                    sql.Literal(str(self._known.tenant_id))
                )
            )
            row = connection.execute(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {text}".encode(), values
            ).fetchone()
            connection.rollback()
        told = cast("Sequence[Any]", row)[0][0]
        scans = list(_scans(told["Plan"]))
        return Plan(
            told["Execution Time"],
            tuple(f"{way} {read:,}" for way, read in scans),
            tuple(
                way for way, read in scans if way.startswith("seq ") and read >= _LARGE
            ),
        )


def _scans(node: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Each scan of a plan, and how many rows it read in all."""
    kind = node["Node Type"]
    if "Scan" in kind and kind not in {"Bitmap Heap Scan", "CTE Scan"}:
        dropped = node.get("Rows Removed by Filter", 0)
        read = int((node["Actual Rows"] + dropped) * node["Actual Loops"])
        if "Index Name" in node:
            yield node["Index Name"], read
        else:
            yield f"seq {node.get('Relation Name', kind)}", read
    for below in node.get("Plans", ()):
        yield from _scans(below)


@contextmanager
def noted(engine: Engine) -> Iterator[list[Said]]:
    """Notes the SELECTs of this process that run meanwhile, with their values."""
    said: list[Said] = []
    run = Connection.run

    def noting(self: Connection, statement: Any, values: Any, *rest: Any) -> Any:
        if statement.text.startswith("SELECT"):
            said.append((statement.text, list(values)))
        return run(self, statement, values, *rest)

    def hearing(*arguments: Any) -> None:
        text, values = arguments[2:4]
        if text.startswith("SELECT"):
            said.append((text, values))

    Connection.run = noting  # type: ignore[assignment,method-assign]
    event.listen(engine, "before_cursor_execute", hearing)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", hearing)
        Connection.run = run  # type: ignore[method-assign]


def table(lists: Sequence[Listed]) -> str:
    """All lists as text, with the scans of the longest statement of each."""
    lines: list[Sequence[str]] = [
        ("list", "read by", "rows in all", "p95 ms", "app µs", "db µs", "note")
    ]
    for one in lists:
        first = one.plans[0] if one.plans else Plan(0.0, (), ())
        notes = [f"reads all of {name[4:]}" for name in sorted(one.whole)]
        if one.p95_ms > SLOW_MS:
            notes.append(f"over {SLOW_MS:.0f} ms")
        lines.append(
            (
                one.what,
                ", ".join(first.ways),
                "" if one.total is None else f"{one.total:,}",
                f"{one.p95_ms:.1f}",
                f"{one.app_us:,.0f}",
                f"{one.db_us:,.0f}",
                "; ".join(notes),
            )
        )
    return aligned(lines)


def broken(lists: Sequence[Listed]) -> list[str]:
    """What was promised and is not kept, a line each."""
    return [
        f"{one.what}: " + ", ".join([f"{one.p95_ms:.0f} ms", *sorted(one.whole)])
        for one in lists
        if one.whole or one.p95_ms > PROMISED_MS
    ]
