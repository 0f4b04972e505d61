"""What an event costs whoever emits it, by how many listen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import pytest

from core.clock import utc_now
from core.context import current
from core.ids import new_id
from core.jobs.actor import JobActor, actor
from core.jobs.events import Subscription, emit
from core.plugin.manager import Plugins
from core.plugin.manifest import Manifest
from core.plugin.spec import hookimpl
from core.testing.kit import TestGym
from core.testing.plugin import QueryCount
from tests.performance.counting import RUNS, WARM_UP, calls_of

MANY = 28
"""Plugins that listen to one event, in a gym that has them all."""

PER_LISTENER = 17
"""Calls that one more listener may cost, on Python 3.11."""


@dataclass(frozen=True)
class Held:
    session_id: UUID
    at: datetime


def _hear(event: Held) -> None:
    raise AssertionError(event)


class Listener:
    """A plugin that listens."""

    def __init__(self, number: int) -> None:
        name = f"listener{number:02}"
        self.manifest = Manifest(id=name, title="L", summary="Listens.", version="1")
        self.note: JobActor[Held] = actor(f"{name}.note")(_hear)

    @hookimpl
    def subscribers(self) -> list[Subscription]:
        """Gives the event."""
        return [(Held, self.note)]


@pytest.fixture
def plugins() -> Plugins:
    return Plugins([Listener(number) for number in range(MANY)])


def tell(gym: TestGym, plugins: Plugins, listening: int) -> Callable[[], None]:
    """Emits an event to so many listeners, in a transaction of its own."""
    names = [manifest.id for manifest in plugins.manifests][:listening]

    def run() -> None:
        with gym.unit():
            here = current()
            here.hooks_for = plugins.for_tenant
            here.gym = replace(here.require_gym(), plugins=frozenset(names))
            assert emit(Held(new_id(), utc_now())) == listening

    return run


def test_all_who_listen_are_written_by_one_statement(
    gym: TestGym, plugins: Plugins, count_queries: Callable[[], QueryCount]
) -> None:
    with count_queries() as seen:
        tell(gym, plugins, MANY)()
    about = [one.split(" (")[0] for one in seen.statements if "outbox" in one]
    assert about == ["INSERT INTO outbox"]


def test_one_more_listener_costs_little(gym: TestGym, plugins: Plugins) -> None:
    costs = []
    for listening in (1, MANY):
        run = tell(gym, plugins, listening)
        for _ in range(WARM_UP):
            run()
        costs.append(min(calls_of(run) for _ in range(RUNS)))
    one, many = costs
    assert many - one <= PER_LISTENER * (MANY - 1), (one, many)
