"""When a milestone is reached, decided without a database."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.milestones.domain.gifts import (
    GiftChannel,
    GiftKind,
    GiftTerms,
    next_without,
)
from plugins.milestones.domain.rules import (
    MAX_REACHED,
    Counted,
    Rule,
    RuleKind,
    Standing,
    standing,
)

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = MONDAY + timedelta(days=365)

moments = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001 — Hypothesis adds the zone
    max_value=datetime(2026, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
things = st.lists(
    st.builds(Counted, moments, st.integers(min_value=1, max_value=30)), max_size=40
)
rules = st.builds(
    Rule,
    counter=st.just("x"),
    kind=st.just(RuleKind.COUNT),
    threshold=st.integers(1, 50),
    repeat_every=st.none() | st.integers(1, 20),
    window_days=st.none() | st.integers(1, 60),
) | st.builds(
    Rule,
    counter=st.just("x"),
    kind=st.just(RuleKind.STREAK),
    threshold=st.integers(1, 6),
    repeat_every=st.none() | st.integers(1, 4),
)


def days(*numbers: int, amount: int = 1) -> list[Counted]:
    return [Counted(MONDAY + timedelta(days=number), amount) for number in numbers]


def stands(rule: Rule, counted: list[Counted], now: datetime = NOW) -> Standing:
    return standing(rule, counted, zone=BERLIN, now=now)


def test_a_count_is_reached_by_the_thing_that_makes_it_full() -> None:
    found = stands(Rule(counter="x", threshold=3), days(0, 1, 2, 3))
    assert found.reached == (MONDAY + timedelta(days=2),)
    assert (found.current, found.target, found.percent) == (4, 3, 100)


def test_short_of_the_threshold_nothing_is_reached() -> None:
    found = stands(Rule(counter="x", threshold=3), days(0, 1))
    assert (found.reached, found.current, found.percent) == ((), 2, 66)


def test_it_repeats_by_its_own_step_and_keeps_what_is_over() -> None:
    rule = Rule(counter="x", threshold=10, repeat_every=5)
    found = stands(rule, days(0, amount=23))
    assert len(found.reached) == 3
    assert (found.current, found.target, found.percent) == (3, 5, 60)


def test_a_window_slides_over_dates_of_the_gym() -> None:
    rule = Rule(counter="x", threshold=3, window_days=7)
    assert stands(rule, days(0, 3, 7)).reached == ()
    assert stands(rule, days(0, 3, 6)).reached == (MONDAY + timedelta(days=6),)
    today = stands(rule, days(0, 3), now=MONDAY + timedelta(days=6))
    tomorrow = stands(rule, days(0, 3), now=MONDAY + timedelta(days=7))
    assert (today.current, tomorrow.current) == (2, 1)


def test_what_a_window_gave_is_used_up() -> None:
    rule = Rule(counter="x", threshold=3, repeat_every=3, window_days=30)
    assert len(stands(rule, days(0, 1, 2, 3, 4)).reached) == 1
    assert len(stands(rule, days(0, 1, 2, 3, 4, 5)).reached) == 2


def test_dates_bound_what_counts_in_the_gyms_zone() -> None:
    rule = Rule(
        counter="x",
        threshold=1,
        counts_from=date(2026, 3, 3),
        counts_until=date(2026, 3, 4),
    )
    late = [Counted(datetime(2026, 3, 2, 23, 30, tzinfo=UTC), 1)]
    assert stands(rule, days(0)).reached == ()
    assert stands(rule, late).reached == (late[0].at,)  # the 3rd, in Berlin
    assert stands(rule, days(2)).reached == (MONDAY + timedelta(days=2),)
    assert stands(rule, days(3)).reached == ()


def test_a_streak_counts_weeks_from_monday_in_the_gyms_zone() -> None:
    rule = Rule(counter="x", threshold=3, kind=RuleKind.STREAK)
    assert len(stands(rule, days(0, 7, 14)).reached) == 1
    assert stands(rule, days(0, 1, 2, 7)).reached == ()
    # Sunday 23:30 UTC is Monday in Berlin: the second week has begun there.
    sunday = Counted(datetime(2026, 3, 8, 23, 30, tzinfo=UTC), 1)
    assert len(stands(rule, [*days(0, 14), sunday]).reached) == 1
    assert (
        standing(rule, [*days(0, 14), sunday], zone=ZoneInfo("UTC"), now=NOW).reached
        == ()
    )


def test_a_streak_lives_until_a_whole_week_passed() -> None:
    rule = Rule(counter="x", threshold=5, kind=RuleKind.STREAK)
    next_sunday = stands(rule, days(0, 7), now=MONDAY + timedelta(days=20))
    week_after = stands(rule, days(0, 7), now=MONDAY + timedelta(days=21))
    assert (next_sunday.current, week_after.current) == (2, 0)


def test_a_streak_repeats_while_it_lasts_and_begins_anew_when_broken() -> None:
    rule = Rule(counter="x", threshold=2, repeat_every=1, kind=RuleKind.STREAK)
    assert len(stands(rule, days(0, 7, 14, 21)).reached) == 3
    assert len(stands(rule, days(0, 7, 21, 28)).reached) == 2
    once = Rule(counter="x", threshold=2, kind=RuleKind.STREAK)
    assert len(stands(once, days(0, 7, 21, 28)).reached) == 1


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_clock_changes_break_no_streak(zone: str) -> None:
    rule = Rule(counter="x", threshold=52, kind=RuleKind.STREAK)
    whole_year = days(*range(0, 364, 7))
    found = standing(rule, whole_year, zone=ZoneInfo(zone), now=NOW)
    assert len(found.reached) == 1


def test_no_more_is_reached_than_the_bound() -> None:
    rule = Rule(counter="x", threshold=1, repeat_every=1)
    assert len(stands(rule, days(0, amount=1_000_000)).reached) == MAX_REACHED


@given(rules, things, st.randoms(use_true_random=False))
def test_order_is_no_matter(
    rule: Rule, counted: list[Counted], chance: random.Random
) -> None:
    shuffled = [*counted]
    chance.shuffle(shuffled)
    assert stands(rule, shuffled) == stands(rule, counted)


@given(rules, things)
def test_times_are_in_order_and_at_things_that_counted(
    rule: Rule, counted: list[Counted]
) -> None:
    found = stands(rule, counted)
    assert {*found.reached} <= {one.at for one in counted}
    assert all(first <= second for first, second in pairwise(found.reached))
    assert 0 <= found.percent <= 100
    if rule.repeat_every is None:
        assert len(found.reached) <= 1


@given(rules, things, things)
def test_more_reaches_no_less(
    rule: Rule, counted: list[Counted], more: list[Counted]
) -> None:
    if rule.window_days is None and rule.kind is RuleKind.COUNT:
        before, after = stands(rule, counted), stands(rule, [*counted, *more])
        assert len(after.reached) >= len(before.reached)


@given(things, st.integers(1, 50), st.none() | st.integers(1, 20))
def test_a_plain_count_is_plain_arithmetic(
    counted: list[Counted], threshold: int, every: int | None
) -> None:
    total = sum(one.amount for one in counted)
    found = stands(Rule(counter="x", threshold=threshold, repeat_every=every), counted)
    expected = 0
    if total >= threshold:
        expected = 1 if every is None else 1 + (total - threshold) // every
    assert len(found.reached) == min(expected, MAX_REACHED)


@pytest.mark.parametrize(
    ("terms", "is_fine"),
    [
        (GiftTerms(), True),
        (GiftTerms(text="For nothing."), False),
        (GiftTerms(channels=(GiftChannel.INBOX,)), False),
        (GiftTerms(kind=GiftKind.MESSAGE), False),
        (GiftTerms(kind=GiftKind.MESSAGE, channels=(GiftChannel.WEBHOOK,)), True),
        (
            GiftTerms(kind=GiftKind.MESSAGE, channels=(GiftChannel.SMS,), uses=1),
            False,
        ),
        (GiftTerms(kind=GiftKind.PASS, channels=(GiftChannel.EMAIL,), uses=1), False),
        (
            GiftTerms(
                kind=GiftKind.PASS,
                channels=(GiftChannel.EMAIL,),
                uses=1,
                expires_in_days=9,
            ),
            True,
        ),
        (
            GiftTerms(
                kind=GiftKind.PASS,
                channels=(GiftChannel.WEBHOOK,),
                uses=1,
                expires_in_days=9,
            ),
            False,
        ),
    ],
)
def test_a_gift_does_not_contradict_itself(terms: GiftTerms, *, is_fine: bool) -> None:
    assert (terms.flaw() is None) is is_fine


@pytest.mark.parametrize(
    ("reached", "given_for", "number"),
    [
        (set(), set(), 1),
        (set(), {1}, None),
        ({1}, {1}, None),
        ({1, 2, 3}, {1}, 2),
        ({1, 2, 3}, {1, 3}, 2),
        ({1, 2}, {1, 2}, None),
    ],
)
def test_a_gift_by_hand_is_for_the_first_time_without(
    reached: set[int], given_for: set[int], number: int | None
) -> None:
    assert next_without(reached, given_for) == number
