"""Callers who announce a body and do not send it hold up nobody else."""

import io
import threading
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest
from typing_extensions import override

from core.http.bodies import BodyMiddleware
from core.testing.kit import TestGym

PATIENCE_S = 60


class Stalled(io.RawIOBase):
    """A body that does not come until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.let_go = threading.Event()

    @override
    def read(self, _size: int = -1) -> bytes:
        self.asked.set()
        self.let_go.wait(PATIENCE_S)
        return b"{}"


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def call(app: BodyMiddleware, body: Any, **environ: str) -> tuple[str, Iterable[bytes]]:
    answered: list[str] = []

    def start_response(status: str, _headers: object) -> None:
        answered.append(status)

    asked = {"REQUEST_METHOD": "POST", "wsgi.input": body, **environ}
    result = app(asked, start_response)  # type: ignore[arg-type]
    return answered[0], result


def test_the_whole_body_is_handed_on() -> None:
    app = BodyMiddleware(echo, max_bytes=100, at_once=1)
    assert call(app, io.BytesIO(b"abcdef"), CONTENT_LENGTH="3") == ("200 OK", [b"abc"])
    chunked = call(app, io.BytesIO(b"x" * 500), HTTP_TRANSFER_ENCODING="chunked")
    assert chunked == ("200 OK", [b"x" * 101])


@pytest.mark.parametrize("length", ["", "0", "x", "-1", "101"])
def test_what_is_no_body_or_too_long_is_not_waited_for(length: str) -> None:
    app = BodyMiddleware(echo, max_bytes=100, at_once=1)
    assert call(app, io.BytesIO(), CONTENT_LENGTH=length) == ("200 OK", [b""])


def test_others_go_on_while_bodies_are_waited_for() -> None:
    app = BodyMiddleware(echo, max_bytes=100, at_once=1)
    stalled = Stalled()
    waiting = threading.Thread(
        target=call, args=(app, stalled), kwargs={"CONTENT_LENGTH": "5"}
    )
    waiting.start()
    assert stalled.asked.wait(PATIENCE_S)
    assert call(app, io.BytesIO()) == ("200 OK", [b""])
    status, refused = call(app, io.BytesIO(b"{}"), CONTENT_LENGTH="2")
    assert status == "503 Service Unavailable"
    assert orjson.loads(b"".join(refused))["error"]["code"] == "UNAVAILABLE"
    stalled.let_go.set()
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()
    assert call(app, io.BytesIO(b"{}"), CONTENT_LENGTH="2") == ("200 OK", [b"{}"])


@pytest.mark.parametrize("path", ["/roles/%00", "/roles/a%00b", "/%00", "/users/%00"])
def test_a_nul_in_the_path_is_nothing_we_have(gym: TestGym, path: str) -> None:
    admin = gym.api("admin")
    for method in ("GET", "DELETE", "PUT"):
        assert admin.raw(method, path, json={}).status_code == 404


def test_replays_at_once_are_all_answered(gym: TestGym) -> None:
    """A key whose request is done is never said to be running."""
    api = gym.api("admin")
    body = {"email": f"new@{gym.slug}.example", "name": "New", "role": "client"}
    headers = {"Idempotency-Key": "once-and-again"}
    first = api.raw("POST", "/auth/register", json=body, headers=headers)
    assert first.status_code == 201
    answers: list[tuple[int, str | None]] = []

    def again() -> None:
        response = api.raw("POST", "/auth/register", json=body, headers=headers)
        replayed = response.headers.get("Idempotent-Replayed")
        answers.append((response.status_code, replayed))

    threads = [threading.Thread(target=again) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(201, "true")] * 20
