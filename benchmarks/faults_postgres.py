"""Kills PostgreSQL while members are being written, and looks for what was promised.

    python -m benchmarks.faults_postgres [--kills 6] [--writers 8]

It starts `palestra up` in a folder of its own. Writers add members without a pause;
half of the kills are SIGKILL to the postmaster, half an immediate shutdown. The exit
code is 0 when every write that was answered with 201 is there afterwards, no request
hung, and each time writes went on without a restart of ours.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx

from core.app.demo import DEMO_PASSWORD

GYM = "iron-temple"
HUNG_S = 30.0
STARTS_S = 120.0
RECOVERS_S = 30.0
BETWEEN_S = 3.0


@dataclass
class Writers:
    """Clients that add members until they are told to stop."""

    base: str
    token: str
    written: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    last_success: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, writer: int) -> None:
        """Adds one member after the other; each has an address of its own."""
        with httpx.Client(timeout=HUNG_S) as client:
            number = 0
            while not self.stop.is_set():
                number += 1
                self._add(client, f"m{writer}-{number}@faults.example")

    def _add(self, client: httpx.Client, email: str) -> None:
        began = time.monotonic()
        try:
            answer = client.post(
                f"{self.base}/members/clients",
                headers={"Authorization": f"Bearer {self.token}"},
                json={"email": email, "name": "Mina Muster"},
            )
            said = str(answer.status_code)
        except httpx.TimeoutException:
            said = "hung"
        except httpx.TransportError as error:
            said = type(error).__name__
        ended = time.monotonic()
        self.answers[said] += 1
        self.slowest_s = max(self.slowest_s, ended - began)
        if said == "201":
            self.written.add(email)
            self.last_success = ended
        else:
            time.sleep(0.05)


def postmaster(home: Path) -> int | None:
    """The process id of the running server; None while there is none."""
    try:
        return int((home / "postgres/data/postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


@contextmanager
def palestra(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `palestra up`."""
    environ = {
        "PALESTRA_HOME": str(home),
        "PORT": str(port),
        "PALESTRA_LOG_LEVEL": "critical",
        "PALESTRA_RATE_LIMIT": "1000000/second",
        "PALESTRA_RATE_LIMIT_ADDRESS": "1000000/second",
        "PATH": os.environ["PATH"],  # noqa: TID251 — of a trial, not of the platform
    }
    command = [sys.executable, "-m", "core.cli", "up"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def log_in(root: str) -> str:
    """Waits until the platform answers, and logs the gym's admin in."""
    deadline = time.monotonic() + STARTS_S
    sent = {"email": f"admin@{GYM}.example", "password": DEMO_PASSWORD}
    while True:
        try:
            answer = httpx.post(f"{root}/t/{GYM}/api/v1/auth/login", json=sent)
            return str(answer.raise_for_status().json()["data"]["accessToken"])
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def attack(home: Path, writers: Writers, kills: int) -> list[float]:
    """Kills the server again and again; returns how long each recovery took."""
    recoveries = []
    for kill in range(kills):
        time.sleep(BETWEEN_S)
        pid = postmaster(home)
        if pid is None:
            raise click.ClickException("PostgreSQL is not running.")
        os.kill(pid, signal.SIGQUIT if kill % 2 else signal.SIGKILL)
        killed = time.monotonic()
        # Answers on their way at the kill are no recovery.
        while writers.last_success < killed + 0.5:
            if time.monotonic() - killed > RECOVERS_S:
                return [*recoveries, float("inf")]
            time.sleep(0.01)
        recoveries.append(writers.last_success - killed)
    return recoveries


def present(writers: Writers) -> set[str]:
    """The addresses of all members that can be read."""
    found: set[str] = set()
    headers = {"Authorization": f"Bearer {writers.token}"}
    page, pages = 1, 1
    while page <= pages:
        answer = httpx.get(
            f"{writers.base}/members/clients",
            params={"page": page, "limit": 100},
            headers=headers,
        )
        body = answer.raise_for_status().json()
        found |= {row["email"] for row in body["data"]}
        pages = body["meta"]["pagination"]["pages"]
        page += 1
    return found


@click.command(help=__doc__)
@click.option("--kills", default=6)
@click.option("--writers", "number", default=8)
def main(kills: int, number: int) -> None:
    """Runs the trial."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with palestra(home, port):
            writers = Writers(f"{root}/t/{GYM}/api/v1", log_in(root))
            threads = [
                threading.Thread(target=writers.run, args=(one,))
                for one in range(number)
            ]
            for thread in threads:
                thread.start()
            try:
                recoveries = attack(home, writers, kills)
            finally:
                writers.stop.set()
                for thread in threads:
                    thread.join()
            lost = writers.written - present(writers)
    told = ", ".join(f"{one:.1f}" for one in recoveries)
    click.echo(f"{'kills':14} {len(recoveries)}")
    click.echo(f"{'written again':14} after {told} s")
    click.echo(f"{'answers':14} {dict(writers.answers)}")
    click.echo(f"{'slowest':14} {writers.slowest_s:.1f} s")
    click.echo(f"{'hung':14} {writers.answers['hung']}")
    click.echo(f"{'lost':14} {len(lost)} of {len(writers.written)} answered writes")
    well = not lost and not writers.answers["hung"] and max(recoveries) < RECOVERS_S
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
