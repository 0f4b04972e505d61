"""Roles removed and reset; permissions as an admin chooses among them."""

from typing import Any

import pytest

from core.auth.accounts import create_user
from core.testing.kit import ApiClient, TestGym

DESK = {"title": "Front desk", "permissions": ["users.user.read"], "scope": "all"}


def member_of(gym: TestGym, role: str) -> ApiClient:
    with gym.unit():
        user_id = create_user(
            email=f"{role}.x@iron.example", name="Desk", role=role, password_hash="x"
        ).id
    return gym.api_for(user_id)


def test_a_role_that_nobody_holds_goes(gym: TestGym) -> None:
    api = gym.api("admin")
    api.put("/roles/desk", DESK)
    api.delete("/roles/desk")
    for method in ("GET", "DELETE"):
        api.fail(method, "/roles/desk", expect=404, code="NOT_FOUND")
    sent = {"email": "x@iron.example", "name": "X", "role": "desk"}
    api.fail("POST", "/auth/register", json=sent, expect=422, code="USER_ROLE_UNKNOWN")


def test_a_role_that_is_held_stays(gym: TestGym) -> None:
    api = gym.api("admin")
    api.put("/roles/desk", DESK)
    desk = member_of(gym, "desk")
    api.fail("DELETE", "/roles/desk", expect=409, code="ROLE_IN_USE")
    desk.get("/users")
    [held] = api.get("/users", query={"role": "desk"})
    api.patch(f"/users/{held['id']}", {"status": "disabled"})
    api.fail("DELETE", "/roles/desk", expect=409, code="ROLE_IN_USE")
    api.patch(f"/users/{held['id']}", {"role": "client"})
    api.delete("/roles/desk")


def test_a_built_in_role_gets_its_defaults_back(gym: TestGym) -> None:
    api = gym.api("admin")
    before = api.get("/roles/team")
    api.put("/roles/team", {"title": "Crew", "permissions": [], "scope": "own"})
    gym.api("team").fail("GET", "/users", expect=403, code="FORBIDDEN")
    api.delete("/roles/team")
    assert api.get("/roles/team") == before
    gym.api("team").get("/users")
    api.delete("/roles/team")


def test_the_admin_role_can_be_reset_by_an_admin(gym: TestGym) -> None:
    api = gym.api("admin")
    before = api.get("/roles/admin")
    api.put(
        "/roles/admin",
        {
            "permissions": [
                name for name in before["permissions"] if "scheduling." not in name
            ]
        },
    )
    api.fail("GET", "/scheduling/sessions", expect=403, code="FORBIDDEN")
    api.delete("/roles/admin")
    assert api.get("/roles/admin") == before


@pytest.mark.parametrize("role", ["team", "coach", "client", "partner"])
def test_only_admins_remove_roles(gym: TestGym, role: str) -> None:
    gym.api("admin").put("/roles/desk", DESK)
    gym.api(role).fail("DELETE", "/roles/desk", expect=403, code="FORBIDDEN")


def test_who_edits_roles_cannot_reset_one_that_is_stronger(gym: TestGym) -> None:
    api = gym.api("admin")
    held = ["roles.role.update", "users.user.read"]
    api.put("/roles/editor", {**DESK, "permissions": held})
    api.put("/roles/team", {"permissions": []})
    editor = member_of(gym, "editor")
    for name in ("team", "editor"):
        editor.fail("DELETE", f"/roles/{name}", expect=403, code="ROLE_NOT_YOURS")
    api.put("/roles/desk", DESK)
    editor.delete("/roles/desk")


def test_if_match_guards_removal(gym: TestGym) -> None:
    api = gym.api("admin")
    api.put("/roles/desk", DESK)
    api.put("/roles/desk", {**DESK, "title": "Desk"})
    api.fail(
        "DELETE",
        "/roles/desk",
        headers={"If-Match": '"1"'},
        expect=412,
        code="PRECONDITION_FAILED",
    )
    api.delete("/roles/desk", headers={"If-Match": '"2"'})


def test_a_role_of_another_gym_is_unknown(gym: TestGym, other_gym: TestGym) -> None:
    other_gym.api("admin").put("/roles/desk", DESK)
    gym.api("admin").fail("DELETE", "/roles/desk", expect=404, code="NOT_FOUND")
    other_gym.api("admin").get("/roles/desk")


def groups(gym: TestGym) -> dict[str, list[dict[str, Any]]]:
    listed = gym.api("admin").get("/permissions")
    return {group["plugin"]: group["permissions"] for group in listed}


def test_permissions_come_plugin_by_plugin(gym: TestGym) -> None:
    found = groups(gym)
    assert next(iter(found)) == "core"
    assert list(found)[1:] == sorted(list(found)[1:])
    assert {"members", "scheduling"} <= found.keys()
    for plugin, held in found.items():
        names = [permission["name"] for permission in held]
        assert names == sorted(names)
        if plugin != "core":
            assert all(name.startswith(f"{plugin}.") for name in names)


def test_permissions_of_a_plugin_that_is_off_are_not_offered(gym: TestGym) -> None:
    api = gym.api("admin")
    api.patch("/admin/plugins/scheduling", {"enabled": False})
    assert "scheduling" not in groups(gym)
    api.fail(
        "PUT",
        "/roles/desk",
        json={"permissions": ["scheduling.sessions.read"]},
        expect=422,
        code="ROLE_PERMISSION_UNKNOWN",
    )


def test_a_role_keeps_the_permissions_of_a_plugin_that_comes_back(
    gym: TestGym,
) -> None:
    api = gym.api("admin")
    name = groups(gym)["scheduling"][0]["name"]
    api.put("/roles/desk", {**DESK, "permissions": [name]})
    api.patch("/admin/plugins/scheduling", {"enabled": False})
    assert api.get("/roles/desk")["permissions"] == []
    api.patch("/admin/plugins/scheduling", {"enabled": True})
    assert api.get("/roles/desk")["permissions"] == [name]


def test_what_no_api_key_gets_is_marked(gym: TestGym) -> None:
    marked = {
        p["name"] for held in groups(gym).values() for p in held if p["peopleOnly"]
    }
    assert marked >= {"auth.apikeys.manage", "roles.role.grant", "roles.role.update"}
    assert "users.user.read" not in marked
