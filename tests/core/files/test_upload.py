"""From signing to reading, on a local disk."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.clock import utc_now
from core.files.tokens import Deed
from core.testing.kit import TestGym
from tests.core.files.conftest import Files, Opener, digest
from tests.core.files.samples import JPEG, PDF, png

PAGE = b"<html><script>alert(1)</script></html>"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]["code"]


def test_a_file_is_uploaded_and_read(files: Files) -> None:
    content = png(20, 20)
    signed = files.sign(content, sha256=digest(content), name="../../etc/me")
    assert signed["upload"]["method"] == "PUT"
    assert files.send(signed, content).status_code == 204
    done = files.complete(signed["id"]).get_json()["data"]
    assert (done["status"], done["sha256"]) == ("ready", digest(content))
    assert done["name"] == "me.png"

    shown = files.gym.api("coach").get(f"/files/{signed['id']}")
    answer = files.read(shown["url"])
    assert (answer.status_code, answer.data) == (200, content)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith('inline; filename="me.png"')
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "private" in answer.headers["Cache-Control"]


def test_large_content_goes_past_the_bound_of_json(files: Files) -> None:
    content = b"word " * 600_000
    fields = {"purpose": "attachment", "name": "a.txt", "mediaType": "text/plain"}
    done = files.upload(content, **fields)
    url = files.gym.api("client").get(f"/files/{done['id']}")["url"]
    answer = files.read(url)
    assert answer.data == content
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    part = files.read(url, headers={"Range": "bytes=5-8"})
    assert (part.status_code, part.data) == (206, b"word")
    beyond = files.read(url, headers={"Range": "bytes=9000000-"})
    assert beyond.status_code == 416
    head = files.read(url, "HEAD")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(content))
    etag = answer.headers["ETag"]
    assert files.read(url, headers={"If-None-Match": etag}).status_code == 304


def test_an_address_takes_content_once(files: Files) -> None:
    signed = files.sign(png())
    assert files.send(signed, png()).status_code == 204
    assert code(files.send(signed, png())) == (409, "FILE_ALREADY_UPLOADED")
    assert files.complete(signed["id"]).status_code == 200
    assert code(files.send(signed, png())) == (410, "FILE_UPLOAD_SPENT")
    files.run("files.remove")
    assert code(files.send(signed, png())) == (410, "FILE_UPLOAD_SPENT")
    assert files.complete(signed["id"]).get_json()["data"]["status"] == "ready"
    assert [one.key for one in files.objects()] == [
        f"{files.gym.id}/{files.row(signed['id']).object_id}"  # type: ignore[union-attr]
    ]


@pytest.mark.parametrize(
    ("content", "fields", "expected"),
    [
        (PAGE, {}, "FILE_TYPE_MISMATCH"),
        (JPEG, {}, "FILE_TYPE_MISMATCH"),
        (png() + PAGE, {}, "FILE_CONTENT_REFUSED"),
        (png(text=PAGE), {}, "FILE_CONTENT_REFUSED"),
        (png(), {"sha256": "0" * 64}, "FILE_CHECKSUM_MISMATCH"),
    ],
)
def test_bad_content_is_deleted(
    files: Files, content: bytes, fields: dict[str, str], expected: str
) -> None:
    signed = files.sign(content, **fields)
    assert files.send(signed, content).status_code == 204
    assert code(files.complete(signed["id"])) == (422, expected)
    assert code(files.complete(signed["id"])) == (410, "FILE_REJECTED")
    files.run("files.remove")
    assert files.objects() == []
    shown = files.gym.api("client").get(f"/files/{signed['id']}")
    assert (shown["status"], shown["reason"], shown["url"]) == (
        "rejected",
        expected,
        None,
    )
    audits = files.gym.api("admin").get("/audits", query={"action": "file.refused"})
    assert [entry["entityId"] for entry in audits] == [signed["id"]]


def test_only_the_declared_length_is_taken(files: Files) -> None:
    content = png()
    signed = files.sign(content)
    for sent in (content + b"x", content[:-1], b""):
        assert code(files.send(signed, sent)) == (422, "FILE_SIZE_MISMATCH")
    short = files.send(
        signed, content[:-5], environ_overrides={"CONTENT_LENGTH": str(len(content))}
    )
    assert code(short) == (422, "FILE_SIZE_MISMATCH")
    unmeasured = files.send(signed, content, environ_overrides={"CONTENT_LENGTH": ""})
    assert code(unmeasured) == (422, "FILE_SIZE_MISMATCH")
    assert files.objects() == []
    assert code(files.complete(signed["id"])) == (409, "FILE_NOT_UPLOADED")
    assert files.send(signed, content).status_code == 204


def test_only_the_declared_type_is_taken(files: Files) -> None:
    signed = files.sign(png())
    for headers in (
        {"Content-Type": "text/html"},
        {"Content-Type": ""},
        {"Content-Encoding": "gzip"},
    ):
        answer = files.send(signed, png(), headers=headers)
        assert code(answer) == (415, "UNSUPPORTED_MEDIA_TYPE"), headers


def test_tampered_foreign_and_mistaken_addresses(
    files: Files, other_gym: TestGym
) -> None:
    signed = files.sign(png())
    path = urlsplit(signed["upload"]["url"]).path
    token = path.rpartition("/")[2]
    client = files.gym.app.test_client()
    spoiled = ["A" * len(token), token[:-1], token[:20] + "_" + token[21:], "x", "%00"]
    for one in spoiled:
        for method, kind in (("PUT", "upload"), ("GET", "content")):
            there = f"/t/{files.gym.slug}/api/v1/files/{kind}/{one}"
            answer = client.open(there, method=method, data=png())
            assert answer.status_code in {403, 404, 413}, (one, answer.text)
    elsewhere = path.replace(files.gym.slug, other_gym.slug)
    refused = client.put(elsewhere, data=png(), content_type="image/png")
    assert code(refused) == (403, "FILE_SIGNATURE_INVALID")
    reading = path.replace("/upload/", "/content/")
    assert code(client.get(reading)) == (403, "FILE_SIGNATURE_INVALID")
    assert files.send(signed, png()).status_code == 204


def test_an_address_for_reading_does_not_write(files: Files) -> None:
    done = files.upload()
    url = files.gym.api("client").get(f"/files/{done['id']}")["url"]
    writing = urlsplit(url).path.replace("/content/", "/upload/")
    answer = files.gym.app.test_client().put(writing, data=png())
    assert code(answer) == (403, "FILE_SIGNATURE_INVALID")
    for method in ("PUT", "POST", "DELETE"):
        assert files.read(url, method).status_code == 405


def test_addresses_expire(files: Files) -> None:
    done = files.upload()
    row = files.row(done["id"])
    assert row is not None
    gone = utc_now() - timedelta(seconds=1)
    with files.gym.unit():
        row.upload_until = gone
        upload = files.desk.links.upload(row).url
        own = files.desk.links
        late = own._signed(Deed.READ, row, gone)  # type: ignore[attr-defined]  # noqa: SLF001
    assert code(files.read(late)) == (410, "FILE_LINK_EXPIRED")
    sent = files.gym.app.test_client().put(urlsplit(upload).path, data=png())
    assert code(sent) == (410, "FILE_LINK_EXPIRED")


def test_a_deleted_file_is_gone_at_once(files: Files) -> None:
    done = files.upload()
    url = files.gym.api("client").get(f"/files/{done['id']}")["url"]
    files.gym.api("client").delete(f"/files/{done['id']}")
    assert code(files.read(url)) == (404, "FILE_NOT_FOUND")
    assert len(files.objects()) == 2
    files.run("files.remove")
    assert files.objects() == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"purpose": "nonsense"}, "FILE_PURPOSE_UNKNOWN"),
        ({"mediaType": "application/pdf"}, "FILE_TYPE_NOT_ALLOWED"),
        ({"mediaType": "image/svg+xml"}, "FILE_TYPE_NOT_ALLOWED"),
        ({"sizeBytes": 5 * 1024**2 + 1}, "FILE_TOO_LARGE"),
        ({"sizeBytes": 5 * 1024**3}, "FILE_TOO_LARGE"),
    ],
)
def test_what_is_not_signed_for(
    files: Files, fields: dict[str, Any], expected: str
) -> None:
    body = {
        "purpose": "avatar",
        "name": "a",
        "mediaType": "image/png",
        "sizeBytes": 9,
        **fields,
    }
    files.gym.api("client").fail(
        "POST", "/files/sign", json=body, expect=422, code=expected
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"sizeBytes": 0},
        {"sizeBytes": -1},
        {"sizeBytes": 2**62},
        {"sizeBytes": "9"},
        {"name": ""},
        {"name": "a\0b"},
        {"name": "a\nb"},
        {"name": "x" * 201},
        {"mediaType": "image/png; charset=x"},
        {"mediaType": "../png"},
        {"sha256": "abc"},
        {"id": "0199c1f2-0000-7000-8000-000000000000"},
    ],
)
def test_what_is_malformed(files: Files, fields: dict[str, Any]) -> None:
    body = {
        "purpose": "avatar",
        "name": "a",
        "mediaType": "image/png",
        "sizeBytes": 9,
        **fields,
    }
    files.gym.api("client").fail(
        "POST", "/files/sign", json=body, expect=400, code="VALIDATION_ERROR"
    )


def test_the_installation_has_a_bound_of_its_own(
    files: Files, open_desk: Opener
) -> None:
    open_desk(upload_max_bytes=1024)
    refused = files.gym.api("client").fail(
        "POST",
        "/files/sign",
        json={
            "purpose": "avatar",
            "name": "a",
            "mediaType": "image/png",
            "sizeBytes": 1025,
        },
        expect=422,
        code="FILE_TOO_LARGE",
    )
    assert refused["details"] == {"maxBytes": 1024}


def test_names_stay_out_of_paths(files: Files) -> None:
    names = ("../../../evil.png", "..\\..\\evil.png", "/etc/passwd", "....//x.png", ".")
    for name in names:
        done = files.upload(name=name)
        assert "/" not in done["name"]
        assert "\\" not in done["name"]
        assert not done["name"].startswith(".")
    quoted = files.upload(name="a\"; filename*=utf-8''evil.html; x=\".png")
    url = files.gym.api("client").get(f"/files/{quoted['id']}")["url"]
    header = files.read(url).headers["Content-Disposition"]
    assert header.count('"') == 2
    assert header.count("filename*=") == 1
    root = files.desk.store._folder  # noqa: SLF001 — nothing may lie beside it
    assert root is not None
    assert {one.name for one in root.parent.iterdir()} == {"uploads"}
    assert {one.name for one in root.iterdir()} == {str(files.gym.id)}


def test_sending_twice_at_signing_answers_once(files: Files) -> None:
    body = {
        "purpose": "avatar",
        "name": "a.png",
        "mediaType": "image/png",
        "sizeBytes": 9,
    }
    api, headers = files.gym.api("client"), {"Idempotency-Key": "k1"}
    first = api.post("/files/sign", body, headers=headers)
    assert api.post("/files/sign", body, headers=headers) == first
    assert len(api.get("/files")) == 1


def test_a_pdf_is_an_attachment(files: Files) -> None:
    fields = {"purpose": "attachment", "name": "x", "mediaType": "application/pdf"}
    done = files.upload(PDF, **fields)
    assert done["name"] == "x.pdf"
