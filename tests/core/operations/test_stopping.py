"""A server that is told to stop under load: what it took, it answers."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from core.app import Installation
from core.testing.kit import PASSWORD, TestGym
from core.testing.server import UNLIMITED

REPOSITORY = Path(__file__).parents[3]
CALLERS = 8
WEB_PROCESSES = 2
STOPS_WITHIN_S = 25
"""Less than the 30 seconds after which a web process that does not stop is killed."""

Process: TypeAlias = subprocess.Popen[bytes]
Server: TypeAlias = tuple[int, Process]
"""Its port, and its process."""

pytestmark = pytest.mark.slow


@contextmanager
def started(installation: Installation, **changes: str) -> Iterator[Server]:
    """``palestra serve`` on the test database.

    The test tells it to stop; that it does so in time is checked here.
    """
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    settings = installation.settings
    environment = {
        "PATH": os.environ["PATH"],  # noqa: TID251 — the child needs ours
        "PALESTRA_ENV": "test",
        "PALESTRA_HOME": str(settings.server.home),
        "PALESTRA_LOG_LEVEL": "warning",
        "PORT": str(port),
        "PALESTRA_WORKERS": str(WEB_PROCESSES),
        **UNLIMITED,
        "DATABASE_URL": str(settings.database.url),
        "PALESTRA_DATABASE_OWNER_URL": str(settings.database.owner_url),
        "PALESTRA_DATABASE_OPERATOR_URL": str(settings.database.operator_url),
        **changes,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "core.cli", "serve"], cwd=REPOSITORY, env=environment
    )
    try:
        yield port, process
        assert process.wait(STOPS_WITHIN_S) == 0
    finally:
        process.kill()
        process.wait()


@contextmanager
def serving(installation: Installation, **changes: str) -> Iterator[Server]:
    """The same, once it is ready."""
    with started(installation, **changes) as (port, process):
        wait_until(process, lambda: status(port) == 200)
        yield port, process


def wait_until(process: Process, fulfilled: Callable[[], bool]) -> None:
    """Looks again and again, for a minute at most."""
    deadline = time.monotonic() + 60
    while not fulfilled():
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def web_processes(process: Process) -> list[int]:
    """Process ids of what the server has forked, the oldest first."""
    pid = process.pid
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(one) for one in found.split()]


def status(port: int) -> int | None:
    """What ``/ready`` answers; None when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


class Callers:
    """Log-ins without a pause, each on a new connection.

    Attributes:
        answered: Statuses of what was answered.
        broken: What went wrong with requests that were sent before the stop. One that
            arrives in that very moment may be turned away by the kernel, unread.
    """

    def __init__(self, port: int, gym: TestGym) -> None:
        self.answered: list[int] = []
        self.broken: list[str] = []
        self._stop = threading.Event()
        self._told_at = float("inf")
        self._port, self._gym = port, gym
        self._threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def server_is_told(self) -> None:
        """Notes that the server is about to be told to stop."""
        self._told_at = time.monotonic()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        body = json.dumps({"login": self._gym.email("coach"), "password": PASSWORD})
        headers = {"X-Tenant": self._gym.slug, "Content-Type": "application/json"}
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            sent = float("inf")
            try:
                connection.connect()
            except OSError:
                time.sleep(0.02)
                continue
            try:
                connection.request("POST", "/api/v1/auth/login", body, headers)
                sent = time.monotonic()
                answer = connection.getresponse()
                answer.read()
                self.answered.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                if sent < self._told_at:
                    self.broken.append(repr(error))
            finally:
                connection.close()


def test_no_request_that_was_taken_fails(gym: TestGym) -> None:
    assert gym.users
    with serving(gym.installation) as (port, process):
        callers = Callers(port, gym)
        while len(callers.answered) < 2 * CALLERS:
            time.sleep(0.05)
        before = len(callers.answered)
        callers.server_is_told()
        process.send_signal(signal.SIGTERM)
        while status(port) is not None:
            time.sleep(0.05)
        callers.stop()
    assert len(callers.answered) > before
    assert callers.broken == []
    assert [one for one in callers.answered if one >= 500] == []


def test_a_draining_server_says_so_and_still_answers(gym: TestGym) -> None:
    assert gym.users
    with serving(gym.installation, PALESTRA_DRAIN_SECONDS="2") as (port, process):
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        seen: list[tuple[float, int]] = []
        while (found := status(port)) is not None:
            seen.append((time.monotonic() - began, found))
            time.sleep(0.1)
        lasted = time.monotonic() - began
    assert {found for _after, found in seen[1:]} == {503}
    # However slow the machine: it still answered when half of the pause was over.
    assert any(after >= 1 for after, _found in seen)
    assert lasted >= 1.9


def test_a_web_process_that_still_loads_heeds_a_stop(gym: TestGym) -> None:
    with started(gym.installation) as (port, process):
        wait_until(process, lambda: len(web_processes(process)) == WEB_PROCESSES)
        process.send_signal(signal.SIGTERM)
        assert status(port) != 200


def test_a_web_process_that_is_killed_is_replaced_and_the_server_still_stops(
    gym: TestGym,
) -> None:
    with serving(gym.installation) as (_port, process):
        victim = web_processes(process)[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(
            process,
            lambda: (
                victim not in web_processes(process)
                and len(web_processes(process)) == WEB_PROCESSES
            ),
        )
        # The new one still loads, which is when a signal is lost most easily.
        process.send_signal(signal.SIGTERM)
