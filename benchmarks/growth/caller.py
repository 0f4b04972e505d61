"""Calls the application in this process, and reads what a call costs.

Processor time, not wall time: it says almost the same on a machine that has other
things to do. The application's is this process's own, the database's that of the
backends that serve it, which the kernel counts in nanoseconds.

Almost: whoever else uses a processor leaves it with cold caches. So application and
backend are bound to one processor, calls come in many short rounds, and what counts is
the round that only a tenth of them undercut. And each round stands between two runs of
a fixed piece of Python and is counted in these; what a run takes at its best turns the
figures into microseconds again.
"""

import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final, TextIO

import orjson
import psycopg

from benchmarks.requests.data import MEASURED, Site, settings_of
from benchmarks.requests.load import BadAnswer, quantile
from benchmarks.requests.works import Target
from core.app import Installation, create_app
from core.config import Settings
from core.db import roles
from core.http.pipeline import Palestra
from core.logging import configure_logging
from core.plugin.manager import Plugins

Environ = dict[str, Any]
"""A request as WSGI has it; the body is under ``bench.body``."""

_NEVER_REACHED: Final = "1000000/second"
_MULTIPLE_CHOICES: Final = 300
_WARM: Final = 20
_ROUND_S: Final = 0.02
_SHARE: Final = 0.1

STRETCHES: Final = 5
"""A figure is made of so many, with other work between them."""

ROUNDS: Final = 24
"""Of a stretch."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one call; see above for what counts.

    Attributes:
        app: Processor time of the application, in runs of ``pace``.
        db: Of the database's backends, likewise.
        pace_us: The shortest run of ``pace`` meanwhile, in microseconds.
        bytes: Of the answer's body.
        stretches: What both make together when only a fifth of the rounds counts, one
            after the other: how far they differ is how much a figure is good for.
    """

    app: float
    db: float
    pace_us: float
    bytes: int
    stretches: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """The application, in this process.

    Attributes:
        app: As it is served.
        installation: What it is built from.
        place: Its database.
    """

    app: Palestra
    installation: Installation
    place: Site

    def prepare(
        self, target: Target, *, token: str = "", slug: str = MEASURED, key: str = ""
    ) -> Environ:
        """Makes a request."""
        method, path, body = target
        path, _, query = path.partition("?")
        environ: Environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_X_TENANT": slug,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "bench.body": body,
        }
        if token:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        if key:
            environ["HTTP_IDEMPOTENCY_KEY"] = key
        if body:
            environ["CONTENT_TYPE"] = "application/json"
            environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def call(self, environ: Environ) -> bytes:
        """Sends a request and returns the body of its answer.

        Raises:
            BadAnswer: It is no success.
        """
        said: list[str] = []

        def start(status: str, _headers: Any, _error: Any = None) -> Callable[..., Any]:
            said.append(status)
            return said.append

        sent = {**environ, "wsgi.input": io.BytesIO(environ["bench.body"])}
        answer = self.app(sent, start)
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        if int(said[0][:3]) >= _MULTIPLE_CHOICES:
            where = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
            raise BadAnswer(f"{where} is answered {said[0]}: {body[:600]!r}")
        return body

    def data(self, environ: Environ) -> Any:
        """Sends a request and returns what the envelope holds."""
        return orjson.loads(self.call(environ))["data"]

    def backends(self) -> list[int]:
        """Process ids of the database's backends that serve the application."""
        with psycopg.connect(self.place.superuser) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = ANY (%s)",
                [[roles.APP, roles.OPERATOR]],
            )
            return [row[0] for row in found]

    def together(self) -> list[int]:
        """Binds this process and its backends to one processor; names the backends."""
        backends = self.backends()
        processor = min(os.sched_getaffinity(0))
        for pid in (0, *backends):
            os.sched_setaffinity(pid, {processor})
        return backends

    def rounds(
        self, requests: Iterator[Environ], *, many: int = ROUNDS
    ) -> Sequence[Cost]:
        """What one of these requests costs, once everything is warm.

        Args:
            requests: Without end; each is sent once.
            many: How many rounds, each of a fiftieth of a second, or of a request
                that takes longer.
        """
        began, size = time.process_time(), 0
        for one in islice(requests, _WARM):
            size = len(self.call(one))
        warm_s = (time.process_time() - began) / _WARM
        each = max(1, min(50, int(_ROUND_S / max(warm_s, 1e-4))))
        found: list[Cost] = []
        while len(found) < many:
            # The pool replaces a connection now and then; that round does not count.
            with suppress(FileNotFoundError):
                backends = self.together()
                batch = list(islice(requests, each))
                found.append(self.spent(batch, backends, size))
        return found

    def spent(
        self, requests: Sequence[Environ], backends: Sequence[int], size: int = 0
    ) -> Cost:
        """What each of these requests costs, in one round."""
        first = pace()
        before, began = _run_ns(backends), time.process_time_ns()
        for one in requests:
            self.call(one)
        app = time.process_time_ns() - began
        # What a backend does is counted at its next switch: it is asleep by then.
        time.sleep(0.002)
        database = _run_ns(backends) - before
        last = pace()
        unit = (first + last) / 2 * len(requests)
        return Cost(app / unit, database / unit, min(first, last) / 1e3, size)


def best_of(costs: Sequence[Cost]) -> Cost:
    """The cost that a tenth of the rounds undercut."""
    many = min(STRETCHES, len(costs))
    edges = [len(costs) * place // many for place in range(many + 1)]
    return Cost(
        _undercut([cost.app for cost in costs]),
        _undercut([cost.db for cost in costs]),
        min(cost.pace_us for cost in costs),
        costs[0].bytes,
        tuple(
            _undercut([cost.app + cost.db for cost in costs[first:last]])
            for first, last in pairwise(edges)
        ),
    )


def _undercut(values: Sequence[float]) -> float:
    return round(quantile(values, _SHARE), 6)


def pace() -> int:
    """Nanoseconds of processor time that a fixed piece of Python takes now.

    It makes and reads what a request does: small objects, texts and mappings.
    """
    began = time.process_time_ns()
    for number in range(100):
        row = {f"key{n}": (n, str(number + n)) for n in range(20)}
        text = ",".join(value for _n, value in row.values())
        if len(orjson.loads(orjson.dumps(text.split(",")))) != len(row):
            raise AssertionError
    return time.process_time_ns() - began


def _run_ns(pids: Sequence[int]) -> int:
    """Nanoseconds that processes have run, as the scheduler counts them."""
    return sum(
        int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0])
        for pid in pids
    )


@contextmanager
def application(
    place: Site, log: TextIO, plugins: Plugins | None = None
) -> Iterator[Application]:
    """Builds the application on a filled database, as a web process does.

    Args:
        place: The database.
        log: Takes the log lines, which are made as in production.
        plugins: Those of the installation when left out.
    """
    settings = Settings.load(
        {
            **settings_of(place.home, place.urls),
            "PALESTRA_ENV": "test",
            "PALESTRA_LOG_FORMAT": "json",
            "PALESTRA_LOG_LEVEL": "info",
            "PALESTRA_RATE_LIMIT": _NEVER_REACHED,
            "PALESTRA_RATE_LIMIT_AUTH": _NEVER_REACHED,
            "PALESTRA_RATE_LIMIT_ADDRESS": _NEVER_REACHED,
        }
    )
    configure_logging(settings.log, log)
    with Installation(settings, plugins=plugins) as installation:
        yield Application(create_app(installation=installation), installation, place)
