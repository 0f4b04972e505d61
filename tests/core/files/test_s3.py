"""The same by S3's own protocol, against a server that speaks it."""

import urllib.request
from collections.abc import Iterator
from email.message import Message
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from moto.server import ThreadedMotoServer

from core.app import Installation
from core.files.errors import StoreFailed
from core.testing.kit import TestGym
from tests.core.files.conftest import Files, Opener
from tests.core.files.samples import png

PAGE = b"<html><script>alert(1)</script></html>"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    call("PUT", f"{address}/gyms")
    yield address
    server.stop()


@pytest.fixture
def bucket(
    endpoint: str, gym: TestGym, installation: Installation, open_desk: Opener
) -> Files:
    made = open_desk(
        url="s3://gyms/up/loads",
        endpoint=endpoint,
        access_key="key",
        secret_key="secret",
    )
    return Files(gym, made, installation)


def call(
    method: str, url: str, content: bytes | None = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    request = urllib.request.Request(  # noqa: S310 — loopback
        url, data=content, method=method, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read(), _lowered(answer.headers)
    except HTTPError as error:
        with error:
            return error.code, error.read(), {}


def _lowered(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def put(signed: dict[str, dict[str, object]], content: bytes) -> int:
    upload = signed["upload"]
    headers = dict(upload["headers"])  # type: ignore[call-overload]
    return call(str(upload["method"]), str(upload["url"]), content, **headers)[0]


def test_a_file_goes_straight_to_the_bucket_and_back(bucket: Files) -> None:
    content = png(30, 30)
    signed = bucket.sign(content)
    url = urlsplit(signed["upload"]["url"])
    assert url.path == f"/gyms/up/loads/{bucket.gym.id}/incoming/{signed['id']}"
    assert "X-Amz-Signature" in url.query
    assert put(signed, content) == 200
    done = bucket.complete(signed["id"]).get_json()["data"]
    assert done["status"] == "ready"
    shown = bucket.gym.api("coach").get(f"/files/{done['id']}")
    status, read, headers = call("GET", shown["url"])
    assert (status, read) == (200, content)
    assert headers["content-type"] == "image/png"
    assert headers["content-disposition"].startswith("inline;")
    assert headers["cache-control"].startswith("private")


def test_sending_again_changes_nothing_that_anyone_reads(bucket: Files) -> None:
    signed = bucket.sign(png())
    assert put(signed, png()) == 200
    assert bucket.complete(signed["id"]).status_code == 200
    assert put(signed, PAGE) == 200
    again = bucket.complete(signed["id"]).get_json()["data"]
    assert again["status"] == "ready"
    shown = bucket.gym.api("client").get(f"/files/{signed['id']}")
    assert call("GET", shown["url"])[1] == png()
    bucket.run("files.remove")
    assert len(bucket.objects()) == 1
    assert call("GET", shown["url"])[1] == png()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (png() + PAGE, "FILE_SIZE_MISMATCH"),
        (bytes(2_000_000), "FILE_SIZE_MISMATCH"),
        (PAGE.ljust(len(png())), "FILE_TYPE_MISMATCH"),
    ],
)
def test_what_the_signature_does_not_hold_to_is_found_out(
    bucket: Files, sent: bytes, code: str
) -> None:
    signed = bucket.sign(png())
    assert put(signed, sent) == 200
    answer = bucket.complete(signed["id"])
    found = (answer.status_code, answer.get_json()["error"]["code"])
    assert found == (422, code)
    bucket.run("files.remove")
    assert bucket.objects() == []


def test_nothing_was_sent(bucket: Files) -> None:
    signed = bucket.sign(png())
    answer = bucket.complete(signed["id"])
    assert answer.get_json()["error"]["code"] == "FILE_NOT_UPLOADED"


def test_a_deleted_file_leaves_the_bucket(bucket: Files) -> None:
    signed = bucket.sign(png())
    assert put(signed, png()) == 200
    assert bucket.complete(signed["id"]).status_code == 200
    url = bucket.gym.api("client").get(f"/files/{signed['id']}")["url"]
    bucket.gym.api("client").delete(f"/files/{signed['id']}")
    bucket.run("files.remove")
    assert bucket.objects() == []
    assert call("GET", url)[0] == 404


def test_a_bucket_that_is_not_there_is_a_failure_of_its_own(
    bucket: Files, open_desk: Opener, endpoint: str
) -> None:
    signed = bucket.sign(png())
    missing = open_desk(
        url="s3://elsewhere",
        endpoint=endpoint,
        access_key="key",
        secret_key="very-secret",
    )
    with pytest.raises(StoreFailed):
        list(missing.store.listing(bucket.gym.id))
    answer = bucket.complete(signed["id"])
    assert answer.status_code in {409, 502}
    assert "very-secret" not in answer.text
