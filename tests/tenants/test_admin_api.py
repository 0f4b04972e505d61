"""The admin's routes on plugins, settings and the gym."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from core.audit.models import AuditEntry
from core.db.versions import bump
from core.db.writes import delete_where
from core.http.blueprint import operation_of
from core.plugin.settings import KEYS, setting
from core.rbac.models import GymRole
from core.testing.kit import TestGym


def by_id(listed: list[dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
    return {plugin["id"]: plugin for plugin in listed}


def test_plugins_are_listed_with_what_they_need(gym: TestGym) -> None:
    listed = by_id(gym.api("admin").get("/admin/plugins"))
    assert "tenants" not in listed
    scheduling = listed["scheduling"]
    assert scheduling["enabled"] is True
    assert scheduling["state"] == "on"
    assert "members" in scheduling["requires"]
    assert "scheduling" in listed["members"]["dependants"]
    assert scheduling["settingsSchema"]["type"] == "object"
    assert scheduling == gym.api("admin").get("/admin/plugins/scheduling")


def test_switching_holds_for_the_next_request(gym: TestGym) -> None:
    admin = gym.api("admin")
    changed = admin.patch("/admin/plugins/scheduling", {"enabled": False})
    assert (changed["enabled"], changed["state"]) == (False, "off")
    admin.fail("GET", "/scheduling/sessions", expect=404, code="PLUGIN_DISABLED")
    assert admin.patch("/admin/plugins/scheduling", {"enabled": True})["enabled"]
    response = admin.raw("GET", "/scheduling/sessions")
    assert response.get_json().get("error", {}).get("code") != "PLUGIN_DISABLED"


def test_what_others_need_goes_only_with_them(gym: TestGym) -> None:
    admin = gym.api("admin")
    error = admin.fail(
        "PATCH",
        "/admin/plugins/members",
        json={"enabled": False},
        expect=409,
        code="PLUGIN_HAS_DEPENDANTS",
    )
    assert "scheduling" in error["details"]["dependants"]
    admin.patch("/admin/plugins/members", {"enabled": False, "withDependants": True})
    listed = by_id(admin.get("/admin/plugins"))
    assert not listed["members"]["enabled"]
    assert not listed["scheduling"]["enabled"]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("plugin_id", ["nosuch", "tenants"])
def test_unknown_plugins(gym: TestGym, method: str, plugin_id: str) -> None:
    body = {"json": {"enabled": True}} if method == "PATCH" else {}
    gym.api("admin").fail(
        method, f"/admin/plugins/{plugin_id}", expect=404, code="NOT_FOUND", **body
    )


@pytest.mark.parametrize(
    "body",
    [{"enabled": None}, {"on": True}, {"enabled": "yes"}, {"settings": []}],
)
def test_malformed_changes(gym: TestGym, body: Any) -> None:
    gym.api("admin").fail(
        "PATCH",
        "/admin/plugins/scheduling",
        json=body,
        expect=400,
        code="VALIDATION_ERROR",
    )


def test_settings_are_what_the_plugin_takes(gym: TestGym) -> None:
    gym.api("admin").fail(
        "PATCH",
        "/admin/plugins/scheduling",
        json={"settings": {"nosuch": 1}},
        expect=422,
        code="UNPROCESSABLE",
    )


@pytest.mark.parametrize("role", ["team", "coach", "client", "partner"])
@pytest.mark.parametrize("path", ["/admin/plugins", "/admin/settings"])
def test_only_admins_configure(gym: TestGym, role: str, path: str) -> None:
    gym.api(role).fail("GET", path, expect=403, code="FORBIDDEN")


def test_strangers_see_nothing(gym: TestGym) -> None:
    for path in ("/admin/plugins", "/admin/settings", "/admin/gym"):
        gym.api().fail("GET", path, expect=401, code="AUTH_REQUIRED")


def test_every_setting_is_shown_by_its_default(gym: TestGym) -> None:
    shown = gym.api("admin").get("/admin/settings")
    assert shown == {name: key.default for name, key in KEYS.items()}
    view = gym.app.view_functions["admin_settings.show_settings"]
    operation = operation_of(view)
    assert operation is not None
    assert set(shown) == set(operation.example)


def test_settings_are_stored_one_by_one(gym: TestGym, other_gym: TestGym) -> None:
    admin = gym.api("admin")
    color = "#0b5fff"
    first = admin.patch(
        "/admin/settings",
        {"notifications.quietHours.start": "22:00", "branding.primaryColor": color},
    )
    assert first["notifications.quietHours.start"] == "22:00"
    admin.patch("/admin/settings", {"notifications.quietHours.start": None})
    admin.patch("/admin/settings", {"auth.totp.requiredRoles": ["coach", "team"]})
    shown = admin.get("/admin/settings")
    assert shown["notifications.quietHours.start"] is None
    assert shown["branding.primaryColor"] == color
    assert shown["auth.totp.requiredRoles"] == ["coach", "team"]
    assert setting(gym.gym, "auth.totp.requiredRoles") == ["coach", "team"]
    assert setting(other_gym.gym, "auth.totp.requiredRoles") == []


def test_a_stored_role_stays_in_force_when_the_gym_gives_it_up(gym: TestGym) -> None:
    with gym.unit() as session:
        session.add(
            GymRole(name="trainee", title="Trainee", permissions=["a.b.c"], scope="own")
        )
        bump(session, gym.id)
    admin = gym.api("admin")
    admin.patch("/admin/settings", {"auth.totp.requiredRoles": ["trainee", "team"]})
    with gym.unit() as session:
        delete_where(session, GymRole, GymRole.name == "trainee")
        bump(session, gym.id)
    required = admin.get("/admin/settings")["auth.totp.requiredRoles"]
    assert required == ["trainee", "team"]


def test_a_stored_value_that_no_longer_fits_counts_as_none(gym: TestGym) -> None:
    with gym.unit() as session:
        gym.installation.directory.store_settings(
            session, gym.id, {"branding.primaryColor": "red", "long.gone": 1}
        )
    shown = gym.api("admin").get("/admin/settings")
    assert shown["branding.primaryColor"] is None
    assert "long.gone" not in shown


def test_changes_are_in_the_audit_log(gym: TestGym) -> None:
    admin = gym.api("admin")
    admin.patch("/admin/settings", {"auth.selfRegistration.enabled": True})
    admin.patch("/admin/plugins/scheduling", {"enabled": False})
    with gym.unit() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.user_id == gym.user("admin"))
        ).all()
    written = [(entry.before, entry.after) for entry in entries]
    assert any((after or {}).get("value") is True for _before, after in written)
    assert ({"enabled": True}, {"enabled": False}) in [
        ({"enabled": (before or {}).get("enabled")}, {"enabled": after["enabled"]})
        for before, after in written
        if after and "enabled" in after
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"notifications.reminders.enabeld": True},
        {"gym.name": "Other"},
        {"notifications": {"reminders": {"enabled": True}}},
        {"notifications.reminders.enabled": None},
        {"notifications.quietHours.start": "24:00"},
        {"notifications.quietHours.start": "22:00\n"},
        {"auth.totp.requiredRoles": "admin"},
        {"auth.totp.requiredRoles": [1]},
        {"branding.primaryColor": "red"},
        {"branding.logoFileId": "logo"},
    ],
)
def test_unknown_and_malformed_settings(gym: TestGym, body: dict[str, Any]) -> None:
    admin = gym.api("admin")
    error = admin.fail(
        "PATCH", "/admin/settings", json=body, expect=400, code="VALIDATION_ERROR"
    )
    assert set(error["details"]["body"]) == set(body)
    assert gym.gym.settings == {}


def test_settings_name_roles_that_exist(gym: TestGym) -> None:
    body = {"auth.totp.requiredRoles": ["janitor"]}
    gym.api("admin").fail(
        "PATCH", "/admin/settings", json=body, expect=422, code="UNPROCESSABLE"
    )
    assert gym.gym.settings == {}


def test_staff_see_the_gym(gym: TestGym) -> None:
    gym.api("admin").patch("/admin/settings", {"branding.primaryColor": "#00ff00"})
    shown = gym.api("team").get("/admin/gym")
    assert shown.pop("createdAt").endswith("Z")
    assert shown == {
        "id": str(gym.id),
        "slug": gym.slug,
        "name": "Test Gym",
        "status": "active",
        "timezone": "Europe/Berlin",
        "locale": "en",
        "currency": "EUR",
        "domains": [],
        "branding": {
            "logoFileId": None,
            "primaryColor": "#00ff00",
            "secondaryColor": None,
        },
        "limits": {
            "members": None,
            "staff": None,
            "storageBytes": None,
            "requestsPerMinute": None,
        },
    }
    gym.api("client").fail("GET", "/admin/gym", expect=403, code="FORBIDDEN")
