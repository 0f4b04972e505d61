"""The decisions of passes, held to what must be true of any input."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.passes.domain.calendar import (
    day_begins,
    end_of_days,
    months_after,
    next_end,
    period_around,
)
from plugins.passes.domain.codes import (
    ALPHABET,
    LENGTH,
    new_codes,
    normalised,
    shown,
)
from plugins.passes.domain.entitlement import (
    Holding,
    Refusal,
    choose,
    refusal,
    state,
)
from plugins.passes.domain.kinds import Per, State

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

moments = st.integers(-400, 400).map(lambda hours: NOON + timedelta(hours=hours))
holdings = st.builds(
    Holding,
    id=st.uuids(version=4),
    remaining=st.none() | st.integers(0, 3),
    allowance_left=st.none() | st.integers(-1, 3),
    starts_at=moments,
    ends_at=st.none() | moments,
    paused_from=st.none() | moments,
    paused_until=st.none() | moments,
    blocked=st.booleans(),
    revoked=st.booleans(),
    closed=st.booleans(),
)


def held(number: int = 1, **values: object) -> Holding:
    given = {"starts_at": NOON - timedelta(days=1), "remaining": 1, **values}
    return Holding(id=UUID(int=number), **given)  # type: ignore[arg-type]


@given(st.lists(holdings, max_size=8), moments)
def test_the_chosen_holding_covers_and_nothing_better_does(
    some: list[Holding], moment: datetime
) -> None:
    chosen = choose(some, moment)
    covering = [one for one in some if refusal(one, moment) is None]
    if chosen is None:
        assert covering == []
        return
    assert chosen in covering
    if any(one.unlimited for one in covering):
        assert chosen.unlimited
    rivals = [one for one in covering if one.unlimited == chosen.unlimited]
    ends = [one.ends_at for one in rivals if one.ends_at is not None]
    assert chosen.ends_at == (min(ends) if ends else None)


@given(st.lists(holdings, max_size=8, unique_by=lambda one: one.id), moments)
def test_the_choice_does_not_hang_on_the_order(
    some: list[Holding], moment: datetime
) -> None:
    assert choose(some, moment) == choose(reversed(some), moment)


@given(holdings, moments)
def test_a_holding_covers_exactly_when_nothing_speaks_against_it(
    one: Holding, moment: datetime
) -> None:
    fine = (
        not (one.revoked or one.blocked or one.closed)
        and one.starts_at <= moment
        and (one.ends_at is None or moment < one.ends_at)
        and not one.paused_at(moment)
        and (one.remaining is None or one.remaining > 0)
        and (one.allowance_left is None or one.allowance_left > 0)
    )
    assert (refusal(one, moment) is None) == fine


@given(holdings, moments)
def test_what_is_active_is_not_refused_for_its_state(
    one: Holding, now: datetime
) -> None:
    found = state(
        revoked=one.revoked,
        closed=one.closed,
        remaining=one.remaining,
        ends_at=one.ends_at,
        now=now,
    )
    why = refusal(one, now)
    if found is State.ACTIVE:
        assert why not in {Refusal.REVOKED, Refusal.EXPIRED, Refusal.USED}
    else:
        assert why is not None


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (held(), None),
        (held(revoked=True), Refusal.REVOKED),
        (held(blocked=True), Refusal.BLOCKED),
        (held(ends_at=NOON), Refusal.EXPIRED),
        (held(ends_at=NOON + timedelta(seconds=1)), None),
        (held(closed=True), Refusal.EXPIRED),
        (held(starts_at=NOON + timedelta(seconds=1)), Refusal.NOT_STARTED),
        (held(remaining=0), Refusal.USED),
        (held(remaining=None, allowance_left=0), Refusal.ALLOWANCE),
        (
            held(paused_from=NOON, paused_until=NOON + timedelta(days=1)),
            Refusal.PAUSED,
        ),
        (held(paused_from=NOON - timedelta(days=1), paused_until=NOON), None),
    ],
)
def test_each_reason(one: Holding, why: Refusal | None) -> None:
    assert refusal(one, NOON) == why


def test_what_costs_nothing_pays_first_then_what_ends_first() -> None:
    soon = held(1, ends_at=NOON + timedelta(days=1))
    later = held(2, ends_at=NOON + timedelta(days=9))
    never = held(3)
    free = held(4, remaining=None)
    assert choose([never, later, soon, free], NOON) == free
    assert choose([never, later, soon], NOON) == soon
    assert choose([never, later], NOON) == later
    assert choose([held(9), never], NOON) == never


def test_codes_carry_eighty_bits_and_no_lookalikes() -> None:
    assert (len(ALPHABET), LENGTH) == (32, 16)
    assert not set("ILOU") & set(ALPHABET)
    codes = new_codes(2000)
    assert len(set(codes)) == 2000
    for place in range(LENGTH):
        assert {code[place] for code in codes} == set(ALPHABET)


@given(
    st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH),
    st.sampled_from([str.lower, str.upper, lambda text: f"  {text} "]),
)
def test_a_code_is_read_however_it_is_typed(
    code: str, typed: Callable[[str], str]
) -> None:
    assert normalised(typed(shown(code))) == code
    assert normalised(code.replace("0", "o").replace("1", "l")) == code


@given(st.text(max_size=40))
def test_anything_else_is_no_code(text: str) -> None:
    found = normalised(text)
    assert found is None or (len(found) == LENGTH and set(found) <= set(ALPHABET))


def test_days_are_counted_on_the_wall_across_the_clock_change() -> None:
    first = date(2026, 3, 28)  # clocks go forward on the 29th
    assert day_begins(first, BERLIN) == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert end_of_days(2, first, BERLIN) == datetime(2026, 3, 29, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "per", "since", "until"),
    [
        # Sunday 23:30 and Monday 00:30 in Berlin
        (datetime(2026, 3, 1, 22, 30, tzinfo=UTC), Per.WEEK, (2, 23), (3, 2)),
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), Per.WEEK, (3, 2), (3, 9)),
        (datetime(2026, 2, 28, 22, 59, tzinfo=UTC), Per.MONTH, (2, 1), (3, 1)),
        (datetime(2026, 2, 28, 23, 0, tzinfo=UTC), Per.MONTH, (3, 1), (4, 1)),
    ],
)
def test_weeks_and_months_are_those_of_the_gym(
    moment: datetime, per: Per, since: tuple[int, int], until: tuple[int, int]
) -> None:
    assert period_around(moment, per, BERLIN) == (
        day_begins(date(2026, *since), BERLIN),
        day_begins(date(2026, *until), BERLIN),
    )


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_months_later_is_the_same_day_or_the_last(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


def test_a_period_from_the_31st_comes_back_to_the_31st() -> None:
    first = date(2026, 1, 31)
    ends = [months_after(first, 1)]
    for _ in range(3):
        ends.append(next_end(first, ends[-1], 1))
    assert ends == [
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
        date(2026, 5, 31),
    ]
    assert next_end(first, date(2026, 3, 10), 1) == date(2026, 4, 10)
