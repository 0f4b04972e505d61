"""Runtimes on the test database, with clocks that run fast."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

import pytest
import redis
from sqlalchemy import text

from core.app import Installation
from core.config import Settings
from core.db.unit import UnitOfWork
from core.ids import NIL
from core.jobs.actor import JobActor
from core.jobs.registry import Registry
from core.jobs.runtime import GymClock, JobRef, Runtime
from core.jobs.schedule import Every
from core.testing.kit import TestGym
from tests.core.jobs.probe import FAST

MakeRuntime = Callable[..., Runtime]


class Collector:
    """A sender that keeps what it is given."""

    def __init__(self, room: int = 100) -> None:
        self.left = room
        self.sent: list[JobRef] = []

    def room(self, queued: Callable[[], int]) -> int:
        assert queued() >= 0
        return self.left

    def send(self, refs: Sequence[JobRef]) -> None:
        self.sent += refs

    def forgot(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def empty_outbox(installation: Installation) -> UnitOfWork:
    """The relay sees every gym's jobs, also those that earlier tests left."""
    operator = installation.units("operator")
    with operator.open(NIL) as session:
        session.connection().execute(text("DELETE FROM outbox"))
    return operator


@pytest.fixture
def runtime(installation: Installation, gym: TestGym) -> MakeRuntime:
    def make(
        *actors: JobActor[...],
        schedules: Sequence[Every] = (),
        gyms: Sequence[GymClock] | None = None,
    ) -> Runtime:
        return Runtime(
            units=installation.units(),
            operator=installation.units("operator"),
            in_gym=installation.in_gym,
            gyms=lambda: gyms or [GymClock(gym.id, "Europe/Berlin")],
            registry=Registry(actors, schedules),
            switchable=installation.plugins.switchable,
            timing=FAST,
        )

    return make


@pytest.fixture
def redis_url(worker_id: str) -> Iterator[str]:
    """A Redis database of this test process's own."""
    number = 7 if worker_id == "master" else 8 + int(worker_id.removeprefix("gw")) % 8
    given = urlsplit(Settings.load().jobs.redis_url or "redis://127.0.0.1:6379")
    url = given._replace(path=f"/{number}").geturl()
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()
