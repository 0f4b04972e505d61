"""HTML fields keep harmless markup and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, validate

from core.http.html import LINK_SCHEMES, MAX_HTML, TAGS, Html, clean_html
from core.http.schema import Schema

REL = 'rel="noopener noreferrer nofollow"'


class Article(Schema):
    body_html = Html(minimum=1, maximum=200)


def load(text: Any) -> Any:
    return Article().load({"bodyHtml": text})["body_html"]


def refusal(text: Any) -> Any:
    with pytest.raises(ValidationError) as refused:
        load(text)
    assert isinstance(refused.value.messages, dict)
    return refused.value.messages["bodyHtml"]


@pytest.mark.parametrize("tag", sorted(TAGS - {"a", "br"}))
def test_allowed_tags_stay_without_their_attributes(tag: str) -> None:
    given_html = f'<{tag} style="x" onclick="y" class="z" id="i">text</{tag}>'
    assert clean_html(given_html) == f"<{tag}>text</{tag}>"


@pytest.mark.parametrize("scheme", sorted(LINK_SCHEMES))
def test_links_stay_and_are_told_not_to_be_trusted(scheme: str) -> None:
    assert load(f'<a href="{scheme}:x" target="_top">go</a>') == (
        f'<a href="{scheme}:x" {REL}>go</a>'
    )


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java&#10;script:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example",
        "/relative",
        "ftp://x",
    ],
)
def test_other_links_lose_their_target(href: str) -> None:
    assert load(f'<a href="{href}">go</a>') == f"<a {REL}>go</a>"


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<script>alert(1)</script>ok", "ok"),
        ("<style>p{}</style>ok", "ok"),
        ("<img src=x onerror=alert(1)>ok", "ok"),
        ("<iframe src=//x></iframe>ok", "ok"),
        ("<svg onload=alert(1)>ok</svg>", "ok"),
        ("<b>ok</b>", "ok"),
        ("<!-- note -->ok", "ok"),
        ("<p>open", "<p>open</p>"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("o\0k", "ok"),
        ("<p>Grüße 🏋</p>", "<p>Grüße 🏋</p>"),
    ],
)
def test_what_could_do_harm_goes(dirty: str, clean: str) -> None:
    assert load(dirty) == clean


@pytest.mark.parametrize("fragment", ["<svg><p><style>", "<math><mtext><table>"])
def test_markup_that_parsers_move_about_stays_harmless(fragment: str) -> None:
    cleaned = clean_html(
        f'{fragment}<!--</style><img title="--&gt;<img src=1 onerror=x>">'
    )
    assert "<img" not in cleaned


@given(st.text(alphabet="<>/=\"' &;abcdehilmnoprstu1234-!\0\n", max_size=80))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_html(text)
    assert clean_html(once) == once


def test_length_is_held_before_and_after_cleaning() -> None:
    assert load("x" * 200) == "x" * 200
    assert refusal("x" * 201) == ["Longer than maximum length 200."]
    assert refusal("<script>" + "x" * 300) == ["Longer than maximum length 200."]
    assert refusal("&" * 200) == ["Length must be between 1 and 200."]


def test_what_cleans_to_nothing_counts_as_nothing() -> None:
    assert refusal("<script>alert(1)</script>") == ["Length must be between 1 and 200."]


@pytest.mark.parametrize("value", [1, ["<p>"], {"a": 1}, None])
def test_only_text_is_taken(value: Any) -> None:
    assert refusal(value)


def test_absence_and_null_are_what_the_field_says() -> None:
    class Optional(Schema):
        body_html = Html(allow_none=True)

    assert Optional().load({}) == {}
    assert Optional().load({"bodyHtml": None}) == {"body_html": None}


def test_further_checks_see_the_cleaned_text() -> None:
    class Strict(Schema):
        one = Html(validate=validate.Equal("ok"))
        two = Html(validate=[validate.Equal("ok")])

    assert Strict().load({"one": "<i>ok</i>", "two": "<i>ok</i>"}) == {
        "one": "ok",
        "two": "ok",
    }


def test_a_field_cannot_be_declared_beyond_the_bound() -> None:
    with pytest.raises(ValueError, match=str(MAX_HTML)):
        Html(maximum=MAX_HTML + 1)
