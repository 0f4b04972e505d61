"""Log-ins, refusals and changes of rights are told, refused or not."""

from datetime import timedelta
from typing import Any

from core.auth.sessions import GRACE
from core.clock import frozen_at, utc_now
from core.testing.kit import PASSWORD, TestGym


def told(gym: TestGym, action: str) -> list[dict[str, Any]]:
    query = {"action": action, "sort": "at"}
    found: list[dict[str, Any]] = gym.api("admin").get("/audits", query=query)
    return found


def log_in(gym: TestGym, login: str, password: str, *, expect: int) -> None:
    gym.api(None).call(
        "POST",
        "/auth/login",
        json={"login": login, "password": password},
        expect=expect,
    )


def test_a_log_in_is_told(gym: TestGym) -> None:
    coach = gym.user("coach")
    log_in(gym, gym.email("coach"), PASSWORD, expect=200)
    (entry,) = [one for one in told(gym, "auth.login") if one["entityId"] == str(coach)]
    assert (entry["userId"], entry["actorKind"]) == (str(coach), "user")
    assert entry["after"].keys() == {"session"}
    assert entry["address"]


def test_a_failure_is_told_although_it_is_refused(gym: TestGym) -> None:
    client = gym.user("client")
    for login in (gym.email("client"), "nobody@nowhere.example"):
        response = gym.api(None).raw(
            "POST", "/auth/login", json={"login": login, "password": "Wrong-1-word!"}
        )
        assert response.status_code == 401
    known, unknown = told(gym, "auth.login_failed")
    assert known["entityId"] == str(client)
    assert unknown["entityId"] is None
    for entry in (known, unknown):
        assert (entry["actorKind"], entry["userId"]) == ("anonymous", None)
        # What was typed may be a password in the wrong field.
        assert (entry["before"], entry["after"]) == (None, None)
    assert "nobody" not in str(unknown)


def test_a_stolen_refresh_token_is_told_although_it_is_refused(gym: TestGym) -> None:
    client = gym.user("client")
    answer = gym.api(None).call(
        "POST",
        "/auth/login",
        json={"login": gym.email("client"), "password": PASSWORD},
        expect=200,
    )
    body = {"refreshToken": answer["refreshToken"]}
    gym.api(None).call("POST", "/auth/refresh", json=body, expect=200)
    with frozen_at(utc_now() + GRACE + timedelta(seconds=1)):
        refused = gym.api(None).raw("POST", "/auth/refresh", json=body)
    assert refused.status_code == 401
    (entry,) = told(gym, "auth.token_reused")
    assert entry["entityId"] == str(client)


def test_a_change_of_role_is_told(gym: TestGym) -> None:
    coach = gym.user("coach")
    api = gym.api("admin")
    version = api.get(f"/users/{coach}")["version"]
    api.patch(f"/users/{coach}", {"role": "team"}, headers={"If-Match": f'"{version}"'})
    last = told(gym, "user.update")[-1]
    assert (last["entityId"], last["before"], last["after"]) == (
        str(coach),
        {"role": "coach"},
        {"role": "team"},
    )
    assert last["userId"] == str(gym.user("admin"))


def test_a_change_of_permissions_is_told(gym: TestGym) -> None:
    wanted = {"title": "Desk", "permissions": ["users.user.read"], "scope": "all"}
    gym.api("admin").put("/roles/front-desk", wanted)
    (entry,) = told(gym, "role.create")
    assert entry["after"]["permissions"] == ["users.user.read"]
    assert entry["userId"] == str(gym.user("admin"))


def test_a_plugin_switched_off_is_told(gym: TestGym) -> None:
    gym.api("admin").patch("/admin/plugins/scheduling", {"enabled": False})
    (entry,) = told(gym, "gym.plugin.update")
    assert entry["before"] == {"pluginId": "scheduling", "enabled": True}
    assert entry["after"] == {"pluginId": "scheduling", "enabled": False}
    assert entry["userId"] == str(gym.user("admin"))
