"""Who may upload, read and delete; and how much there is room for."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from core.app import Installation
from core.files.errors import FileForbidden, FileUnknown
from core.files.service import (
    delete_of_person,
    of_person,
    read_bytes,
    require_file,
    url_for,
    usage,
)
from core.ids import new_id
from core.plugin.purposes import FilePurpose, Readers, by_name
from core.rbac.scope import grant
from core.testing.kit import TestGym
from tests.core.files.conftest import Files
from tests.core.files.samples import JPEG, png, webp

TEXT = {"purpose": "attachment", "name": "a.txt", "mediaType": "text/plain"}
READ_BY_COACHES = FilePurpose(
    name="attachment",
    media_types=frozenset({"text/plain"}),
    max_bytes=1000,
    readers=Readers.COACHES,
)


@pytest.mark.parametrize(
    ("media_type", "content"),
    [("image/jpeg", JPEG), ("image/png", png()), ("image/webp", webp())],
)
def test_avatars_are_seen_by_everybody(
    files: Files, media_type: str, content: bytes
) -> None:
    done = files.upload(content, mediaType=media_type)
    for role in ("admin", "team", "coach", "client", "partner"):
        assert files.gym.api(role).get(f"/files/{done['id']}")["url"]
    files.gym.api().fail(
        "GET", f"/files/{done['id']}", expect=401, code="AUTH_REQUIRED"
    )


def test_attachments_are_for_their_owner_and_staff(files: Files) -> None:
    done = files.upload(b"secret", **TEXT)
    path = f"/files/{done['id']}"
    for role in ("client", "team", "admin"):
        assert files.gym.api(role).get(path)["url"]
        assert [one["id"] for one in files.gym.api(role).get("/files")] == [done["id"]]
    for role in ("coach", "partner"):
        files.gym.api(role).fail("GET", path, expect=403, code="FILE_FORBIDDEN")
        assert files.gym.api(role).get("/files") == []
        files.gym.api(role).fail("DELETE", path, expect=403, code="FILE_FORBIDDEN")
    files.gym.api("coach").fail(
        "POST",
        "/files/complete",
        json={"id": done["id"]},
        expect=403,
        code="FILE_FORBIDDEN",
    )
    files.gym.api("team").delete(path)
    files.gym.api("client").fail("GET", path, expect=404, code="FILE_NOT_FOUND")


def test_what_is_for_coaches_follows_row_scope(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = files.upload(b"plan", **TEXT)
    monkeypatch.setattr(
        "core.files.service.purposes", lambda: by_name([READ_BY_COACHES])
    )
    path = f"/files/{done['id']}"
    files.gym.api("coach").fail("GET", path, expect=403, code="FILE_FORBIDDEN")
    with files.gym.unit():
        grant(
            user_id=files.gym.user("coach"),
            client_id=files.gym.user("client"),
            source="test",
        )
    assert files.gym.api("coach").get(path)["url"]
    assert [one["id"] for one in files.gym.api("coach").get("/files")] == [done["id"]]
    assert files.gym.api("partner").get("/files") == []
    monkeypatch.setattr("core.files.service.purposes", dict)
    files.gym.api("team").fail("GET", path, expect=403, code="FILE_FORBIDDEN")
    assert files.gym.api("client").get(path)["url"]


def test_another_gyms_file_is_as_one_that_is_not(
    files: Files, other_gym: TestGym
) -> None:
    done = files.upload()
    answers = []
    for file_id in (done["id"], str(new_id())):
        api = other_gym.api("admin")
        for method, path, json in (
            ("GET", f"/files/{file_id}", None),
            ("DELETE", f"/files/{file_id}", None),
            ("POST", "/files/complete", {"id": file_id}),
        ):
            error = api.fail(method, path, json=json, expect=404, code="FILE_NOT_FOUND")
            answers.append((method, error))
    assert answers[:3] == answers[3:]
    assert other_gym.api("admin").get("/files") == []
    with other_gym.unit(), pytest.raises(FileUnknown):
        read_bytes(UUID(done["id"]))


def test_a_logo_is_uploaded_by_admins_and_shown_by_a_setting(
    files: Files, other_gym: TestGym
) -> None:
    body = {"purpose": "logo", "name": "l", "mediaType": "image/png", "sizeBytes": 9}
    for role in ("team", "coach", "client"):
        files.gym.api(role).fail(
            "POST", "/files/sign", json=body, expect=403, code="FORBIDDEN"
        )
    admin = files.gym.api("admin")
    avatar = files.upload(role="admin")["id"]
    pending = files.sign(png(), role="admin", purpose="logo")["id"]
    logo = files.upload(role="admin", purpose="logo")["id"]
    for wrong in (avatar, pending, str(new_id())):
        admin.fail(
            "PATCH",
            "/admin/settings",
            json={"branding.logoFileId": wrong},
            expect=422,
            code="UNPROCESSABLE",
        )
    other_gym.api("admin").fail(
        "PATCH",
        "/admin/settings",
        json={"branding.logoFileId": logo},
        expect=422,
        code="UNPROCESSABLE",
    )
    admin.patch("/admin/settings", {"branding.logoFileId": logo})
    admin.fail("DELETE", f"/files/{logo}", expect=409, code="FILE_IN_USE")
    admin.patch("/admin/settings", {"branding.logoFileId": None})
    admin.delete(f"/files/{logo}")


def limited(gym: TestGym, monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    """Gives the gym a plan with so much room."""
    at_version = gym.installation.gyms.at_version

    def with_limit(*args: Any) -> Any:
        found = at_version(*args)
        return found and replace(found, limits={"storageBytes": size_bytes})

    monkeypatch.setattr(gym.installation.gyms, "at_version", with_limit)


def test_the_plan_bounds_what_is_stored(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(files.gym, monkeypatch, 1000)
    body = {
        "purpose": "avatar",
        "name": "a",
        "mediaType": "image/png",
        "sizeBytes": 600,
    }
    api = files.gym.api("client")
    first = api.post("/files/sign", body)
    refused = files.gym.api("admin").fail(
        "POST", "/files/sign", json=body, expect=403, code="PLAN_LIMIT"
    )
    assert refused["details"] == {"limit": "storageBytes", "allowed": 1000}
    api.post("/files/sign", {**body, "sizeBytes": 400})
    api.delete(f"/files/{first['id']}")
    api.post("/files/sign", body)
    with files.gym.unit():
        assert usage() == {"storageBytes": 1000}


def test_fifty_at_once_never_take_more_than_there_is(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(files.gym, monkeypatch, 1000)
    api = files.gym.api("client")
    body = {
        "purpose": "avatar",
        "name": "a",
        "mediaType": "image/png",
        "sizeBytes": 150,
    }

    def sign(_number: int) -> int:
        return api.raw("POST", "/files/sign", json=body).status_code

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(sign, range(50)))
    assert (answers.count(201), answers.count(403)) == (6, 44)


def test_plugins_get_files_that_the_caller_may_read(
    files: Files, installation: Installation
) -> None:
    assert installation is files.installation
    done = files.upload(b"secret", **TEXT)
    file_id = UUID(done["id"])
    with files.gym.unit("client"):
        assert require_file(file_id, "attachment").name == "a.txt"
        assert url_for(file_id).url.startswith("http")
        with pytest.raises(FileUnknown):
            require_file(file_id, "avatar")
    with files.gym.unit("coach"), pytest.raises(FileForbidden):
        require_file(file_id, "attachment")


def test_a_persons_files_are_exported_and_erased(files: Files) -> None:
    done = files.upload(b"secret", **TEXT)
    files.upload(role="coach")
    client = files.gym.user("client")
    with files.gym.unit():
        assert [str(one.id) for one in of_person(client)] == [done["id"]]
        assert read_bytes(UUID(done["id"])) == b"secret"
    with files.gym.unit():
        assert delete_of_person(client) == 1
    files.run("files.remove")
    assert files.row(done["id"]) is None
    assert len(files.objects()) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "../x"},
        {"name": "Ä"},
        {"media_types": frozenset()},
        {"media_types": frozenset({"text/html"})},
        {"media_types": frozenset({"image/svg+xml"})},
        {"max_bytes": 0},
    ],
)
def test_a_purpose_that_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        replace(READ_BY_COACHES, **fields)


def test_two_purposes_of_one_name() -> None:
    with pytest.raises(ValueError, match="Two purposes"):
        by_name([READ_BY_COACHES, replace(READ_BY_COACHES, max_bytes=1)])
