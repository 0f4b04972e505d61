"""What each kind of request costs; a figure that rises is a decision, not an accident.

Counts, never seconds: they are the same on every machine.
"""

from collections.abc import Callable

import pytest

from core.app import Installation
from core.http.pipeline import Palestra
from core.testing.kit import TestGym
from tests.performance.counting import RUNS, WARM_UP, Cost, Meter, calls_of
from tests.performance.house import MANY, House

PINS = {
    "list": Cost(1, 3, 1, 1, 133, 1150),
    "read": Cost(1, 3, 1, 1, 77, 1100),
    "book": Cost(10, 9, 1, 1, 77, 1900),
    "reschedule": Cost(9, 9, 1, 1, 77, 1900),
    "log in": Cost(8, 12, 3, 1, 77, 2200),
    "redeem": Cost(10, 10, 1, 1, 77, 1950),
    "audits": Cost(2, 4, 1, 1, 279, 1480),
    "audits by cursor": Cost(1, 3, 1, 1, 247, 1480),
    "members": Cost(2, 4, 1, 1, 133, 1300),
}
"""What each may cost at most, calls with a little room on Python 3.11; later versions
make fewer. A log-in checks the password between its transactions, so it has three."""

PER_ROW = {"list": 4, "audits": 14, "members": 13}
"""Calls that one more row of a list may cost."""


@pytest.fixture(scope="module")
def house(app: Palestra, installation: Installation) -> House:
    return House(TestGym(app, installation))


@pytest.fixture
def meter(installation: Installation) -> Meter:
    return Meter(installation)


@pytest.mark.parametrize("work", PINS)
def test_a_request_costs_what_it_did(house: House, meter: Meter, work: str) -> None:
    cost, pinned = meter.cost(house.requests[work]), PINS[work]
    assert cost.statements <= pinned.statements, cost
    assert cost.messages <= pinned.messages, cost
    assert cost.calls <= pinned.calls, cost
    assert (cost.connections, cost.at_once) == (pinned.connections, pinned.at_once)
    assert cost.envelope == pinned.envelope


def test_every_work_is_pinned(house: House) -> None:
    assert set(house.requests) == set(PINS)


def cheapest(ask: Callable[[], object]) -> int:
    """Calls of a request, in the run in which no cache was renewed."""
    return min(calls_of(ask) for _ in range(RUNS))


@pytest.mark.parametrize("work", PER_ROW)
def test_a_longer_list_costs_little_more(house: House, work: str) -> None:
    ask = getattr(house, work)
    for limit in (1, MANY):
        for _ in range(WARM_UP):
            assert len(ask(limit).get_json()["data"]) == limit
    one, many = cheapest(lambda: ask(1)), cheapest(lambda: ask(MANY))
    assert many - one <= PER_ROW[work] * (MANY - 1), (one, many)


def test_a_walk_through_rows_would_be_seen() -> None:
    """Else the figures above would hold whatever is added."""

    def look(row: int) -> int:
        return row

    assert calls_of(lambda: [look(row) for row in range(10)]) >= 11
    more = calls_of(lambda: [look(row) for row in range(60)])
    assert more - calls_of(lambda: [look(row) for row in range(10)]) == 50
