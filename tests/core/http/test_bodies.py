"""Bodies and queries: bounded, well formed, or refused with a clear 4xx."""

import io
from contextlib import suppress
from typing import Any

import orjson
import pytest
from flask import Response, current_app, request
from hypothesis import given
from hypothesis import strategies as st
from marshmallow.fields import Raw
from typing_extensions import override
from werkzeug.test import TestResponse

from core.errors import ValidationFailed
from core.http.envelope import success
from core.http.parsing import MAX_DEPTH, parse_json, read_body, read_query
from core.http.schema import Schema, Text
from tests.core.http.tiny_app import TinyApp, make_gym

LIMIT = 2048
JSON = "application/json"


class NoteIn(Schema):
    text = Text(required=True)
    more = Raw()


class SearchQuery(Schema):
    q = Text()


class Unread(io.RawIOBase):
    """A body that must not be touched."""

    @override
    def readable(self) -> bool:
        raise AssertionError("The body was read.")

    @override
    def read(self, _size: int = -1, /) -> bytes:
        raise AssertionError("The body was read.")

    @override
    def readinto(self, _buffer: Any, /) -> int:
        raise AssertionError("The body was read.")


def _echo() -> Response:
    limit = current_app.config["PALESTRA_BODY_MAX_BYTES"]
    return success(read_body(request, NoteIn(), limit))


def _search() -> Response:
    return success(read_query(request, SearchQuery()))


@pytest.fixture
def app() -> TinyApp:
    app = TinyApp(make_gym(), variables={"PALESTRA_BODY_MAX_BYTES": str(LIMIT)})
    app.add_url_rule("/api/v1/echo", view_func=_echo, methods=["POST", "GET", "DELETE"])
    app.add_url_rule("/api/v1/search", view_func=_search)
    return app


def send(
    app: TinyApp, body: Any = b"", kind: str | None = JSON, **options: Any
) -> TestResponse:
    headers = {"X-Tenant": "north", **options.pop("headers", {})}
    options.setdefault("method", "POST")
    if isinstance(body, bytes):
        options["data"] = body
    else:
        # Past werkzeug's builder, which would read the stream to learn its length.
        options["environ_overrides"] = {
            "wsgi.input": body,
            **options.pop("environ", {}),
        }
    return app.test_client().open(
        "/api/v1/echo", headers=headers, content_type=kind, **options
    )


def code(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json()["error"]["code"]


def test_a_sound_body_is_read(app: TinyApp) -> None:
    response = send(app, b'{"text": "gr\xc3\xbc\xc3\x9fe"}', f"{JSON}; charset=utf-8")
    assert response.get_json()["data"] == {"text": "grüße"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"\xff",
        b'{"text": "\xff"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\\ud800"}',
        b'{"text": "\x00"}',
        b'{"text": "\\u0000"}',
        b'{"te\\u0000xt": "x"}',
        b'{"text": "x", "more": [{"a": "\\u0000"}]}',
        b'\xef\xbb\xbf{"text": "x"}',
        b'{"text": "x"} {}',
        b"{'text': 'x'}",
        b'{"text": NaN}',
        b'{"text": 1e999}',
        b"[]",
        b'"text"',
        b"null",
        b'{"text": 1}',
        b'{"text": null}',
        b'{"text": "x", "unknown": 1}',
        b"[" * 1500,
        b'{"text": "x", "more": ' + b"[" * 100 + b"]" * 100 + b"}",
    ],
)
def test_a_malformed_body_is_400(app: TinyApp, body: bytes) -> None:
    assert code(send(app, body)) == (400, "VALIDATION_ERROR")


def test_no_body_at_all_is_400(app: TinyApp) -> None:
    assert code(send(app, kind=None)) == (400, "VALIDATION_ERROR")


def test_of_a_repeated_name_the_last_counts(app: TinyApp) -> None:
    response = send(app, b'{"text": "a", "text": "b"}')
    assert response.get_json()["data"] == {"text": "b"}


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/merge-patch+json",
        "json",
        None,
    ],
)
def test_another_media_type_is_415(app: TinyApp, kind: str | None) -> None:
    response = send(app, b'{"text": "x"}', kind)
    assert code(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_compressed_body_is_415(app: TinyApp) -> None:
    response = send(app, b'{"text": "x"}', headers={"Content-Encoding": "gzip"})
    assert code(response) == (415, "UNSUPPORTED_MEDIA_TYPE")
    response = send(app, b'{"text": "x"}', headers={"Content-Encoding": "identity"})
    assert response.status_code == 200


@pytest.mark.parametrize("kind", [JSON, "text/plain", None])
def test_a_declared_length_over_the_limit_is_refused_unread(
    app: TinyApp, kind: str | None
) -> None:
    response = send(app, Unread(), kind, environ={"CONTENT_LENGTH": str(LIMIT + 1)})
    assert code(response) == (413, "PAYLOAD_TOO_LARGE")


def test_the_limit_itself_is_taken(app: TinyApp) -> None:
    body = orjson.dumps({"text": ""})
    body = orjson.dumps({"text": "x" * (LIMIT - len(body))})
    assert len(body) == LIMIT
    assert send(app, body).status_code == 200
    assert code(send(app, body + b" ")) == (413, "PAYLOAD_TOO_LARGE")


def _chunked(app: TinyApp, body: bytes) -> tuple[TestResponse, io.BytesIO]:
    stream = io.BytesIO(body)
    response = send(
        app,
        stream,
        headers={"Transfer-Encoding": "chunked"},
        environ={"wsgi.input_terminated": True},
    )
    return response, stream


def test_a_body_without_a_length_is_read_up_to_the_limit(app: TinyApp) -> None:
    response, _ = _chunked(app, b'{"text": "x"}')
    assert response.get_json()["data"] == {"text": "x"}
    response, stream = _chunked(app, b" " * 1_000_000)
    assert code(response) == (413, "PAYLOAD_TOO_LARGE")
    assert stream.tell() < 100_000


def test_a_body_is_not_cut_to_fit(app: TinyApp) -> None:
    note = b'{"text": "x"}'
    response, _ = _chunked(app, note.ljust(LIMIT))
    assert response.status_code == 200
    response, _ = _chunked(app, note.ljust(LIMIT) + b"and more")
    assert code(response) == (413, "PAYLOAD_TOO_LARGE")


def test_a_body_cut_short_is_400(app: TinyApp) -> None:
    response = send(
        app, io.BytesIO(b'{"text": "x"}'), environ={"CONTENT_LENGTH": "100"}
    )
    assert code(response) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("length", ["-5", "abc", "1e3"])
def test_a_senseless_length_is_no_defect(app: TinyApp, length: str) -> None:
    response = send(app, io.BytesIO(b"{}"), environ={"CONTENT_LENGTH": length})
    assert response.status_code in {400, 413}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_methods_without_a_usual_body_keep_the_same_rules(
    app: TinyApp, method: str
) -> None:
    assert send(app, b'{"text": "x"}', method=method).status_code == 200
    assert code(send(app, b"\xff", method=method)) == (400, "VALIDATION_ERROR")
    assert code(
        send(app, Unread(), method=method, environ={"CONTENT_LENGTH": str(LIMIT + 1)})
    ) == (
        413,
        "PAYLOAD_TOO_LARGE",
    )


@pytest.mark.parametrize("inside", [b"", b"1"])
def test_depth_is_counted_in_levels(inside: bytes) -> None:
    for levels in (1, MAX_DEPTH):
        parse_json(b"[" * levels + inside + b"]" * levels)
    too_deep = b"[" * (MAX_DEPTH + 1) + inside + b"]" * (MAX_DEPTH + 1)
    with pytest.raises(ValidationFailed, match="deeper than 64"):
        parse_json(too_deep)


def test_breadth_is_not_depth() -> None:
    wide = orjson.dumps([{"a": []}] * 500)
    assert parse_json(wide) == [{"a": []}] * 500


def test_a_spelt_out_escape_is_no_nul() -> None:
    assert parse_json(b'"\\\\u0000"') == "\\u0000"


@given(st.binary(max_size=60))
def test_any_bytes_are_either_json_or_refused(raw: bytes) -> None:
    with suppress(ValidationFailed):
        assert orjson.loads(orjson.dumps(parse_json(raw))) == parse_json(raw)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?q=x", 200),
        ("?q=%FF", 200),
        ("?q=%00", 400),
        ("?%00=x", 400),
        ("?q=1&q=2", 400),
        ("?unknown=1", 400),
    ],
)
def test_queries_are_held_to_the_same(app: TinyApp, query: str, status: int) -> None:
    response = app.test_client().get(
        f"/api/v1/search{query}", headers={"X-Tenant": "north"}
    )
    assert response.status_code == status
