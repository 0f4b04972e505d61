"""Wall time, opening hours and free slots, through every kind of clock change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.scheduling.domain.opening import (
    OpeningHours,
    Window,
    collide,
    days,
    joined,
)
from plugins.scheduling.domain.slots import Reason, Rules, free_slots, refusal
from plugins.scheduling.domain.walltime import (
    Interval,
    covers,
    day_begins,
    exists,
    format_wall_time,
    merged,
    moment_of,
    parse_wall_time,
    wall_clock,
)

BERLIN = ZoneInfo("Europe/Berlin")
# The date on which the clocks go forward, then the one on which they go back.
CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 10, 4), date(2026, 4, 5)),
    "Africa/Casablanca": (date(2026, 3, 22), date(2026, 2, 15)),
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ANY_TIME = Rules(maximum_advance_days=None)

zones = st.sampled_from(sorted(CHANGES)).map(ZoneInfo)


@st.composite
def windows(draw: st.DrawFn) -> list[Window]:
    """Up to four windows of a day that do not share time."""
    cuts = draw(
        st.lists(
            st.integers(0, 96).map(lambda quarter: quarter * 15),
            min_size=2,
            max_size=8,
            unique=True,
        )
    )
    ordered = sorted(cuts)
    return [Window(*pair) for pair in zip(ordered[::2], ordered[1::2], strict=False)]


@st.composite
def changing_days(draw: st.DrawFn) -> tuple[ZoneInfo, date]:
    """A zone, and a date on or beside one of its clock changes."""
    zone = draw(zones)
    around = draw(st.sampled_from(CHANGES[zone.key]))
    return zone, around + timedelta(days=draw(st.integers(-2, 2)))


def open_every_day(zone: ZoneInfo, hours: list[Window]) -> OpeningHours:
    return OpeningHours(zone, dict.fromkeys(range(1, 8), hours))


def slots_on(
    zone: str, day: date, *hours: tuple[str, str], minutes: int = 60
) -> list[str]:
    """The slots of one day, as the wall clock shows their starts, with the offset."""
    opening = open_every_day(
        ZoneInfo(zone),
        [Window(parse_wall_time(a), parse_wall_time(b)) for a, b in hours],
    )
    found = free_slots(
        opening,
        Rules(slot_minutes=minutes, maximum_advance_days=None),
        first=day,
        last=day,
        booked=[],
        now=LONG_AGO,
    )
    return [f"{slot.starts.astimezone(opening.zone):%H:%M%z}" for slot in found]


@pytest.mark.parametrize("text", ["00:00", "07:05", "23:59", "24:00"])
def test_wall_time_reads_back(text: str) -> None:
    assert format_wall_time(parse_wall_time(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9:00",
        "09:60",
        "24:01",
        "25:00",
        "0900",
        "-1:00",
        "09:00:00",
        "\u0660\u0669:00",
    ],
)
def test_other_texts_are_no_wall_time(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        parse_wall_time(text)


@pytest.mark.parametrize(("starts", "ends"), [(600, 600), (700, 600), (0, 1441)])
def test_a_window_ends_after_it_starts(starts: int, ends: int) -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Window(starts, ends)


def test_a_slot_in_the_gap_does_not_exist() -> None:
    forward = CHANGES["Europe/Berlin"][0]
    assert slots_on("Europe/Berlin", forward, ("00:00", "05:00")) == [
        "00:00+0100",
        "01:00+0100",
        "03:00+0200",
        "04:00+0200",
    ]


def test_a_slot_in_the_overlap_exists_once() -> None:
    back = CHANGES["Europe/Berlin"][1]
    assert slots_on("Europe/Berlin", back, ("01:00", "05:00")) == [
        "01:00+0200",
        "02:00+0200",
        "03:00+0100",
        "04:00+0100",
    ]


def test_half_an_hour_of_change_moves_only_what_it_touches() -> None:
    forward, back = CHANGES["Australia/Lord_Howe"]
    zone = "Australia/Lord_Howe"
    assert slots_on(zone, forward, ("01:00", "04:00"), minutes=30) == [
        "01:00+1030",
        "01:30+1030",
        "02:30+1100",
        "03:00+1100",
        "03:30+1100",
    ]
    assert slots_on(zone, back, ("01:00", "03:00"), minutes=30) == [
        "01:00+1100",
        "01:30+1100",
        "02:00+1030",
        "02:30+1030",
    ]


def test_a_slot_pushed_into_the_one_before_gives_way() -> None:
    forward = CHANGES["Australia/Lord_Howe"][0]
    # 01:30 to 02:30 lasts until 03:00 on the wall; 02:30 would begin inside it.
    found = slots_on("Australia/Lord_Howe", forward, ("01:30", "05:00"))
    assert found == ["01:30+1030", "03:30+1100"]


def test_slots_of_ordinary_days_keep_their_wall_time_all_year() -> None:
    for month in (1, 7):
        found = slots_on("America/New_York", date(2026, month, 5), ("13:00", "15:00"))
        assert [slot[:5] for slot in found] == ["13:00", "14:00"]


def test_a_window_inside_the_gap_is_not_there() -> None:
    forward = CHANGES["Europe/Berlin"][0]
    opening = open_every_day(BERLIN, [Window(120, 180)])
    assert opening.open_on(forward) == []


def test_a_boundary_in_the_gap_is_where_the_clocks_jump() -> None:
    forward = CHANGES["Europe/Berlin"][0]
    opening = open_every_day(BERLIN, [Window(150, 300)])
    assert opening.open_on(forward) == [
        Interval(
            datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC)
        )
    ]


@given(changing_days(), st.integers(0, 1440))
def test_a_moment_shows_what_was_asked_or_lies_at_the_jump(
    place: tuple[ZoneInfo, date], minute: int
) -> None:
    zone, day = place
    shown = wall_clock(day, minute)
    moment = moment_of(shown, zone)
    seen = moment.astimezone(zone)
    if exists(shown, zone):
        assert seen.replace(tzinfo=None) == shown
        earlier = moment - timedelta(hours=1)
        assert earlier.astimezone(zone).replace(tzinfo=None) != shown
    else:
        just_before = moment - timedelta(seconds=1)
        assert just_before.astimezone(zone).utcoffset() != seen.utcoffset()
        assert just_before.astimezone(zone).replace(tzinfo=None) < shown


@given(changing_days(), st.integers(0, 1439), st.integers(0, 1440))
def test_later_on_the_wall_is_never_earlier_in_time(
    place: tuple[ZoneInfo, date], first: int, second: int
) -> None:
    zone, day = place
    low, high = sorted((first, second))
    assert moment_of(wall_clock(day, low), zone) <= moment_of(
        wall_clock(day, high), zone
    )


@given(changing_days(), windows())
def test_days_follow_each_other_without_gap_or_overlap(
    place: tuple[ZoneInfo, date], hours: list[Window]
) -> None:
    zone, day = place
    whole = open_every_day(zone, [Window(0, 1440)])
    range_of_days = days(day - timedelta(days=1), day + timedelta(days=1))
    spans = [span for one in range_of_days for span in whole.open_on(one)]
    assert len(merged(spans)) == 1
    parts = open_every_day(zone, hours).open_on(day)
    assert all(first.ends <= second.starts for first, second in pairwise(parts))
    assert all(covers(spans, part) for part in parts)


@given(
    changing_days(),
    windows(),
    st.sampled_from([15, 20, 30, 45, 60, 90]),
    st.lists(st.tuples(st.integers(0, 60 * 48), st.integers(15, 240)), max_size=6),
    st.integers(0, 30),
    st.integers(0, 60 * 30),
)
def test_every_free_slot_may_be_booked(
    place: tuple[ZoneInfo, date],
    hours: list[Window],
    minutes: int,
    taken: list[tuple[int, int]],
    buffer: int,
    notice: int,
) -> None:
    zone, day = place
    opening = open_every_day(zone, hours)
    rules = Rules(
        slot_minutes=minutes,
        buffer_after_minutes=buffer,
        minimum_notice_minutes=notice,
        daily_limit=4,
    )
    now = day_begins(day, zone)
    booked = [
        Interval(
            now + timedelta(minutes=start), now + timedelta(minutes=start + length)
        )
        for start, length in taken
    ]
    last = day + timedelta(days=1)
    found = free_slots(opening, rules, first=day, last=last, booked=booked, now=now)
    assert all(first.ends <= second.starts for first, second in pairwise(found))
    for slot in found:
        assert slot.ends - slot.starts == timedelta(minutes=minutes)
        assert not any(slot.overlaps(session) for session in booked)
        assert refusal(opening, rules, slot, booked=booked, now=now) is None


@given(changing_days(), windows())
def test_no_slot_is_lost_when_nothing_is_booked(
    place: tuple[ZoneInfo, date], hours: list[Window]
) -> None:
    """Free slots are exactly the steps of the dial that exist and fit."""
    zone, day = place
    opening = open_every_day(zone, hours)
    rules = Rules(slot_minutes=15, maximum_advance_days=None)
    found = free_slots(opening, rules, first=day, last=day, booked=[], now=LONG_AGO)
    expected = [
        moment_of(wall_clock(day, minute), zone)
        for window in joined(hours)
        for minute in range(window.starts, window.ends, 15)
        if exists(wall_clock(day, minute), zone)
    ]
    assert [slot.starts for slot in found] == expected


@given(windows())
def test_windows_that_only_touch_do_not_collide(hours: list[Window]) -> None:
    assert not collide(hours)
    if hours:
        assert collide([*hours, hours[0]])


def test_an_override_replaces_its_date_and_no_other() -> None:
    monday = date(2026, 6, 1)
    week = {weekday: [Window(540, 600)] for weekday in range(1, 8)}
    opening = OpeningHours(
        BERLIN, week, {monday: [], monday + timedelta(days=1): [Window(0, 60)]}
    )
    assert opening.windows_on(monday) == []
    assert opening.windows_on(monday + timedelta(days=1)) == [Window(0, 60)]
    assert opening.windows_on(monday + timedelta(days=2)) == [Window(540, 600)]


def test_a_session_may_run_through_midnight_where_both_sides_are_open() -> None:
    opening = open_every_day(BERLIN, [Window(0, 120), Window(1320, 1440)])
    late = Interval(
        datetime(2026, 6, 1, 21, 30, tzinfo=UTC),
        datetime(2026, 6, 1, 22, 30, tzinfo=UTC),
    )
    assert refusal(opening, ANY_TIME, late, booked=[], now=LONG_AGO) is None
    too_late = Interval(late.starts, late.ends + timedelta(hours=2))
    assert (
        refusal(opening, ANY_TIME, too_late, booked=[], now=LONG_AGO) is Reason.WINDOWS
    )


NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
SESSION = Interval(NOON, NOON + timedelta(hours=1))
MORNING_BEFORE = Interval(NOON - timedelta(hours=2), NOON - timedelta(minutes=10))


@pytest.mark.parametrize(
    ("rules", "now", "reason"),
    [
        (Rules(minimum_notice_minutes=61), NOON - timedelta(hours=1), Reason.NOTICE),
        (Rules(minimum_notice_minutes=60), NOON - timedelta(hours=1), None),
        (Rules(maximum_advance_days=1), NOON - timedelta(days=2), Reason.ADVANCE),
        (Rules(maximum_advance_days=2), NOON - timedelta(days=2), None),
        (Rules(daily_limit=1), NOON - timedelta(days=2), Reason.DAILY_LIMIT),
        (Rules(daily_limit=2), NOON - timedelta(days=2), None),
        (Rules(buffer_after_minutes=11), NOON - timedelta(days=2), Reason.BUFFER),
        (Rules(buffer_before_minutes=11), NOON - timedelta(days=2), Reason.BUFFER),
        (Rules(buffer_after_minutes=10), NOON - timedelta(days=2), None),
        (
            Rules(buffer_before_minutes=6, buffer_after_minutes=5),
            NOON - timedelta(days=2),
            Reason.BUFFER,
        ),
    ],
)
def test_why_a_time_is_refused(
    rules: Rules, now: datetime, reason: Reason | None
) -> None:
    opening = open_every_day(BERLIN, [Window(0, 1440)])
    found = refusal(opening, rules, SESSION, booked=[MORNING_BEFORE], now=now)
    assert found is reason
