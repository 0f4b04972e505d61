"""What the trials of faults attack: real processes, a Redis and gyms of their own.

    python -m benchmarks.fleet relay|work [worker id]

runs one of the processes that ``Fleet`` starts.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid5

import click
import redis

from core.app import Installation
from core.config import Settings
from core.db import roles
from core.db.unit import session
from core.ids import NIL, new_id
from core.jobs.actor import actor
from core.jobs.registry import Registry
from core.jobs.runtime import Runtime
from core.jobs.tokens import WorkerId
from core.jobs.worker import dispatch_until_stopped, work_until_stopped
from core.logging import configure_logging
from core.rbac.models import ClientGrant
from core.testing.server import TestServer, test_server

SOURCE = "faults"
WORKERS, THREADS = 3, 4
_PATIENCE_S = 20.0


@actor("faults.effect", max_attempts=50)
def effect(*, number: int, lasts_s: float) -> None:
    """Writes a row that a second run would not replace, and takes its time."""
    session().add(
        ClientGrant(user_id=new_id(), client_id=subject(number), source=SOURCE)
    )
    session().flush()
    time.sleep(lasts_s)


def subject(number: int) -> UUID:
    """What the job of this number leaves its mark on."""
    return uuid5(NIL, str(number))


@dataclass
class OwnRedis:
    """A Redis that keeps nothing on disk and may be killed."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            raise click.ClickException("Install redis-server; this trial kills it.")
        self.process = subprocess.Popen(  # noqa: S603 — found on the path just now
            [program, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        self._configure(self.process)
        deadline = time.monotonic() + _PATIENCE_S
        while not self._answers():
            if time.monotonic() > deadline:
                raise click.ClickException("redis-server does not answer.")
            time.sleep(0.02)

    def restart(self) -> None:
        """Kills it without warning and starts it, empty."""
        self.stop(signal.SIGKILL)
        self.start()

    def flush(self) -> None:
        """Makes it forget."""
        with redis.Redis.from_url(self.url) as client:
            client.flushdb()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()

    def _configure(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 — asked for as a pipe
        lines = (f"port {self.port}", "bind 127.0.0.1", 'save ""', f"dir {self.folder}")
        process.stdin.write("\n".join(lines).encode())
        process.stdin.close()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@dataclass
class Fleet:
    """Relay and workers, as ``palestra worker`` supervises them."""

    env: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _ids: dict[str, WorkerId] = field(default_factory=dict)

    def start_all(self) -> None:
        """Starts the relay and every worker."""
        for name in ("relay", *(f"work-{number}" for number in range(WORKERS))):
            self.start(name)

    def start(self, name: str) -> None:
        """Starts a process: ``relay`` or ``work…``."""
        command = [sys.executable, "-m", "benchmarks.fleet", name.partition("-")[0]]
        worker_id = self._ids.setdefault(name, WorkerId.fresh())
        self.running[name] = subprocess.Popen(  # noqa: S603 — our own command line
            [*command, str(worker_id)], env=self.env
        )

    def kill(self, name: str) -> None:
        """Kills a process without warning and starts it again."""
        process = self.running[name]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.start(name)

    def stop(self) -> None:
        """Ends all of them."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait()


@dataclass
class Scene:
    """An empty installation with processes around it."""

    installation: Installation
    server: TestServer
    fleet: Fleet
    redis: OwnRedis

    def gym(self, slug: str) -> UUID:
        """Makes a gym."""
        return self.installation.directory.create(
            self.installation.units("operator"),
            slug=slug,
            name=slug.title(),
            timezone="Europe/Berlin",
            locale="en",
            currency="EUR",
            admin_email=f"admin@{slug}.example",
            admin_name="Admin",
            admin_password=f"Fault-{new_id()}-Aa!",
        )


@contextmanager
def scene(database: str) -> Iterator[Scene]:
    """Starts everything but relay and workers, and ends it all at the end."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        own_redis = OwnRedis(home, _free_port())
        with test_server(home / "server") as server:
            server.query(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            roles.ensure(server.admin, database)
            settings = server.settings(database, home)
            configure_logging(settings.log)
            fleet = Fleet(environment(settings) | {"REDIS_URL": own_redis.url})
            try:
                own_redis.start()
                with Installation(settings) as installation:
                    installation.migrations.upgrade()
                    yield Scene(installation, server, fleet, own_redis)
            finally:
                fleet.stop()
                own_redis.stop()
                server.query(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def environment(settings: Settings) -> dict[str, str]:
    """What a process needs to work on the database of ``settings``."""
    database = settings.database
    return {
        "PALESTRA_ENV": "test",
        "PALESTRA_HOME": str(settings.server.home),
        "PALESTRA_LOG_LEVEL": "critical",
        "DATABASE_URL": database.url or "",
        "PALESTRA_DATABASE_OPERATOR_URL": database.operator_url or "",
        "PALESTRA_DATABASE_OWNER_URL": database.owner_url or "",
        "PATH": os.defpath,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def main(part: str, worker_id: str) -> None:
    """Runs one process of the fleet."""
    settings = Settings.load()
    configure_logging(settings.log)
    redis_url = settings.jobs.redis_url or ""
    with Installation(settings) as installation:
        runtime = Runtime(
            units=installation.units(),
            operator=installation.units("operator"),
            in_gym=installation.in_gym,
            gyms=list,
            registry=Registry([effect]),
        )
        if part == "relay":
            dispatch_until_stopped(runtime, redis_url, threads=WORKERS * THREADS)
        else:
            work_until_stopped(
                runtime,
                redis_url,
                threads=THREADS,
                worker_id=WorkerId.parse(worker_id),
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
