"""Counts in several web processes, kills one, and compares with what was asked.

    python -m benchmarks.metrics_processes [--workers 4] [--requests 1000]

It starts the whole platform with ``palestra up`` in a fresh folder, sends requests to
all web processes at once, and reads ``/metrics``. Then it kills a web process without
warning and does the same again. The exit code is 0 when both times the counter holds
exactly the number of requests that were answered.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import OK, HTTPConnection
from pathlib import Path

import click

ROUTE = "/health"
CALLERS = 16
PATIENCE_S = 900.0

_COUNTED = re.compile(
    r'^http_requests_total{method="GET",route="/health",status_code="200"} (\S+)$',
    re.MULTILINE,
)
_TIMED = re.compile(
    r"^http_request_duration_seconds_count"
    r'{method="GET",route="/health",status_code="200"} (\S+)$',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform.

    Attributes:
        port: Where it listens.
        folder: Where its processes count.
    """

    port: int
    folder: Path

    def get(self, path: str) -> str:
        """Asks on a connection of its own, as each stays with one web process.

        Raises:
            ConnectionError: It was not answered well.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != OK:
            raise ConnectionError(f"{path} answered {answer.status}.")
        return text

    def figures(self) -> str:
        """What ``/metrics`` shows now."""
        return self.get("/metrics")

    def counted(self) -> tuple[float, float]:
        """Requests to ``ROUTE``: by the counter, and by the histogram."""
        text = self.figures()
        return _number(_COUNTED, text), _number(_TIMED, text)

    def web_processes(self) -> list[int]:
        """The ids of the live web processes."""
        places = [path.read_text().split() for path in self.folder.glob("place-*")]
        return [int(place[0]) for place in places if place[2:] == ["web"]]

    def ask(self, many: int) -> None:
        """Sends requests from several callers at once.

        Raises:
            ConnectionError: One was not answered well.
        """
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(self.get, [ROUTE] * many))


@contextmanager
def platform(home: Path, workers: int) -> Iterator[Platform]:
    """Starts ``palestra up`` in ``home`` and waits until it is ready."""
    port = _free_port()
    environment = {
        "PATH": os.defpath,
        "PALESTRA_HOME": str(home),
        "PALESTRA_WORKERS": str(workers),
        "PALESTRA_LOG_LEVEL": "error",
        "PALESTRA_RATE_LIMIT_ADDRESS": "1000000/second",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "core.cli", "up", "--no-demo"]
    started = subprocess.Popen(  # noqa: S603 — our own command line
        command, env=environment, stdout=subprocess.DEVNULL
    )
    found = Platform(port, home / "run" / "metrics")
    try:
        wait_until(
            lambda: (
                _runs(started)
                and len(found.web_processes()) == workers
                and _ready(found)
            )
        )
        yield found
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(PATIENCE_S)


def lose_one(found: Platform) -> None:
    """Kills a web process and waits until another has taken its place."""
    before = set(found.web_processes())
    os.kill(min(before), signal.SIGKILL)
    wait_until(
        lambda: (
            len(set(found.web_processes()) - {min(before)}) == len(before)
            and _ready(found)
        )
    )


def wait_until(true: Callable[[], bool]) -> None:
    """Waits until something is so.

    Raises:
        TimeoutError: It did not come about.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("The platform did not get there in time.")
        time.sleep(0.1)


def _runs(process: subprocess.Popen[bytes]) -> bool:
    """True; a process that ended cannot become ready.

    Raises:
        ChildProcessError: It ended.
    """
    if process.poll() is not None:
        raise ChildProcessError(f"palestra up ended with {process.returncode}.")
    return True


def _ready(found: Platform) -> bool:
    try:
        found.get("/ready")
    except OSError:
        return False
    return True


def _number(pattern: re.Pattern[str], text: str) -> float:
    match = pattern.search(text)
    return float(match[1]) if match else 0.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@click.command()
@click.option("--workers", default=4, help="Web processes.")
@click.option("--requests", default=1_000, help="Requests before and after the kill.")
def main(workers: int, requests: int) -> None:
    """Runs the trial and prints what was counted."""
    with (
        tempfile.TemporaryDirectory() as folder,
        platform(Path(folder), workers) as found,
    ):
        found.ask(requests)
        first = found.counted()
        lose_one(found)
        found.ask(requests)
        second = found.counted()
        began = time.perf_counter()
        size = len(found.figures())
        scrape_ms = (time.perf_counter() - began) * 1000
        files = len(list(found.folder.glob("*.db")))
    click.echo(f"{workers} web processes, {requests} requests: counted {first[0]:g}")
    click.echo(f"one killed, {requests} more: counted {second[0]:g}")
    click.echo(f"a scrape: {size} bytes in {scrape_ms:.0f} ms, {files} files")
    exact = (first, second) == ((requests,) * 2, (2 * requests,) * 2)
    sys.exit(0 if exact else 1)


if __name__ == "__main__":
    main()
