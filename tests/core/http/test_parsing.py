"""Bounds of what a caller may send."""

from typing import Any

import orjson
import pytest
from flask import Request
from marshmallow import fields
from werkzeug.test import EnvironBuilder

from core.errors import PayloadTooLarge, UnsupportedMediaType, ValidationFailed
from core.http.parsing import MAX_DEPTH, parse_json, read_body, read_query
from core.http.schema import Schema, Text

LIMIT = 1_000


class Body(Schema):
    title = Text(required=True, maximum=10)
    many = fields.List(fields.Integer())


def request(**options: Any) -> Request:
    return Request(EnvironBuilder(method="POST", **options).get_environ())


def sent(raw: bytes, media_type: str = "application/json") -> Request:
    return request(data=raw, content_type=media_type)


def test_a_body_comes_in_snake_case() -> None:
    class Named(Schema):
        first_name = Text()

    assert read_body(sent(b'{"firstName": "Ada"}'), Named(), LIMIT) == {
        "first_name": "Ada"
    }


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", ""])
def test_only_json_is_read(media_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_body(sent(b'{"title": "a"}', media_type), Body(), LIMIT)


def test_a_charset_is_no_obstacle() -> None:
    given = sent(b'{"title": "a"}', "application/json; charset=utf-8")
    assert read_body(given, Body(), LIMIT) == {"title": "a"}


def test_a_body_may_fill_its_limit_and_no_more() -> None:
    padding = LIMIT - len(b'{"title": "a"}')
    fits = b'{"title": "a"' + b" " * padding + b"}"
    assert read_body(sent(fits), Body(), LIMIT) == {"title": "a"}
    with pytest.raises(PayloadTooLarge):
        read_body(sent(fits + b" "), Body(), LIMIT)


@pytest.mark.parametrize("raw", [b"", b"{", b"{'a': 1}", b"\xff", b"NaN", b'{"a":1}x'])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ValidationFailed, match="not valid JSON"):
        parse_json(raw)


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def test_depth_is_bounded() -> None:
    assert parse_json(nested(MAX_DEPTH)) is not None
    with pytest.raises(ValidationFailed, match="deeper"):
        parse_json(nested(MAX_DEPTH + 2))


def test_breadth_is_not_depth() -> None:
    wide = orjson.dumps([{} for _ in range(200)])
    assert len(parse_json(wide)) == 200


@pytest.mark.parametrize(
    "raw", [rb'{"a": "x\u0000y"}', rb'{"a\u0000": 1}', rb'[["\u0000"]]']
)
def test_nul_is_refused_wherever_it_stands(raw: bytes) -> None:
    with pytest.raises(ValidationFailed, match="NUL"):
        parse_json(raw)


def test_the_letters_of_an_escape_are_no_nul() -> None:
    assert parse_json(rb'{"a": "\\u0000"}') == {"a": r"\u0000"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "a", "other": 1}, "other"),
        ({}, "title"),
        ({"title": 7}, "title"),
        ({"title": "x" * 11}, "title"),
        ({"title": "a", "many": ["b"]}, "many"),
        ([], "_schema"),
    ],
)
def test_the_field_at_fault_is_named(body: Any, field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        read_body(sent(orjson.dumps(body)), Body(), LIMIT)
    assert refused.value.details is not None
    assert field in refused.value.details["body"]


def test_query_parameters_are_read_once_each() -> None:
    assert read_query(request(query_string="title=a"), Body()) == {"title": "a"}
    for query in ("title=a&title=b", "title=a&other=1", "title=a%00", "title%00=a"):
        with pytest.raises(ValidationFailed):
            read_query(request(query_string=query), Body())
