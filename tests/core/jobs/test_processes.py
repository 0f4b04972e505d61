"""Whole processes, killed at the worst moment, and a broker that forgets."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import select, update

from core.app import Installation
from core.clock import utc_now
from core.db.unit import session
from core.jobs.actor import actor
from core.jobs.broker import RedisSender, connect, receive, unreachable
from core.jobs.inprocess import InProcess
from core.jobs.models import OutboxJob
from core.jobs.outbox import enqueue
from core.jobs.relay import Relay
from core.jobs.supervisor import Supervisor
from core.testing.kit import TestGym
from tests.core.jobs.conftest import MakeRuntime
from tests.core.jobs.patience import PATIENCE_S, wait_until
from tests.core.jobs.probe import count, linger, mark, marks

REPOSITORY = Path(__file__).parents[3]


def all_done(gym: TestGym) -> bool:
    return set(states(gym)) == {"done"}


def states(gym: TestGym) -> list[str]:
    with gym.unit():
        return sorted(session().scalars(select(OutboxJob.state)))


def leases_run_out(gym: TestGym) -> bool:
    """Makes those that were granted end now; a test need not wait for it then."""
    with gym.unit() as unit:
        unit.connection().execute(
            update(OutboxJob)
            .where(OutboxJob.tenant_id == gym.id, OutboxJob.lease_until.is_not(None))
            .values(lease_until=utc_now() - timedelta(seconds=1))
        )
    return True


def effects(gym: TestGym, number: int | None = None) -> int:
    with gym.unit():
        return marks(number)


@pytest.fixture
def environment(installation: Installation, redis_url: str) -> dict[str, str]:
    settings = installation.settings
    database = settings.database
    return {
        "PALESTRA_ENV": "test",
        "PALESTRA_HOME": str(settings.server.home),
        "PALESTRA_LOG_LEVEL": "error",
        "DATABASE_URL": database.url or "",
        "PALESTRA_DATABASE_OPERATOR_URL": database.operator_url or "",
        "PALESTRA_DATABASE_OWNER_URL": database.owner_url or "",
        "REDIS_URL": redis_url,
        "PATH": os.defpath,
    }


Start = Callable[[str], subprocess.Popen[bytes]]


def command(part: str) -> list[str]:
    return [sys.executable, "-m", "tests.core.jobs.process", part]


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(part: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command(part), cwd=REPOSITORY, env=environment)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_a_worker_killed_at_work_leaves_one_effect(
    gym: TestGym, start: Start, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    with gym.unit():
        enqueue(linger, args={"number": 1, "started": str(begun)})
    start("relay")
    first = start("work")
    wait_until(begun.exists)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    wait_until(lambda: leases_run_out(gym) and states(gym) != ["running"])
    start("work")
    wait_until(lambda: all_done(gym))
    assert effects(gym) == 1
    with gym.unit():
        assert session().scalar(select(OutboxJob.attempts)) == 2


def test_a_worker_told_to_stop_finishes_its_job(
    gym: TestGym, start: Start, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    begun.touch()
    relay, worker = start("relay"), start("work")
    with gym.unit():
        enqueue(linger, args={"number": 1, "started": str(begun)})
    wait_until(lambda: all_done(gym))
    for process in (relay, worker):
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_broker_that_forgets_everything_loses_nothing(
    gym: TestGym, start: Start, runtime: MakeRuntime, redis_url: str
) -> None:
    surroundings = runtime(count, linger)
    with gym.unit():
        for number in range(20):
            enqueue(count, args={"number": number})
    broker = connect(redis_url)
    assert Relay(surroundings, RedisSender(broker, window=64)).forward() == 20
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() > 0
        client.flushdb()
    broker.client.close()
    assert leases_run_out(gym)
    start("relay")
    start("work")
    wait_until(lambda: all_done(gym))
    assert [effects(gym, number) for number in range(20)] == [1] * 20


def test_the_broker_carries_ids_and_no_more_than_its_window(
    gym: TestGym, runtime: MakeRuntime, redis_url: str
) -> None:
    with gym.unit():
        for number in range(5):
            enqueue(count, args={"number": number})
    broker = connect(redis_url)
    relay = Relay(runtime(count), RedisSender(broker, window=3))
    assert [relay.forward(), relay.forward()] == [3, 0]
    with redis.Redis.from_url(redis_url) as client:
        held = b"".join(client.hvals("palestra-jobs:palestra.msgs"))
    broker.client.close()
    assert held.count(str(gym.id).encode()) == 3
    assert b"number" not in held


def test_a_broker_that_was_emptied_is_noticed_by_every_relay(
    gym: TestGym, runtime: MakeRuntime, redis_url: str
) -> None:
    with gym.unit():
        enqueue(count, args={"number": 1})
    brokers = [connect(redis_url), connect(redis_url)]
    relays = [Relay(runtime(count), RedisSender(one, window=9)) for one in brokers]
    assert [relay.recover() for relay in relays] == [0, 0]
    assert relays[0].forward() == 1
    assert [relay.recover() for relay in relays] == [0, 0]
    brokers[0].client.flushdb()
    assert relays[1].recover() == 1
    assert relays[1].forward() == 1
    assert relays[0].recover() == 1
    assert [relay.recover() for relay in relays] == [0, 0]
    for broker in brokers:
        broker.client.close()


def test_an_absent_broker_is_told_of() -> None:
    assert unreachable("redis://127.0.0.1:1/0") is not None


def test_a_present_broker_is_well(redis_url: str) -> None:
    assert unreachable(redis_url) is None
    broker = connect(redis_url)
    receive(broker, lambda _ref: None)
    assert broker.get_declared_actors() == {"palestra.run"}
    broker.client.close()


@contextmanager
def draining(drain: InProcess) -> Iterator[None]:
    drain.start()
    try:
        yield
    finally:
        drain.stop(PATIENCE_S)


def test_without_a_broker_threads_of_several_processes_share_the_work(
    gym: TestGym, other_gym: TestGym, runtime: MakeRuntime
) -> None:
    surroundings = runtime(count)
    for one in (gym, other_gym):
        with one.unit():
            for number in range(30):
                enqueue(count, args={"number": number})
    with (
        draining(InProcess(surroundings, threads=2)),
        draining(InProcess(surroundings, threads=2)),
    ):
        wait_until(lambda: all_done(gym) and all_done(other_gym))
    for one in (gym, other_gym):
        assert [effects(one, number) for number in range(30)] == [1] * 30


def test_stopping_gives_back_what_has_not_begun(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    begun, go = threading.Event(), threading.Event()

    @actor("probe.hold")
    def hold(*, number: int) -> None:
        begun.set()
        assert go.wait(PATIENCE_S)
        mark(number)

    with gym.unit():
        for number in range(3):
            enqueue(hold, args={"number": number})
    drain = InProcess(runtime(hold), threads=1)
    drain.start()
    assert begun.wait(PATIENCE_S)
    wait_until(lambda: drain.room(lambda: 0) == 0)  # so that the others are there, too
    drain.stop(0.2)
    assert states(gym) == ["pending", "pending", "running"]
    go.set()
    wait_until(lambda: states(gym) == ["done", "pending", "pending"])


def test_the_supervisor_starts_again_what_was_killed() -> None:
    script = "import time; time.sleep(600)"
    supervisor = Supervisor(
        {"a": [sys.executable, "-c", script], "b": [sys.executable, "-c", script]},
        kill_after_s=5,
    )
    thread = threading.Thread(target=supervisor.supervise)
    thread.start()
    wait_until(lambda: len(supervisor.pids) == 2)
    before = supervisor.pids
    os.kill(before["a"], signal.SIGKILL)
    wait_until(lambda: supervisor.pids.get("a") not in {None, before["a"]})
    assert supervisor.pids["b"] == before["b"]
    last = supervisor.pids
    supervisor.stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    for pid in last.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
