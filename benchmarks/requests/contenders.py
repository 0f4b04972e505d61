"""The contenders: how each is started, and what each may rely on.

Every contender answers HTTP on one loopback port. The harness starts its server from
the root of the checkout with this in the environment, and little else:

``BENCH_DATABASE_URL``
    libpq address (``postgresql://…``) of the database as role ``palestra_app``, over
    the unix socket. Row level security binds it: each transaction sets
    ``app.tenant_id``.
``BENCH_OPERATOR_URL``
    The same as role ``palestra_operator``.
``BENCH_KEYS_DIR``
    The installation's key folder. The one ``jwt-*.pem`` in it signs and verifies access
    tokens (RS256, ``kid`` is the RFC 7638 thumbprint); a token of one contender need
    not be good at another. ``master.key`` holds the 32 bytes that the keys of people in
    the audit log are sealed under.
``BENCH_IN_FLIGHTS``
    Set for the limit, which is the floor with Palestra's shortcuts to libpq.
``BENCH_PORT``, ``BENCH_WORKERS``
    Where it listens on 127.0.0.1, and in how many processes (2). The harness passes
    both to granian itself; they are here for information.

========== ======================================================= ===================
name       application                                              server
========== ======================================================= ===================
floor      ``benchmarks.requests.floor.app:app``, WSGI              granian, 1 thread
limit      the same                                                granian, 1 thread
palestra   ``palestra serve``, production settings                  granian, as shipped
drf        ``benchmarks.requests.peers.drf.app:app``, WSGI          granian, 1 thread
fastapi    ``benchmarks.requests.peers.fast.app:app``, ASGI         granian, uvloop
========== ======================================================= ===================

The peers run under ``.venv-peers``, where nothing of Palestra is installed: they import
their own modules and what ``peers/requirements.txt`` (with granian) names.

Every request carries ``X-Tenant: bench-000``, all but the first a bearer token that the
contender's own log-in gave; the two ``POST`` below it an ``Idempotency-Key`` that is
new each time. Bodies are JSON.

=========== ====================================================== ======
work        request, below ``/api/v1``                             status
=========== ====================================================== ======
login       ``POST /auth/login`` ``{"login": …, "password": …}``   200
list        ``GET /scheduling/sessions?coachId=&dateFrom=&dateTo=``
            ``&limit=20``, as the admin                            200
read        ``GET /scheduling/sessions/<id>``                      200
book        ``POST /scheduling/sessions`` with ``clientId``,
            ``coachId``, ``startsAt``, ``endsAt``                  201
reschedule  ``PATCH /scheduling/sessions/<id>`` with ``startsAt``,
            ``endsAt``                                             200
redeem      ``POST /passes/redeem`` ``{"code": …}``                201
audits      ``GET /audits?limit=20``                               200
audits500   the same with ``&cursor=``, the contender's own,
            from walking there                                     200
=========== ====================================================== ======

Refused alike are: a list without a token (401), a limit above 100 and a booking with a
faulty and an unknown field (400), a session or a code that is not there (404), and a
slot that is taken (409).

``GET /ready`` answers 200 as soon as requests can be served. Every other answer has a
``Content-Length``. The answers mean what
Palestra's mean: the same envelope and ``data``, but for ids and moments that are made
on the way (``agreement.py`` compares them).
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from benchmarks.fleet import OwnRedis
from benchmarks.requests.data import Site, settings_of
from core.db import roles

ROOT: Final = Path(__file__).resolve().parents[2]
PEERS: Final = ROOT / ".venv-peers"
NAMES: Final = ("floor", "limit", "palestra", "drf", "fastapi")
WORKERS: Final = 2

_PATIENCE_S: Final = 60.0
_GRACE_S: Final = 15.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UNLIMITED: Final = "1000000/second"


class NotStarted(Exception):
    """A contender cannot be started; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What all contenders are started with.

    Attributes:
        place: The database.
        peers: The Python of ``.venv-peers``.
        redis_url: Where Palestra's rate limits count, as in production.
    """

    place: Site
    peers: Path
    redis_url: str


@dataclass(frozen=True, slots=True)
class Server:
    """A contender that answers.

    Attributes:
        name: One of ``NAMES``.
        port: On 127.0.0.1.
        pid: Of its first process.
    """

    name: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Seconds of processor time that its processes have used so far."""
        return cpu_of_tree(self.pid)


@contextmanager
def own_redis(home: Path) -> Iterator[str]:
    """Starts a Redis that keeps nothing, and gives its address."""
    server = OwnRedis(home, free_port())
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def running(name: str, plan: Plan) -> Iterator[Server]:
    """Starts a contender, waits until it serves, and ends it.

    Raises:
        NotStarted: It does not come up.
    """
    port = free_port()
    log = plan.place.home / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 — our own command lines
            _command(name, plan, port),
            cwd=ROOT,
            env=_environment(name, plan, port),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        _await(process, port, name, log)
        yield Server(name, port, process.pid)
    finally:
        _end(process)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def cpu_of_tree(root: int) -> float:
    """Seconds of processor time of a process and of all that descend from it."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            # A process may end while we look.
            with suppress(OSError):
                fields = stat_fields((entry / "stat").read_text())
                parents[int(entry.name)] = int(fields[1])
                used[int(entry.name)] = int(fields[11]) + int(fields[12])
    tree = found = {root}
    while found:
        found = {pid for pid, parent in parents.items() if parent in tree} - tree
        tree = tree | found
    return sum(used.get(pid, 0) for pid in tree) / _TICKS


def stat_fields(text: str) -> list[str]:
    """What ``/proc/<pid>/stat`` says after the name, which may hold anything."""
    return text.rpartition(")")[2].split()


def _command(name: str, plan: Plan, port: int) -> Sequence[str]:
    if name == "palestra":
        return [sys.executable, "-m", "core.cli", "serve"]
    floor = (sys.executable, "wsgi", "benchmarks.requests.floor.app:app")
    applications = {
        "floor": floor,
        "limit": floor,
        "drf": (str(plan.peers), "wsgi", "benchmarks.requests.peers.drf.app:app"),
        "fastapi": (str(plan.peers), "asgi", "benchmarks.requests.peers.fast.app:app"),
    }
    python, interface, application = applications[name]
    if shutil.which(python) is None:
        raise NotStarted(f"{python} is missing: `make bench` makes it.")
    threads = ["--blocking-threads", "1"] if interface == "wsgi" else []
    loop = ["--loop", "uvloop"] if interface == "asgi" else []
    return [
        python, "-m", "granian", "--interface", interface, "--host", "127.0.0.1",
        "--port", str(port), "--workers", str(WORKERS), *threads, *loop,
        "--backlog", "1024", "--log-level", "warning", application,
    ]  # fmt: skip


def _environment(name: str, plan: Plan, port: int) -> Mapping[str, str]:
    place = plan.place
    common = {"PATH": os.defpath, "HOME": str(place.home), "LANG": "C.UTF-8"}
    if name == "palestra":
        return {
            **common,
            **settings_of(place.home, place.urls),
            "PALESTRA_ENV": "production",
            "PORT": str(port),
            "PALESTRA_BASE_DOMAIN": "gyms.example",
            "PALESTRA_PUBLIC_URL": "https://gyms.example",
            "REDIS_URL": plan.redis_url,
            "SMTP_URL": "smtp://127.0.0.1:9",
            "PALESTRA_WORKERS": str(WORKERS),
            # Counted as ever, and never reached.
            "PALESTRA_RATE_LIMIT": _UNLIMITED,
            "PALESTRA_RATE_LIMIT_AUTH": _UNLIMITED,
            "PALESTRA_RATE_LIMIT_ADDRESS": _UNLIMITED,
        }
    return {
        **common,
        "BENCH_DATABASE_URL": place.urls[roles.APP],
        "BENCH_OPERATOR_URL": place.urls[roles.OPERATOR],
        **({"BENCH_IN_FLIGHTS": "1"} if name == "limit" else {}),
        "BENCH_KEYS_DIR": str(place.keys_dir),
        "BENCH_PORT": str(port),
        "BENCH_WORKERS": str(WORKERS),
    }


def _await(process: subprocess.Popen[bytes], port: int, name: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not _ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-3000:]
            raise NotStarted(f"{name} does not serve; {log} says:\n{said}")
        time.sleep(0.1)


def _ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    with suppress(OSError, HTTPException), closing(connection):
        connection.request("GET", "/ready")
        return connection.getresponse().status == HTTPStatus.OK
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a contender; what it started goes with its session at the latest."""
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
