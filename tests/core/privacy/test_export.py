"""The archive: all about a person, nothing about others, and for them alone."""

from datetime import timedelta
from uuid import UUID

import pytest

from core.clock import frozen_at, utc_now
from core.files.store import FileStore
from core.ids import new_id
from core.jobs.runner import Outcome
from core.privacy.exporting import ERASED
from core.privacy.files import MEDIA_KEPT
from core.privacy.retaining import retain
from core.testing.kit import TestGym
from tests.core.privacy.conftest import GOAL, NOTES, PHOTO, Desk, add_file

Ids = dict[str, UUID]


def test_it_holds_rows_of_core_and_plugins_files_and_the_log(
    desk: Desk, life: Ids
) -> None:
    add_file(desk.gym, life["clientId"])
    found = desk.export()
    assert {
        "index.html",
        "core/users.json",
        "core/user_states.json",
        "core/audit_log.json",
        "core/auth_sessions.json",
        "members/members_clients.json",
        "members/members_assignments.json",
        "scheduling/scheduling_sessions.json",
        "files/me.png",
    } <= found.names
    [user] = found.rows("core/users.json")
    assert (user["email"], user["alias"]) == (desk.gym.email("client"), "Speedy")
    [client] = found.rows("members/members_clients.json")
    assert client["goals"] == [GOAL]
    [session] = found.rows("scheduling/scheduling_sessions.json")
    assert (session["as"], session["notes"]) == ("client_id", NOTES)
    assert found.zip.read("files/me.png") == PHOTO
    assert found.zip.testzip() is None
    opened = [
        entry["after"]["goals"]
        for entry in found.rows("core/audit_log.json")
        if entry["entity"] == "members.client" and "goals" in (entry["after"] or {})
    ]
    assert [GOAL] in opened
    index = found.zip.read("index.html").decode()
    assert all(name in index for name in found.names - {"index.html"})


def test_it_holds_no_secret_and_nobody_else(desk: Desk, life: Ids) -> None:
    gym = desk.gym
    found = desk.export("coach")
    [session] = found.rows("scheduling/scheduling_sessions.json")
    assert session["as"] == "coach_id"
    assert "notes" not in session
    assert [one["as"] for one in found.rows("members/members_clients.json")] == [
        "assigned_coach_id"
    ]
    for other in (NOTES, GOAL, "Speedy", gym.email("client"), gym.email("admin")):
        assert other not in found.text
    for secret in ("password_hash", "argon2", "token_hash", "email_key"):
        assert secret not in found.text
    assert gym.email("coach") in found.text
    assert life


def test_what_is_off_is_in_it_too(desk: Desk, life: Ids) -> None:
    assert life
    off = {"enabled": False, "withDependants": True}
    desk.gym.api("admin").patch("/admin/plugins/members", off)
    found = desk.export()
    assert NOTES in found.text
    assert GOAL in found.text


def test_asked_twice_it_is_one_request(desk: Desk) -> None:
    api = desk.gym.api("client")
    first, second = (api.post("/privacy/export", {}, expect=202) for _ in "ab")
    assert first == second
    assert desk.run() == [Outcome.DONE]
    third = api.post("/privacy/export", {}, expect=202)
    assert third["id"] != first["id"]


@pytest.mark.parametrize("role", ["team", "coach", "client", "partner"])
def test_only_who_may_asks_for_others(desk: Desk, life: Ids, role: str) -> None:
    victim = life["clientId"] if role != "client" else life["coachId"]
    for path in ("/privacy/export", "/privacy/erase"):
        for person in (victim, new_id()):
            desk.gym.api(role).fail(
                "POST", path, json={"userId": str(person)}, expect=403, code="FORBIDDEN"
            )
    assert desk.run() == []


def test_another_gyms_person_is_unknown(desk: Desk, other_gym: TestGym) -> None:
    for path in ("/privacy/export", "/privacy/erase"):
        told = [
            desk.gym.api("admin").fail(
                "POST",
                path,
                json={"userId": str(person)},
                expect=404,
                code="PRIVACY_PERSON_NOT_FOUND",
            )
            for person in (other_gym.user("client"), new_id())
        ]
        assert told[0] == told[1]


def test_the_link_is_no_use_to_others(
    desk: Desk, other_gym: TestGym, life: Ids
) -> None:
    assert life
    gym = desk.gym
    asked = gym.api("client").post("/privacy/export", {}, expect=202)
    path = f"/privacy/requests/{asked['id']}"
    gym.api("client").fail(
        "GET", f"{path}/download", expect=409, code="PRIVACY_ARCHIVE_NOT_READY"
    )
    desk.run()
    strangers = [gym.api(role) for role in ("coach", "team", "partner")]
    for api in [*strangers, other_gym.api("client"), other_gym.api("admin")]:
        for wanted in (path, f"{path}/download"):
            api.fail("GET", wanted, expect=404, code="PRIVACY_REQUEST_NOT_FOUND")
        assert api.get("/privacy/requests") == []
    gym.api().fail("GET", f"{path}/download", expect=401, code="AUTH_REQUIRED")
    for role in ("client", "admin"):
        response = gym.api(role).raw("GET", f"{path}/download")
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert int(response.headers["Content-Length"]) == len(response.data)
        assert gym.api(role).get(path)["sizeBytes"] == len(response.data)
    downloads = {"action": "privacy.downloaded", "entityId": str(gym.user("client"))}
    by = [one["userId"] for one in gym.api("admin").get("/audits", query=downloads)]
    assert sorted(by) == sorted(str(gym.user(role)) for role in ("client", "admin"))


def test_a_helper_reaches_nobody_above_them(desk: Desk, life: Ids) -> None:
    """Who was given the permission may use it on whom they may manage."""
    admin, team = desk.gym.api("admin"), desk.gym.api("team")
    held = set(admin.get("/roles/team")["permissions"])
    admin.put("/roles/team", {"permissions": sorted({*held, "privacy.request.manage"})})
    boss = {"userId": str(desk.gym.user("admin"))}
    for path in ("/privacy/export", "/privacy/erase"):
        team.fail("POST", path, json=boss, expect=403, code="USER_ROLE_NOT_GRANTABLE")
    team.post("/privacy/export", {"userId": str(life["clientId"])}, expect=202)
    own = admin.post("/privacy/export", {}, expect=202)
    assert desk.run() == [Outcome.DONE, Outcome.DONE]
    path = f"/privacy/requests/{own['id']}/download"
    team.fail("GET", path, expect=403, code="USER_ROLE_NOT_GRANTABLE")
    assert admin.raw("GET", path).status_code == 200


def test_it_is_gone_after_a_week(desk: Desk) -> None:
    api = desk.gym.api("client")
    asked = api.post("/privacy/export", {}, expect=202)
    desk.run()
    later, path = (
        utc_now() + timedelta(days=7, minutes=1),
        f"/privacy/requests/{asked['id']}",
    )
    with frozen_at(later), desk.gym.unit():
        retain(lambda work: work())
    assert api.get(path)["status"] == "expired"
    api.fail("GET", f"{path}/download", expect=410, code="PRIVACY_ARCHIVE_GONE")


def test_a_lost_archive_is_gone(desk: Desk) -> None:
    api = desk.gym.api("client")
    asked = api.post("/privacy/export", {}, expect=202)
    desk.run()
    desk.tools.archives.delete(desk.gym.id, UUID(asked["id"]))
    path = f"/privacy/requests/{asked['id']}/download"
    api.fail("GET", path, expect=410, code="PRIVACY_ARCHIVE_GONE")


def test_whoever_is_erased_meanwhile_gets_none(desk: Desk, life: Ids) -> None:
    assert life
    asked = desk.gym.api("client").post("/privacy/export", {}, expect=202)
    body = {"userId": str(desk.gym.user("client"))}
    desk.gym.api("admin").post("/privacy/erase", body, expect=202)
    assert desk.run("privacy.erase") == [Outcome.DONE]
    assert desk.run("privacy.export") == [Outcome.DONE]
    told = desk.request(asked["id"])
    assert (told["status"], told["error"]) == ("failed", ERASED)
    assert desk.tools.archives.size(desk.gym.id, UUID(asked["id"])) is None


def test_a_file_name_cannot_leave_the_folder(desk: Desk) -> None:
    client = desk.gym.user("client")
    for name in (
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "/",
        "2-me.png",
        "me.png",
        "me.png",
    ):
        add_file(desk.gym, client, name=name)
    files = {name for name in desk.export().names if name.startswith("files/")}
    assert files == {
        "files/etc-passwd",
        "files/boot.ini",
        "files/file",
        "files/me.png",
        "files/2-me.png",
        "files/3-me.png",
    }


def test_old_media_go_but_not_what_is_shown(desk: Desk) -> None:
    client = desk.gym.user("client")
    long_ago = utc_now() - MEDIA_KEPT - timedelta(days=1)
    old, key = add_file(desk.gym, client, completed_at=long_ago)
    shown, _key = add_file(desk.gym, client, completed_at=long_ago)
    paper, _key = add_file(
        desk.gym, client, completed_at=long_ago, media_type="application/pdf"
    )
    young, _key = add_file(desk.gym, client)
    url = f"https://gym.example/files/{shown}"
    desk.gym.api("client").patch("/me", {"avatarUrl": url})
    with desk.gym.unit():
        assert retain(lambda work: work())["files"] == 1
    left = {one["id"] for one in desk.gym.api("client").get("/files")}
    assert left == {str(one) for one in (shown, paper, young)}
    assert str(old) not in left
    assert desk.run("files.remove") == [Outcome.DONE]
    assert not _exists(desk, key)


def _exists(desk: Desk, key: str) -> bool:
    return desk.gym.installation.services.get(FileStore).size(key) is not None
