"""Measures what logging in promises, and exits with 1 when a promise is broken.

    python -m benchmarks.auth_rules [--samples 300]

It starts the embedded PostgreSQL in a folder of its own (or uses the server of
TEST_DATABASE_URL) and calls the application in this process:

* of many refreshes of one token at once, one successor lives;
* of many wrong passwords at once, as many are hashed as the limit says;
* a forgotten password and a failed log-in take as long for an unknown account as for a
  known one: their medians differ by less than five milliseconds.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
from sqlalchemy import select

from core.app import Installation, create_app
from core.auth.account_models import AuthAttempt
from core.auth.attempts import FREE
from core.auth.models import RefreshToken
from core.auth.passwords import matches
from core.clock import frozen_at, utc_now
from core.db import roles
from core.db.writes import delete_where
from core.logging import configure_logging
from core.testing.kit import PASSWORD, TestGym
from core.testing.server import test_server

DATABASE = "palestra_auth_rules"
REFRESHES = 50
GUESSES = 80
GAP_S = 0.005
THREADS = 16
WARM_UP = 10
WRONG = "Wrong-Lamp-42!"


def refreshes(gym: TestGym) -> bool:
    """Sends one refresh token many times at once."""
    sent = {"login": gym.email("client"), "password": PASSWORD}
    token = gym.api().post("/auth/login", sent, expect=200)["refreshToken"]

    def refresh(_number: int) -> str | None:
        answer = gym.api().raw("POST", "/auth/refresh", json={"refreshToken": token})
        body = answer.get_json()
        return str(body["data"]["refreshToken"]) if body["ok"] else None

    with ThreadPoolExecutor(THREADS) as pool:
        answered = list(pool.map(refresh, range(REFRESHES)))
    successors = {one for one in answered if one is not None}
    with gym.unit() as session:
        live = session.scalars(
            select(RefreshToken.id).where(
                RefreshToken.user_id == gym.user("client"),
                RefreshToken.rotated_at.is_(None),
            )
        ).all()
    click.echo(
        f"refreshes    {REFRESHES} at once: {len(successors)} successor answered,"
        f" {len(live)} live"
    )
    return len(successors) == len(live) == 1


def guesses(gym: TestGym) -> bool:
    """Sends wrong passwords at one moment, and counts the hashes."""
    sent = {"login": gym.email("coach"), "password": WRONG}
    now = utc_now()

    def guess(_number: int) -> int:
        # The limit is one of a moment: each second of waiting frees another guess.
        with frozen_at(now):
            return gym.api().raw("POST", "/auth/login", json=sent).status_code

    with counted_hashes() as hashed, ThreadPoolExecutor(THREADS) as pool:
        statuses = list(pool.map(guess, range(GUESSES)))
    click.echo(
        f"guesses      {GUESSES} at once, limit {FREE}: {len(hashed)} hashed,"
        f" {statuses.count(429)} refused unseen"
    )
    return len(hashed) == FREE and statuses.count(429) == GUESSES - FREE


@contextmanager
def counted_hashes() -> Iterator[list[bool]]:
    """Notes every comparison of a password with a hash."""
    noted: list[bool] = []

    def noting(known: str | None, password: str) -> bool:
        noted.append(matches(known, password))
        return noted[-1]

    with patch("core.auth.login.matches", noting):
        yield noted


def forgotten(gym: TestGym, samples: int) -> bool:
    """Compares asking for a new password."""
    return even(
        gym,
        "forgot",
        samples,
        lambda login: gym.api().raw(
            "POST", "/auth/password/forgot", json={"login": login}
        ),
    )


def failed(gym: TestGym, samples: int) -> bool:
    """Compares logging in with a wrong password."""
    return even(
        gym,
        "log-in",
        samples,
        lambda login: gym.api().raw(
            "POST", "/auth/login", json={"login": login, "password": WRONG}
        ),
    )


def even(gym: TestGym, what: str, samples: int, call: Callable[[str], Any]) -> bool:
    """Times calls for known and unknown accounts by turns; says if they are even."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * (samples + WARM_UP)):
        known = number % 2 == 0
        login = gym.email("team") if known else f"n{number}@{gym.slug}.example"
        begun = time.perf_counter()
        call(login)
        spent[known].append(time.perf_counter() - begun)
        with gym.unit() as session:
            delete_where(session, AuthAttempt)
    medians = {key: statistics.median(times[WARM_UP:]) for key, times in spent.items()}
    gap = abs(medians[True] - medians[False])
    click.echo(
        f"{what:12} median of {samples}: known {medians[True] * 1000:.2f} ms,"
        f" unknown {medians[False] * 1000:.2f} ms, apart {gap * 1000:.2f} ms"
    )
    return gap < GAP_S


@contextmanager
def gym_on_a_server_of_its_own() -> Iterator[TestGym]:
    """A fresh gym in a database that is dropped afterwards."""
    with tempfile.TemporaryDirectory() as folder, test_server(Path(folder)) as server:
        server.query(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        roles.ensure(server.admin, DATABASE)
        try:
            settings = server.settings(DATABASE, Path(folder) / "home")
            configure_logging(settings.log)
            with Installation(settings) as installation:
                installation.migrations.upgrade()
                gym = TestGym(create_app(installation=installation), installation)
                gym.user("client")
                yield gym
        finally:
            server.query(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


@click.command(help=__doc__)
@click.option("--samples", default=300, show_default=True)
def main(samples: int) -> None:
    """Measures; the exit code says whether every promise was kept."""
    with gym_on_a_server_of_its_own() as gym:
        kept = [
            refreshes(gym),
            guesses(gym),
            forgotten(gym, samples),
            failed(gym, samples),
        ]
    click.echo("kept" if all(kept) else "BROKEN")
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
