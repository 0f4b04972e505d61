"""A server that is told to stop under load: what it took, it answers."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from core.app import Installation
from core.testing.kit import PASSWORD, TestGym
from core.testing.server import PATIENT, UNLIMITED

REPOSITORY = Path(__file__).parents[3]
CALLERS = 8
WEB_PROCESSES = 2
PATIENCE_S = 120
"""However busy the machine is; a wait ends as soon as what it waits for is there."""
DRAIN_S = 2
KILLED = b"refused to gracefully stop"
"""What the server says when a web process does not heed a stop."""

Process: TypeAlias = subprocess.Popen[bytes]
Server: TypeAlias = tuple[int, Process]
"""Its port, and its process."""

pytestmark = pytest.mark.slow


@contextmanager
def started(installation: Installation, **changes: str) -> Iterator[Server]:
    """``palestra serve`` on the test database.

    The test tells it to stop; that it does so, and need not kill anybody, is checked
    here.
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
        **PATIENT,
        "DATABASE_URL": str(settings.database.url),
        "PALESTRA_DATABASE_OWNER_URL": str(settings.database.owner_url),
        "PALESTRA_DATABASE_OPERATOR_URL": str(settings.database.operator_url),
        **changes,
    }
    command = [sys.executable, "-m", "core.cli", "serve"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=said, stderr=said
        )
        try:
            yield port, process
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
            process.wait()
            said.seek(0)
            words = said.read()
            sys.stderr.buffer.write(words)
        assert KILLED not in words


@contextmanager
def serving(installation: Installation, **changes: str) -> Iterator[Server]:
    """The same, once it is ready."""
    with started(installation, **changes) as (port, process):
        wait_until(process, lambda: status(port) == 200)
        yield port, process


def wait_until(process: Process, fulfilled: Callable[[], bool]) -> None:
    """Looks again and again."""
    deadline = time.monotonic() + PATIENCE_S
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
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
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
        taken: Ports of those whose request the server was seen to have.
        broken: What went wrong, by the caller's port. A request that arrives in the
            moment of the stop may be turned away by the kernel, unread.
    """

    def __init__(self, port: int, gym: TestGym) -> None:
        self.answered: list[int] = []
        self.taken: set[int] = set()
        self.broken: dict[int, str] = {}
        self._waiting: set[int] = set()
        self._stop = threading.Event()
        self._port, self._gym = port, gym
        self._threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def are_taken(self) -> bool:
        """Notes whose request the server has now; whether those are half of them."""
        self.taken = set(self._waiting) & read_from(self._port)
        return len(self.taken) >= CALLERS // 2

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        body = json.dumps({"login": self._gym.email("coach"), "password": PASSWORD})
        headers = {"X-Tenant": self._gym.slug, "Content-Type": "application/json"}
        while not self._stop.is_set():
            connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=PATIENCE_S
            )
            try:
                connection.connect()
            except OSError:
                time.sleep(0.02)
                continue
            own = connection.sock.getsockname()[1]
            try:
                connection.request("POST", "/api/v1/auth/login", body, headers)
                self._waiting.add(own)
                answer = connection.getresponse()
                answer.read()
                self.answered.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.broken[own] = repr(error)
            finally:
                self._waiting.discard(own)
                connection.close()


def read_from(port: int) -> set[int]:
    """Ports of callers whose bytes the server at ``port`` has read, all that came.

    A connection that nobody has accepted has no inode yet.
    """
    found = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _number, here, there, _state, queues, *_timers, _user, _misses, inode = (
            line.split()[:10]
        )
        local, unread = int(here.split(":")[1], 16), int(queues.split(":")[1], 16)
        if local == port and inode != "0" and not unread:
            found.add(int(there.split(":")[1], 16))
    return found


def test_no_request_that_was_taken_fails(gym: TestGym) -> None:
    assert gym.users
    with serving(gym.installation) as (port, process):
        callers = Callers(port, gym)
        wait_until(process, lambda: len(callers.answered) >= 2 * CALLERS)
        assert callers.broken == {}
        wait_until(process, callers.are_taken)
        process.send_signal(signal.SIGTERM)
        while status(port) is not None:
            time.sleep(0.05)
        callers.stop()
    assert not callers.taken & callers.broken.keys()
    assert [one for one in callers.answered if one >= 500] == []


def test_a_draining_server_says_so_and_still_answers(gym: TestGym) -> None:
    assert gym.users
    with serving(gym.installation, PALESTRA_DRAIN_SECONDS="300") as (port, process):
        process.send_signal(signal.SIGTERM)
        wait_until(process, lambda: status(port) == 503)
        assert [status(port) for _ in range(20)] == [503] * 20
        process.send_signal(signal.SIGTERM)  # the second stops it at once


def test_a_server_drains_for_as_long_as_it_was_told(gym: TestGym) -> None:
    changes = {"PALESTRA_DRAIN_SECONDS": str(DRAIN_S)}
    with serving(gym.installation, **changes) as (_port, process):
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
    assert time.monotonic() - began >= DRAIN_S


def test_a_web_process_that_still_loads_heeds_a_stop(gym: TestGym) -> None:
    with started(gym.installation) as (port, process):
        wait_until(process, lambda: len(web_processes(process)) == WEB_PROCESSES)
        process.send_signal(signal.SIGTERM)
        while status(port) == 200:  # where it was done before it heard that
            time.sleep(0.05)


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
