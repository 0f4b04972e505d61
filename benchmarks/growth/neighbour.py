"""What the other gyms notice while one gym loads the platform as far as it goes.

    python -m benchmarks.growth.neighbour <port> <token> <seconds>

is the noisy one, in a process of its own so that it does not slow the clock of those
who are measured.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Final

import orjson
import psycopg

from benchmarks.requests.contenders import ROOT, Plan, own_redis, running
from benchmarks.requests.data import PASSWORD, Site
from benchmarks.requests.load import (
    BadAnswer,
    Connection,
    Planned,
    Tally,
    closed_loop,
    open_loop,
)
from benchmarks.requests.works import API, message

NOISY: Final = "bench-001"
OTHERS: Final = tuple(f"bench-{number:03}" for number in range(2, 8))

_SECONDS: Final = 8.0
_AHEAD_S: Final = 2.0
_RATE: Final = 20.0
_CONNECTIONS: Final = 16
_PER_MINUTE: Final = 600
_OK: Final = 200


def measure(place: Site) -> Mapping[str, str]:
    """Lists clients at the other gyms, with and without noise."""
    found = {}
    for limit in (None, _PER_MINUTE):
        _limit(place, limit)
        with (
            own_redis(place.home) as redis_url,
            running("palestra", Plan(place, Path(sys.executable), redis_url)) as server,
        ):
            others = {slug: _token(server.port, slug) for slug in OTHERS}
            noisy = _token(server.port, NOISY)
            if limit is None:
                _listen(server.port, others, _AHEAD_S)
                quiet = _listen(server.port, others, _SECONDS)
                found["quiet"] = _told(quiet)
            name = "noise" if limit is None else f"noise, held to {limit} a minute"
            found[name] = _beside(server.port, others, noisy)
    _limit(place, None)
    return found


def _beside(port: int, others: Mapping[str, str], noisy: str) -> str:
    """The others' latency while the noisy gym is at work, and its own answers."""
    with subprocess.Popen(  # noqa: S603 — our own command line
        [sys.executable, "-m", "benchmarks.growth.neighbour", str(port), noisy,
         str(_SECONDS + 2 * _AHEAD_S)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as noise:  # fmt: skip
        _listen(port, others, _AHEAD_S)
        heard = _listen(port, others, _SECONDS)
        said, _ = noise.communicate()
    return f"{_told(heard)}; the noisy one has {said.decode()}"


def _listen(port: int, others: Mapping[str, str], seconds: float) -> Tally:
    requests = cycle([_list(slug, token) for slug, token in others.items()])
    return open_loop(port, requests, rate=_RATE, connections=8, seconds=seconds)


def _told(tally: Tally) -> str:
    p50, p95 = (tally.quantile_s(share) * 1e3 for share in (0.5, 0.95))
    return (
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, {tally.failed} of {tally.answers} failed"
    )


def _list(slug: str, token: str) -> Planned:
    headers = {
        "Host": "127.0.0.1",
        "X-Tenant": slug,
        "Authorization": f"Bearer {token}",
    }
    raw = message("GET", f"{API}/members/clients?limit=20", headers, b"")
    return Planned("list", raw, _OK)


def _token(port: int, slug: str) -> str:
    body = orjson.dumps({"login": f"admin@{slug}.example", "password": PASSWORD})
    headers = {
        "Host": "127.0.0.1",
        "X-Tenant": slug,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    raw = message("POST", f"{API}/auth/login", headers, body)
    with Connection(port) as connection:
        status, _head, answer = connection.ask(Planned("login", raw, _OK))
    if status != _OK:
        raise BadAnswer(f"{slug} does not log in: {answer[:300]!r}")
    token: str = orjson.loads(answer)["data"]["accessToken"]
    return token


def _limit(place: Site, per_minute: int | None) -> None:
    limits = {} if per_minute is None else {"requestsPerMinute": per_minute}
    with psycopg.connect(place.superuser, autocommit=True) as connection:
        connection.execute(
            "UPDATE tenants_gyms SET limits = %s::jsonb WHERE slug = %s",
            [orjson.dumps(limits).decode(), NOISY],
        )


def main(port: str, token: str, seconds: str) -> None:
    """Sends as many requests as are answered, and says how many were."""
    without_end: Iterator[Planned] = cycle([_list(NOISY, token)])
    tally = closed_loop(
        int(port), without_end, connections=_CONNECTIONS, seconds=float(seconds)
    )
    sys.stdout.write(f"{tally.rate:,.0f} answers a second, {tally.failed} refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
