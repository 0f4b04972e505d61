"""One step of an axis, in a process of its own: what each work costs there.

    python -m benchmarks.growth.step < order.json > costs.json

A process of its own, because what an application learnt about ten thousand gyms must
not help it in the next step.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import count, cycle, repeat
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import urlencode
from uuid import UUID, uuid4

import psycopg

from benchmarks.growth import made
from benchmarks.growth.caller import (
    STRETCHES,
    Application,
    Cost,
    Environ,
    application,
    best_of,
)
from benchmarks.requests.data import Facts, Scale, Site, facts
from benchmarks.requests.load import BadAnswer
from benchmarks.requests.works import (
    API,
    BOOK,
    PAGE,
    READ,
    Access,
    Target,
    audits_target,
    login_target,
)
from core.audit.sealing import seal_gym
from core.auth.testing import issue_token

_DISTINCT: Final = 200
_ANOTHER: Final = "another"
_TOGETHER: Final = 10
"""Gyms first met in one round."""

_ADMINS: Final = """
    SELECT g.id, g.slug, u.id FROM tenants_gyms g
    JOIN users u ON u.tenant_id = g.id AND u.role = 'admin'
    ORDER BY g.id
"""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be measured.

    Attributes:
        place: The database.
        works: Names of ``WORKS``, or ``another``: a list of each gym in turn.
        plugins: How many plugins; 0 for those that are installed.
        all_listen: Whether the made ones listen to bookings.
    """

    place: Site
    works: Sequence[str]
    plugins: int = 0
    all_listen: bool = False

    def dumps(self) -> str:
        """As the process of a step reads it."""
        place = {**asdict(self.place), "home": str(self.place.home)}
        return json.dumps({**asdict(self), "place": place})

    @classmethod
    def loads(cls, text: str) -> "Order":
        """Reads what ``dumps`` wrote."""
        told: dict[str, Any] = json.loads(text)
        place = told.pop("place")
        place["home"] = Path(place["home"])
        place["scale"] = Scale(**place["scale"])
        return cls(place=Site(**place), **told)


class _Works:
    """Makes requests of the measured gym."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._facts: Facts = facts(application.place)
        login = application.prepare(login_target(self._facts.admin))
        self._token = application.data(login)["accessToken"]
        self._access = Access(self._token)

    def requests(self, name: str) -> Iterator[Environ]:
        """Requests of a work without end."""
        if name == "book":
            for number in count(self._facts.next_booking):
                target = BOOK.target(self._facts, self._access, number)
                yield self._prepared(target, key=str(uuid4()))
        target_of = WORKS[name]
        yield from cycle(
            [self._prepared(target_of(self._facts, n)) for n in range(_DISTINCT)]
        )

    def seal(self) -> None:
        """Seals the audit log, as the worker of an installation does all the time."""
        installation, gym = self._application.installation, self._facts.tenant_id
        seal_gym(installation.units(), gym, installation.anchors)

    def check(self, name: str) -> None:
        """Holds a list to the rows it must have, so that steps compare.

        Raises:
            BadAnswer: It has another number of rows.
        """
        if name not in {"list", "audits"}:
            return
        rows = len(self._application.data(next(self.requests(name))))
        if rows != PAGE:
            raise BadAnswer(f"{name} gives {rows} rows.")

    def _prepared(self, target: Target, *, key: str = "") -> Environ:
        return self._application.prepare(target, token=self._token, key=key)


def _list(known: Facts, number: int) -> Target:
    """The sessions of a coach on two days, of which each has ten."""
    coach = known.coaches[number % len(known.coaches)]
    days = max(1, known.days - 1)
    # Not the last day, which may end early.
    at = number // len(known.coaches) % max(1, days - 1)
    first = date.fromisoformat(known.first_day) + timedelta(days=at)
    return _get(
        "/scheduling/sessions",
        coachId=coach,
        dateFrom=first,
        dateTo=first + timedelta(days=1),
        limit=PAGE,
    )


def _read(known: Facts, number: int) -> Target:
    return READ.target(known, Access(""), number)


def _search(known: Facts, _number: int) -> Target:
    """A client by a part of the e-mail address that no other has."""
    which = random.randrange(len(known.clients))  # noqa: S311 — spreads, no secret
    return _get("/members/clients", q=f"client{which}@", limit=PAGE)


def _get(path: str, **query: object) -> Target:
    return "GET", f"{API}{path}?{urlencode(query)}", b""


WORKS: Final[Mapping[str, Callable[[Facts, int], Target]]] = {
    "list": _list,
    "read": _read,
    "members": lambda _known, _number: _get("/members/clients", limit=PAGE),
    "search": _search,
    "audits": lambda _known, _number: audits_target(),
    "dashboard": lambda _known, _number: ("GET", f"{API}/admin/dashboard/summary", b""),
}
"""What is asked, besides ``book``, which is another booking each time."""


def measure(order: Order) -> Mapping[str, Cost]:
    """Measures the works of an order, one after the other."""
    plugins = None
    if order.plugins:
        plugins = made.plugins(order.plugins, all_listen=order.all_listen)
    found: dict[str, Cost] = {}
    with (order.place.home / "growth.log").open("w", encoding="utf-8") as log:
        if _ANOTHER in order.works:
            found |= _in_turn(order.place, log)
        with application(order.place, log, plugins) as running:
            works = _Works(running)
            asked = [name for name in order.works if name != _ANOTHER]
            for name in asked:
                if name == "audits":
                    works.seal()
                works.check(name)
            found |= _by_turns(running, {name: works.requests(name) for name in asked})
    return found


def _by_turns(
    running: Application, works: Mapping[str, Iterator[Environ]]
) -> Mapping[str, Cost]:
    """Measures works a stretch at a time, so that a bad moment meets all of them."""
    found: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(STRETCHES):
        for name, requests in works.items():
            found[name] += running.rounds(requests)
    return {name: best_of(costs) for name, costs in found.items()}


def _in_turn(place: Site, log: TextIO) -> Mapping[str, Cost]:
    """A short list of each gym: when first met, and when all were."""
    with psycopg.connect(place.superuser) as connection:
        admins: list[tuple[UUID, str, UUID]] = connection.execute(_ADMINS).fetchall()
    target = _get("/members/coaches", limit=PAGE)
    requests = []
    with application(place, log) as first:
        for gym, slug, admin in admins:
            with first.installation.in_gym(gym):
                token = issue_token(first.app, tenant_id=gym, user_id=admin)
            requests.append(first.prepare(target, token=token, slug=slug))
    with psycopg.connect(place.superuser, autocommit=True) as connection:
        # So many log-ins at once are news to the planner, too.
        connection.execute("ANALYZE")
    # Another one, which has not met these gyms.
    with application(place, log) as running:
        running.call({**requests[0], "PATH_INFO": "/ready", "QUERY_STRING": ""})
        running.call(running.prepare(login_target(facts(place).admin)))
        running.rounds(repeat(requests[0]), many=1)
        first = [
            running.spent(requests[place : place + _TOGETHER], running.together())
            for place in range(1, len(requests), _TOGETHER)
        ]
        return {
            "first": best_of(first),
            **_by_turns(running, {"again": cycle(requests)}),
        }


def main() -> None:
    """Reads an order and prints the costs."""
    found = measure(Order.loads(sys.stdin.read()))
    sys.stdout.write(json.dumps({name: asdict(cost) for name, cost in found.items()}))


if __name__ == "__main__":
    main()
