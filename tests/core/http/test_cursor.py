"""Cursors: read back by who made them, refused otherwise."""

import pytest

from core.errors import Unprocessable
from core.http.cursor import MAX_CURSOR, sign, verify

KEY = b"k" * 32
POSITION = ["2026-03-02T09:00:00+00:00", "019cadf2", True]


def signed() -> str:
    return sign(KEY, POSITION, purpose="audits", scope="gym-1")


def test_a_cursor_gives_its_position_back() -> None:
    assert verify(KEY, signed(), purpose="audits", scope="gym-1") == POSITION


def test_a_cursor_needs_no_escaping_in_a_url() -> None:
    for number in range(50):
        made = sign(KEY, [number], purpose="audits", scope="gym-1")
        assert made.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("key", "purpose", "scope"),
    [
        (b"o" * 32, "audits", "gym-1"),
        (KEY, "feed", "gym-1"),
        (KEY, "audits", "gym-2"),
        (KEY, "auditsgym", "-1"),
    ],
)
def test_a_cursor_fits_nowhere_else(key: bytes, purpose: str, scope: str) -> None:
    with pytest.raises(Unprocessable):
        verify(key, signed(), purpose=purpose, scope=scope)


@pytest.mark.parametrize(
    "given", ["", "A", "AAAA", "!!!!", "ünï", "A" * (MAX_CURSOR + 1), "A" * 60]
)
def test_what_is_no_cursor_is_refused(given: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        verify(KEY, given, purpose="audits", scope="gym-1")
    assert refused.value.details is not None
    assert "cursor" in refused.value.details["query"]


def test_every_changed_character_shows() -> None:
    made = signed()
    for place, letter in enumerate(made[:-1]):
        other = "B" if letter == "A" else "A"
        with pytest.raises(Unprocessable):
            verify(
                KEY,
                made[:place] + other + made[place + 1 :],
                purpose="audits",
                scope="gym-1",
            )
