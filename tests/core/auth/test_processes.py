"""Rights taken in one process are gone in all of them, from the commit on."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.app import Installation
from core.testing.kit import PASSWORD, TestGym
from tests.core.auth.servers import Answer, Callers, Server, environment, serving

Change = Callable[["Scene"], Answer]


@pytest.fixture(scope="module")
def servers(installation: Installation) -> Iterator[list[Server]]:
    home: Path = installation.settings.server.home
    with serving(environment(installation, home)) as started:
        yield started


class Scene:
    """A gym with two servers; changes are made at the first."""

    def __init__(self, gym: TestGym, servers: list[Server]) -> None:
        self.gym = gym
        self.servers = servers
        self.admin = gym.api("admin").token or ""
        self.team = self._login()
        self.path = "/users"
        self.token = self.team

    def _login(self) -> str:
        body = {"login": self.gym.email("team"), "password": PASSWORD}
        _id = self.gym.user("team")
        answer = self.servers[1].call(
            "POST", "/auth/login", slug=self.gym.slug, body=body
        )
        token: str = answer.body["data"]["accessToken"]
        return token

    def ask(self, server: Server) -> Answer:
        return server.call("GET", self.path, slug=self.gym.slug, token=self.token)

    def change(
        self, method: str, path: str, body: object = None, *, by: str | None = None
    ) -> Answer:
        return self.servers[0].call(
            method, path, slug=self.gym.slug, token=by or self.admin, body=body
        )

    @property
    def user(self) -> str:
        return f"/users/{self.gym.user('team')}"


@pytest.fixture
def scene(gym: TestGym, servers: list[Server]) -> Scene:
    return Scene(gym, servers)


def role_changed(scene: Scene) -> Answer:
    return scene.change("PATCH", scene.user, {"role": "client"})


def permissions_taken(scene: Scene) -> Answer:
    return scene.change("PUT", "/roles/team", {"permissions": []})


def scope_narrowed(scene: Scene) -> Answer:
    return scene.change(
        "PUT", "/roles/team", {"permissions": ["users.user.read"], "scope": "own"}
    )


def user_disabled(scene: Scene) -> Answer:
    return scene.change("PATCH", scene.user, {"status": "disabled"})


def log_ins_ended_by_an_admin(scene: Scene) -> Answer:
    return scene.change("DELETE", f"{scene.user}/auth-sessions")


def logged_out(scene: Scene) -> Answer:
    return scene.change("POST", "/auth/logout", by=scene.team)


def logged_out_everywhere(scene: Scene) -> Answer:
    return scene.change("POST", "/auth/logout-all", by=scene.team)


def password_changed(scene: Scene) -> Answer:
    """By the same person at another device, whose own log-in goes on."""
    elsewhere = scene.gym.token_for(scene.gym.user("team"))
    body = {"currentPassword": PASSWORD, "newPassword": "Nine-Lamps-Glow-42!"}
    return scene.change("POST", "/auth/password/change", body, by=elsewhere)


PEOPLE: list[tuple[Change, int]] = [
    (role_changed, 403),
    (permissions_taken, 403),
    (user_disabled, 401),
    (password_changed, 401),
    (log_ins_ended_by_an_admin, 401),
    (logged_out, 401),
    (logged_out_everywhere, 401),
]


def refused_from_now_on(scene: Scene, change: Change, status: int) -> None:
    """Asks both servers all the time while ``change`` is made at one of them."""
    with Callers(scene.servers, scene.ask) as callers:
        began = time.monotonic()
        answer = change(scene)
        # The answer is sent after the commit.
        committed = time.monotonic()
        assert answer.status in {200, 204}, answer.body
        after = callers.after(committed)
    assert callers.before(began) == {200}
    assert set(after) == {status}


@pytest.mark.parametrize(("change", "status"), PEOPLE)
def test_a_person_s_rights_end_with_the_commit(
    scene: Scene, change: Change, status: int
) -> None:
    refused_from_now_on(scene, change, status)


def test_a_narrower_scope_holds_with_the_commit(scene: Scene) -> None:
    scene.path = f"/users/{scene.gym.user('client')}"
    refused_from_now_on(scene, scope_narrowed, 403)


def test_a_revoked_api_key_ends_with_the_commit(scene: Scene) -> None:
    wanted = {"name": "Export", "permissions": ["users.user.read"]}
    key = scene.change("POST", "/api-keys", wanted).body["data"]
    scene.token = key["key"]

    def revoked(scene: Scene) -> Answer:
        return scene.change("DELETE", f"/api-keys/{key['id']}")

    refused_from_now_on(scene, revoked, 401)


def test_a_plugin_is_off_with_the_commit(scene: Scene) -> None:
    scene.path = "/scheduling/sessions"

    def switched_off(scene: Scene) -> Answer:
        return scene.change("PATCH", "/admin/plugins/scheduling", {"enabled": False})

    refused_from_now_on(scene, switched_off, 404)


def test_a_removed_role_gives_nothing_with_the_commit(scene: Scene) -> None:
    """The gym's definition of a built-in role is what gave the right."""
    scene.change("PATCH", scene.user, {"role": "coach"})
    wider = {"permissions": ["users.user.read"], "scope": "all"}
    scene.change("PUT", "/roles/coach", wider)

    def removed(scene: Scene) -> Answer:
        return scene.change("DELETE", "/roles/coach")

    refused_from_now_on(scene, removed, 403)
