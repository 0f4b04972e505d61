"""Quiet hours: where they end, also in the nights when the clock is put."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.notifications.quiet import end_of_quiet

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")

clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 — the zone is the strategy's
    datetime(2027, 12, 31),  # noqa: DTZ001 — likewise
    timezones=st.just(UTC),
)
# The nights around the changes of 2026 in each of the zones.
changes = st.builds(
    lambda day, seconds: day + timedelta(seconds=seconds),
    st.sampled_from(
        [
            datetime(*day, tzinfo=UTC)
            for day in (
                (2026, 3, 7),
                (2026, 3, 28),
                (2026, 4, 4),
                (2026, 10, 3),
                (2026, 10, 24),
                (2026, 10, 31),
            )
        ]
    ),
    st.integers(0, 3 * 86_400),
)


def is_quiet(moment: datetime, start: time, end: time, zone: ZoneInfo) -> bool:
    """The rule as people say it: by the clock on the wall."""
    wall = moment.astimezone(zone).time()
    if start <= end:
        return start <= wall < end
    return not end <= wall < start


@given(st.one_of(moments, changes), clocks, clocks, st.sampled_from(ZONES))
def test_it_ends_at_the_first_moment_that_is_not_quiet(
    moment: datetime, start: time, end: time, name: str
) -> None:
    zone = ZoneInfo(name)
    found = end_of_quiet(moment, start=start, end=end, zone=zone)
    if not is_quiet(moment, start, end, zone):
        assert found is None
        return
    assert found is not None
    assert found > moment
    assert not is_quiet(found, start, end, zone)
    # Every minute until then is quiet, the very last one included.
    assert is_quiet(found - timedelta(microseconds=1), start, end, zone)
    minutes = int((found - moment) / timedelta(minutes=1))
    assert all(
        is_quiet(moment + timedelta(minutes=one), start, end, zone)
        for one in range(0, minutes, 7)
    )


@given(moments, clocks)
def test_from_and_to_the_same_time_is_never(moment: datetime, clock: time) -> None:
    assert end_of_quiet(moment, start=clock, end=clock, zone=BERLIN) is None


@pytest.mark.parametrize(
    ("moment", "start", "end", "expected"),
    [
        # An ordinary night, before and after midnight, and the edges.
        ("2026-07-01T20:00Z", "22:00", "08:00", "2026-07-02T06:00Z"),
        ("2026-07-02T01:00Z", "22:00", "08:00", "2026-07-02T06:00Z"),
        ("2026-07-02T06:00Z", "22:00", "08:00", None),
        ("2026-07-01T19:59Z", "22:00", "08:00", None),
        # Put forward in the night: the same clock, another offset.
        ("2026-03-28T21:30Z", "22:00", "08:00", "2026-03-29T06:00Z"),
        # Put back in the night.
        ("2026-10-24T21:30Z", "22:00", "08:00", "2026-10-25T07:00Z"),
        # 02:30 is left out: it ends as the clock goes from 02:00 to 03:00.
        ("2026-03-29T00:15Z", "22:00", "02:30", "2026-03-29T01:00Z"),
        # 02:30 comes twice: it ends at the first, begins anew at 02:00, ends again.
        ("2026-10-24T23:00Z", "22:00", "02:30", "2026-10-25T00:30Z"),
        ("2026-10-25T01:10Z", "22:00", "02:30", "2026-10-25T01:30Z"),
    ],
)
def test_the_nights_when_the_clock_is_put(
    moment: str, start: str, end: str, expected: str | None
) -> None:
    found = end_of_quiet(
        datetime.fromisoformat(moment),
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        zone=BERLIN,
    )
    assert found == (expected and datetime.fromisoformat(expected))
