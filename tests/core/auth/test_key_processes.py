"""``palestra keys rotate`` beside two servers that go on answering."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from core.app import Installation
from core.auth.keys import LEEWAY, PUBLISHED_FIRST
from core.testing.kit import PASSWORD, TestGym
from tests.core.auth.servers import (
    REPOSITORY,
    Server,
    environment,
    serving,
    wait_until,
)

ACCESS_TTL = timedelta(minutes=15)


class Place:
    """Two servers with keys of their own."""

    def __init__(
        self, gym: TestGym, servers: list[Server], environ: dict[str, str]
    ) -> None:
        self.gym, self.servers, self.environ = gym, servers, environ
        self.folder = gym.installation.settings.server.keys_dir.name
        self.home = Path(environ["PALESTRA_HOME"])
        _id = gym.user("team")

    def rotate(self) -> str:
        """Runs the command; returns the new key's id."""
        ran = subprocess.run(
            [str(Path(sys.executable).with_name("palestra")), "keys", "rotate"],
            cwd=REPOSITORY,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.strip().removeprefix("New signing key ").removesuffix(".")

    def log_in(self, server: Server) -> str:
        body = {"login": self.gym.email("team"), "password": PASSWORD}
        answer = server.call("POST", "/auth/login", slug=self.gym.slug, body=body)
        token: str = answer.body["data"]["accessToken"]
        return token

    def kids_that_sign(self) -> list[str]:
        """Which key each server signs with now."""
        return [
            jwt.get_unverified_header(self.log_in(server))["kid"]
            for server in self.servers
        ]

    def published(self) -> list[set[str]]:
        """What each server publishes now."""
        return [
            {key["kid"] for key in self.jwks(server)["keys"]} for server in self.servers
        ]

    def jwks(self, server: Server) -> dict[str, list[dict[str, str]]]:
        answer = server.call("GET", "/.well-known/jwks.json", slug=self.gym.slug)
        found: dict[str, list[dict[str, str]]] = answer.body
        return found

    def statuses(self, token: str) -> list[int]:
        return [
            server.call("GET", "/me", slug=self.gym.slug, token=token).status
            for server in self.servers
        ]

    def let_pass(self, time: timedelta) -> None:
        """Makes every key older, as if the time had passed."""
        for path in (self.home / self.folder).glob("jwt-*.pem"):
            _word, stamp, rest = path.name.split("-", 2)
            older = int(stamp) - int(time.total_seconds())
            path.rename(path.with_name(f"jwt-{older}-{rest}"))


@pytest.fixture
def place(gym: TestGym, installation: Installation, tmp_path: Path) -> Iterator[Place]:
    environ = environment(installation, tmp_path)
    with serving(environ) as servers:
        yield Place(gym, servers, environ)


def eventually(found: Callable[[], object], wanted: object) -> None:
    wait_until(lambda: found() == wanted)


def test_a_new_key_is_published_first_then_signs_then_the_old_one_goes(
    place: Place,
) -> None:
    [first] = place.published()[0]
    assert place.kids_that_sign() == [first, first]
    used, unused = (place.log_in(place.servers[0]) for _turn in range(2))
    assert place.statuses(used) == [200, 200]

    second = place.rotate()
    eventually(place.published, [{first, second}] * 2)
    assert place.kids_that_sign() == [first, first]

    place.let_pass(PUBLISHED_FIRST + timedelta(seconds=1))
    eventually(place.kids_that_sign, [second, second])
    fresh = place.log_in(place.servers[1])
    for token in (used, fresh):
        assert place.statuses(token) == [200, 200]
    assert place.published() == [{first, second}] * 2

    place.let_pass(ACCESS_TTL + LEEWAY)
    third = place.rotate()
    eventually(place.published, [{second, third}] * 2)
    # Neither server has seen this one, so neither remembers it as good.
    assert place.statuses(unused) == [401, 401]
    assert place.statuses(fresh) == [200, 200]


def test_caches_of_the_set_run_out_before_a_new_key_signs(place: Place) -> None:
    for server in place.servers:
        answer = server.call("GET", "/.well-known/jwks.json", slug=place.gym.slug)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/jwk-set+json"
        control = answer.headers["Cache-Control"]
        assert control.startswith("public, max-age=")
        seconds = int(control.rpartition("=")[2])
        assert timedelta(seconds=seconds) <= PUBLISHED_FIRST
        for key in place.jwks(server)["keys"]:
            assert key.keys() == {"kid", "use", "alg", "kty", "e", "n"}
