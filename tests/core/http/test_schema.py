"""Wire shapes: camelCase, bounded text, moments with an offset, known sort keys."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, validate

from core.http.page import SortKey
from core.http.schema import (
    MAX_TEXT,
    Line,
    Moment,
    PageQuery,
    Schema,
    Sort,
    Text,
    camel_case,
    snake_case,
)


class Thing(Schema):
    display_name = Text(minimum=2, maximum=5, pattern="^[a-z]+$")
    starts_at = Moment(allow_none=True)
    kind = Text(validate=validate.OneOf(["a", "b"]))
    plain = Text()
    line = Line(maximum=10)
    blank_line = Line(blank=True, allow_none=True)


class Things(PageQuery):
    sort = Sort("created_at", "title", default="createdAt:desc,title")


def refused(data: dict[str, Any], schema: Schema | None = None) -> Any:
    with pytest.raises(ValidationError) as error:
        (schema or Thing()).load(data)
    return error.value.messages


@given(st.from_regex(r"[a-z]{2,8}(_[a-z]{2,8}){0,3}", fullmatch=True))
def test_names_go_there_and_back(name: str) -> None:
    assert snake_case(camel_case(name)) == name


def test_fields_are_camel_case_on_the_wire() -> None:
    assert Thing().load({"displayName": "abc"}) == {"display_name": "abc"}
    assert Thing().dump({"display_name": "abc"}) == {"displayName": "abc"}
    assert "display_name" in refused({"display_name": "abc"})


@pytest.mark.parametrize("text", ["a", "abcdef", "AB", 7, None])
def test_text_keeps_its_bounds(text: Any) -> None:
    assert "displayName" in refused({"displayName": text})


def test_text_has_a_bound_of_its_own() -> None:
    assert Thing().load({"plain": "x" * MAX_TEXT})
    assert "plain" in refused({"plain": "x" * (MAX_TEXT + 1)})


def test_text_takes_further_checks() -> None:
    assert Thing().load({"kind": "a"})
    assert "kind" in refused({"kind": "c"})


@given(st.text(max_size=10))
def test_a_line_is_what_its_documented_pattern_says(text: str) -> None:
    pattern = Thing().fields["line"].metadata["pattern"].rstrip("$")
    if re.fullmatch(pattern, text):
        assert Thing().load({"line": text})["line"] == text.strip() != ""
    else:
        assert "line" in refused({"line": text})


@pytest.mark.parametrize("text", ["Zoë Ωλ 李 🏋", "  Ada ", "a\u200db", "'; --"])
def test_a_line_takes_every_name(text: str) -> None:
    assert Thing().load({"line": text}) == {"line": text.strip()}


@pytest.mark.parametrize(
    "sign", "\n\r\t\x00\x1b\x7f\x85\u2028\u2029\u202a\u202e\u2066\u2069"
)
def test_a_line_is_one_line_in_one_direction(sign: str) -> None:
    for field in ("line", "blankLine"):
        for text in (f"a{sign}", f"{sign}a", f"a{sign}b"):
            assert field in refused({field: text})


@pytest.mark.parametrize("text", ["", "   ", "\u00a0\u3000", "\u200b\ufeff", "\u3164"])
def test_a_line_is_seen(text: str) -> None:
    assert "line" in refused({"line": text})
    assert Thing().load({"blankLine": text}) == {"blank_line": text.strip()}


def test_a_line_has_a_bound_and_may_be_null() -> None:
    assert "line" in refused({"line": "x" * 11})
    assert Thing().load({"blankLine": None}) == {"blank_line": None}


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T09:00:00Z", "2026-03-01T10:00:00+01:00", "2026-03-01T04:00:00-05:00"],
)
def test_moments_come_in_with_any_offset(text: str) -> None:
    moment = Thing().load({"startsAt": text})["starts_at"]
    assert moment == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T09:00:00",
        "2026-03-01",
        "yesterday",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:00",
    ],
)
def test_other_moments_are_refused(text: str) -> None:
    assert "startsAt" in refused({"startsAt": text})


def test_moments_go_out_in_utc() -> None:
    summer = timezone(timedelta(hours=2))
    moment = datetime(2026, 7, 1, 11, tzinfo=summer)
    assert Thing().dump({"starts_at": moment}) == {"startsAt": "2026-07-01T09:00:00Z"}
    assert Thing().dump({"starts_at": None}) == {"startsAt": None}


def test_sort_keys_are_read_in_order() -> None:
    loaded = Things().load({"sort": "title:asc,createdAt:desc"})["sort"]
    assert loaded == (SortKey("title"), SortKey("created_at", descending=True))
    by_default = Things().load({})["sort"]
    assert by_default == (SortKey("created_at", descending=True), SortKey("title"))


@pytest.mark.parametrize("sort", ["", "other", "title:up", "title,", "created_at"])
def test_unknown_sort_keys_are_refused(sort: str) -> None:
    (message,) = refused({"sort": sort}, Things())["sort"]
    assert "createdAt, title" in message


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page": "0"}, "page"),
        ({"page": "1000001"}, "page"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "x"}, "limit"),
    ],
)
def test_pages_are_bounded(query: dict[str, str], field: str) -> None:
    assert field in refused(query, Things())


def test_the_first_page_holds_twenty() -> None:
    loaded = Things().load({})
    assert (loaded["page"], loaded["limit"]) == (1, 20)
