"""Roles over the whole stack: seen, defined, effective at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.app import create_app
from core.auth.accounts import create_user
from core.testing.kit import ApiClient, TestGym

DESK = {
    "title": "Front desk",
    "permissions": ["users.user.read", "users.user.create"],
    "scope": "all",
}


def member_of(gym: TestGym, role: str) -> ApiClient:
    with gym.unit():
        user_id = create_user(
            email=f"{role}.x@iron.example", name="Desk", role=role, password_hash="x"
        ).id
    return gym.api_for(user_id)


def test_permissions_are_listed_with_their_roles(gym: TestGym) -> None:
    core = gym.api("team").get("/permissions")[0]
    assert core["plugin"] == "core"
    listed = {row["name"]: row for row in core["permissions"]}
    assert listed["users.user.read"]["roles"] == ["admin", "team"]
    assert listed["roles.role.grant"]["roles"] == ["admin"]


def test_built_in_roles_are_listed_first(gym: TestGym) -> None:
    gym.api("admin").put("/roles/aaa-desk", json=DESK)
    rows = gym.api("team").get("/roles")
    assert [row["name"] for row in rows] == [
        "admin", "team", "coach", "client", "partner", "aaa-desk",
    ]  # fmt: skip
    assert [row["builtIn"] for row in rows] == [True] * 5 + [False]
    assert rows[-1]["permissions"] == sorted(DESK["permissions"])


@pytest.mark.parametrize("role", ["coach", "client", "partner"])
def test_others_do_not_see_roles(gym: TestGym, role: str) -> None:
    for path in ("/permissions", "/roles", "/roles/admin"):
        gym.api(role).fail("GET", path, expect=403, code="FORBIDDEN")


@pytest.mark.parametrize("role", ["team", "coach", "client", "partner"])
def test_only_admins_define_roles(gym: TestGym, role: str) -> None:
    gym.api(role).fail("PUT", "/roles/desk", json=DESK, expect=403, code="FORBIDDEN")


def test_a_new_role_works_at_once(gym: TestGym) -> None:
    gym.api("admin").put("/roles/desk", json=DESK)
    desk = member_of(gym, "desk")
    desk.get("/users")
    desk.fail("GET", "/roles", expect=403, code="FORBIDDEN")
    gym.api("admin").put("/roles/desk", json={"permissions": []})
    desk.fail("GET", "/users", expect=403, code="FORBIDDEN")
    assert gym.api("admin").get("/roles/desk")["title"] == "Front desk"


def test_a_change_reaches_every_process_with_the_next_request(gym: TestGym) -> None:
    """Two applications over one database share nothing but the database."""
    elsewhere = create_app(installation=gym.installation)
    token = gym.api("team").token
    there = ApiClient(elsewhere, gym.slug, token)
    there.get("/users")
    before = gym.api("admin").get("/roles/team")["permissions"]
    kept = [name for name in before if name != "users.user.read"]
    gym.api("admin").put("/roles/team", json={"permissions": kept})
    there.fail("GET", "/users", expect=403, code="FORBIDDEN")
    gym.api("admin").put("/roles/team", json={"permissions": before})
    there.get("/users")


def test_scope_is_part_of_the_role(gym: TestGym) -> None:
    gym.api("admin").put("/roles/desk", json={**DESK, "scope": "own"})
    desk = member_of(gym, "desk")
    assert [row["name"] for row in desk.get("/users")] == ["Desk"]
    desk.fail("GET", f"/users/{gym.user('client')}", expect=403, code="FORBIDDEN")


def test_unknown_permissions_are_422(gym: TestGym) -> None:
    error = gym.api("admin").fail(
        "PUT",
        "/roles/desk",
        json={"permissions": ["users.user.read", "users.user.fly"]},
        expect=422,
        code="ROLE_PERMISSION_UNKNOWN",
    )
    assert error["details"]["permissions"] == ["users.user.fly"]


@pytest.mark.parametrize("scope", ["all", "own"])
def test_admin_cannot_lock_itself_out(gym: TestGym, scope: str) -> None:
    api = gym.api("admin")
    held = api.get("/roles/admin")["permissions"]
    sent = held[1:] if scope == "all" else held
    if scope == "all":
        sent = [name for name in held if name != "roles.role.update"]
    api.fail(
        "PUT",
        "/roles/admin",
        json={"permissions": sent, "scope": scope},
        expect=422,
        code="ROLE_ADMIN_LOCKED",
    )
    api.put("/roles/admin", json={"permissions": held})


def test_who_edits_roles_cannot_rise(gym: TestGym) -> None:
    held = [*DESK["permissions"], "roles.role.read", "roles.role.update"]
    gym.api("admin").put("/roles/desk", json={**DESK, "permissions": held})
    desk = member_of(gym, "desk")
    refused: list[tuple[str, dict[str, Any]]] = [
        ("desk", {"permissions": held}),
        ("helper", {"permissions": [*held, "roles.role.grant"]}),
    ]
    for name, sent in refused:
        desk.fail("PUT", f"/roles/{name}", json=sent, expect=403, code="ROLE_NOT_YOURS")
    assert desk.put("/roles/helper", json={"permissions": held})["scope"] == "own"


@pytest.mark.parametrize("name", ["X", "Desk", "1desk", "a" * 41, "a%20b"])
def test_names_are_plain_words(gym: TestGym, name: str) -> None:
    gym.api("admin").fail(
        "PUT", f"/roles/{name}", json=DESK, expect=400, code="VALIDATION_ERROR"
    )


@pytest.mark.parametrize(
    "sent",
    [{}, {"permissions": "all"}, {"permissions": [], "scope": "world"}, {"name": "x"}],
)
def test_malformed_roles_are_400(gym: TestGym, sent: dict[str, Any]) -> None:
    gym.api("admin").fail(
        "PUT", "/roles/desk", json=sent, expect=400, code="VALIDATION_ERROR"
    )


def test_a_role_of_another_gym_is_unknown(gym: TestGym, other_gym: TestGym) -> None:
    other_gym.api("admin").put("/roles/desk", json=DESK)
    gym.api("admin").fail("GET", "/roles/desk", expect=404, code="NOT_FOUND")


def test_etags_guard_roles_from_version_0_on(gym: TestGym) -> None:
    api = gym.api("admin")
    body: dict[str, Any] = {"permissions": []}
    assert api.raw("GET", "/roles/partner").headers["ETag"] == '"0"'
    api.put("/roles/partner", json=body, headers={"If-Match": '"0"'})
    api.fail(
        "PUT",
        "/roles/partner",
        json=body,
        headers={"If-Match": '"0"'},
        expect=412,
        code="PRECONDITION_FAILED",
    )


def test_two_first_definitions_at_once_leave_one_role(gym: TestGym) -> None:
    api = gym.api("admin")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _n: api.raw("PUT", "/roles/desk", json=DESK), range(8))
        )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert [row["name"] for row in api.get("/roles")].count("desk") == 1
