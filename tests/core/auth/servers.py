"""Several server processes over one database, and callers that never rest."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPMessage
from pathlib import Path
from typing import Any, Self

from core.app import Installation
from core.testing.server import PATIENT, UNLIMITED

REPOSITORY = Path(__file__).parents[3]
PATIENCE_S = 120
"""However busy the machine is; a wait ends as soon as what it waits for is there."""
WARM = 5
"""Accepted requests before anything is changed."""
ENOUGH = 20
"""Requests after the change, at each server."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        began: When the request was sent, on this process's steady clock.
        ended: When its answer had been read.
    """

    began: float
    ended: float
    status: int
    headers: HTTPMessage
    body: Any


@dataclass(frozen=True, slots=True)
class Server:
    """One process."""

    base: str

    def call(
        self,
        method: str,
        path: str,
        *,
        slug: str,
        token: str | None = None,
        body: Any = None,
    ) -> Answer:
        """Sends a request; paths that begin with ``/.`` are below no API."""
        headers = {"X-Tenant": slug, "Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = self.base + (path if path.startswith("/.") else f"/api/v1{path}")
        data = None if body is None else json.dumps(body).encode()
        sent = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
        began = time.monotonic()
        try:
            with urllib.request.urlopen(sent, timeout=PATIENCE_S) as got:  # noqa: S310
                raw, status, fields = got.read(), got.status, got.headers
        except urllib.error.HTTPError as error:
            with error:
                raw, status, fields = error.read(), error.code, error.headers
        ended = time.monotonic()
        return Answer(began, ended, status, fields, json.loads(raw) if raw else None)


def environment(installation: Installation, home: Path) -> dict[str, str]:
    """What a process needs to work on the test database."""
    database = installation.settings.database
    return {
        "PALESTRA_ENV": "test",
        "PALESTRA_HOME": str(home),
        "PALESTRA_LOG_LEVEL": "error",
        **UNLIMITED,
        **PATIENT,
        "DATABASE_URL": database.url or "",
        "PALESTRA_DATABASE_OPERATOR_URL": database.operator_url or "",
        "PALESTRA_DATABASE_OWNER_URL": database.owner_url or "",
        "PYTHONPATH": str(REPOSITORY),
        "PATH": os.defpath,
    }


@contextmanager
def serving(environ: Mapping[str, str], number: int = 2) -> Iterator[list[Server]]:
    """Runs ``number`` server processes for as long as the block runs."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.core.auth.server"],
            cwd=REPOSITORY,
            env=dict(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _number in range(number)
    ]
    try:
        yield [Server(f"http://127.0.0.1:{_port(process)}") for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.strip().isdigit(), "The server did not start."
    return int(line)


def wait_until(true: Callable[[], bool]) -> None:
    """Waits for something that another process does."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)


@dataclass
class Callers:
    """One caller for each server, asking for the same thing all the time."""

    servers: list[Server]
    ask: Callable[[Server], Answer]
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self.answers = {server.base: [] for server in self.servers}
        self._threads = [
            threading.Thread(target=self._run, args=(server,))
            for server in self.servers
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self._wait(lambda heard: len(heard) >= WARM)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def before(self, moment: float) -> set[int]:
        """Statuses of what was answered before ``moment``.

        Not of what was asked before: a request may be sent before a change and yet
        reach its server after it.
        """
        return {
            answer.status
            for heard in self.answers.values()
            for answer in heard
            if answer.ended < moment
        }

    def after(self, moment: float) -> list[int]:
        """Statuses of what was asked after ``moment``, once there is enough."""

        def later(heard: list[Answer]) -> list[int]:
            return [answer.status for answer in list(heard) if answer.began > moment]

        self._wait(lambda heard: len(later(heard)) >= ENOUGH)
        return [status for heard in self.answers.values() for status in later(heard)]

    def _wait(self, enough: Callable[[list[Answer]], bool]) -> None:
        wait_until(lambda: all(enough(heard) for heard in self.answers.values()))

    def _run(self, server: Server) -> None:
        while not self._stopped.is_set():
            self.answers[server.base].append(self.ask(server))
            time.sleep(0.002)
