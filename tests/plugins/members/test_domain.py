"""Pure decisions about members."""

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.members.domain import (
    ABSENT,
    GENDERS,
    MAX_AGE_YEARS,
    ClientStatus,
    fits_client,
    fits_coach,
    frozen_fields,
    may_become,
    merge_parts,
    plausible_birth,
    reserved_fields,
    somebody_was_faster,
    spread,
    tidy_tags,
)

TODAY = date(2026, 3, 1)
ILLEGAL = {
    ("lead", "paused"),
    ("active", "lead"),
    ("paused", "lead"),
    ("left", "paused"),
}


@given(st.sampled_from(ClientStatus), st.sampled_from(ClientStatus))
def test_every_move_but_four_is_legal(now: ClientStatus, wanted: ClientStatus) -> None:
    assert may_become(now, wanted) is ((now.value, wanted.value) not in ILLEGAL)


@given(st.lists(st.text(max_size=8)))
def test_tidy_tags_are_unique_bounded_and_stay_tidy(tags: list[str]) -> None:
    tidy = tidy_tags(tags)
    assert len(set(tidy)) == len(tidy) <= len(tags)
    assert all(tag == tag.strip() and tag for tag in tidy)
    assert tidy_tags(tidy) == tidy


def test_tags_keep_their_first_place() -> None:
    assert tidy_tags([" Yoga ", "vip", "YOGA", "  ", "early   bird"]) == [
        "yoga",
        "vip",
        "early bird",
    ]


@given(st.dates(min_value=date(1, 1, 1), max_value=date(9000, 1, 1)))
def test_births_are_neither_ahead_nor_beyond_a_life(today: date) -> None:
    assert plausible_birth(today, today)
    assert not plausible_birth(today + timedelta(days=1), today)


def test_the_oldest_plausible_birth() -> None:
    year = TODAY.year - MAX_AGE_YEARS
    assert plausible_birth(date(year, 1, 1), TODAY)
    assert not plausible_birth(date(year - 1, 12, 31), TODAY)


@pytest.mark.parametrize(
    ("wanted", "frozen"),
    [
        ({}, {}),
        ({"gender": "female"}, {}),
        ({"gender": "male"}, {"gender": "female"}),
        ({"gender": None}, {"gender": "female"}),
        ({"date_of_birth": TODAY}, {}),
    ],
)
def test_only_a_set_field_is_frozen(
    wanted: dict[str, object], frozen: dict[str, object]
) -> None:
    assert frozen_fields({"gender": "female", "date_of_birth": None}, wanted) == frozen


@pytest.mark.parametrize(
    ("is_self", "manages", "whole_gym", "refused"),
    [
        (True, False, False, ["status", "tags"]),
        (False, True, False, ["termsAcceptance"]),
        (False, True, True, []),
        (False, False, False, ["status", "tags", "termsAcceptance"]),
    ],
)
def test_reserved_fields(
    *, is_self: bool, manages: bool, whole_gym: bool, refused: list[str]
) -> None:
    asked = {"goals", "status", "tags", "terms_version"}
    found = reserved_fields(
        asked, is_self=is_self, manages=manages, whole_gym=whole_gym
    )
    assert found == refused
    assert (
        reserved_fields(
            {"goals"}, is_self=is_self, manages=manages, whole_gym=whole_gym
        )
        == []
    )


@given(st.none() | st.uuids(), st.none() | st.uuids())
def test_absent_never_minds_and_null_means_no_coach(
    current: UUID | None, expected: UUID | None
) -> None:
    assert not somebody_was_faster(current, ABSENT)
    assert not somebody_was_faster(current, current)
    assert somebody_was_faster(current, expected) is (current != expected)


def test_roles_that_fit_a_profile() -> None:
    roles = ["admin", "team", "coach", "client", "partner", "head-coach"]
    assert [role for role in roles if fits_client(role)] == ["client", "head-coach"]
    assert [role for role in roles if fits_coach(role)] == [
        "admin",
        "team",
        "coach",
        "head-coach",
    ]


@given(st.lists(st.integers(), unique=True), st.lists(st.text(), unique=True))
def test_clients_are_dealt_evenly(clients: list[int], coaches: list[str]) -> None:
    dealt = spread(clients, coaches)
    if not coaches:
        assert dealt == []
        return
    assert [client for client, _coach in dealt] == clients
    loads = Counter(dict.fromkeys(coaches, 0))
    loads.update(coach for _client, coach in dealt)
    assert max(loads.values()) - min(loads.values()) <= 1


def test_parts_are_joined_and_none_hides_another() -> None:
    assert merge_parts([]) == {}
    assert merge_parts([{"a": 1}, {"b": [2]}]) == {"a": 1, "b": [2]}
    with pytest.raises(ValueError, match="'a'"):
        merge_parts([{"a": 1}, {"a": 2}])


def test_genders_have_words_in_both_languages() -> None:
    assert all(code and english and german for code, english, german in GENDERS)
    assert len({code for code, *_words in GENDERS}) == len(GENDERS)
