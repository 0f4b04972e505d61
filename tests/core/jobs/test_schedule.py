"""When recurring work is due, and that it is written once."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core.clock import frozen_at
from core.jobs.admin import list_jobs
from core.jobs.runtime import GymClock
from core.jobs.schedule import Every
from core.jobs.scheduler import Scheduler
from core.testing.kit import TestGym
from tests.core.jobs.conftest import MakeRuntime
from tests.core.jobs.probe import count

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("cron", "now", "expected"),
    [
        ("0 3 * * *", "2026-01-10T03:00:00", "2026-01-10T03:00:00"),
        ("0 3 * * *", "2026-01-10T02:59:59", "2026-01-09T03:00:00"),
        # The clocks go from 02:00 to 03:00 on 29 March, and back on 25 October.
        ("30 2 * * *", "2026-03-29T03:00:00", "2026-03-29T03:00:00"),
        ("30 2 * * *", "2026-03-29T01:59:00", "2026-03-28T02:30:00"),
        ("30 2 * * *", "2026-10-25T03:30:00", "2026-10-25T02:30:00"),
        ("*/15 * * * *", "2026-03-29T03:14:00", "2026-03-29T03:00:00"),
        ("0 9 * * 1", "2026-01-10T12:00:00", "2026-01-05T09:00:00"),
    ],
)
def test_the_latest_moment_it_was_due(cron: str, now: str, expected: str) -> None:
    schedule = Every("probe.n", cron, count, args={"number": 1})
    since = at(now) - timedelta(days=7)
    assert schedule.latest(since=since, now=at(now), gym_zone=BERLIN) == at(expected)


@pytest.mark.parametrize(
    ("cron", "moments"), [("30 2 * * *", 2), ("0 * * * *", 48), ("*/20 1-3 * * *", 18)]
)
@pytest.mark.parametrize("day", ["2026-03-28T00:00:00Z", "2026-10-24T00:00:00Z"])
def test_looking_every_minute_over_a_clock_change_finds_each_moment_once(
    cron: str, moments: int, day: str
) -> None:
    schedule = Every("probe.n", cron, count, args={"number": 1})
    start = datetime.fromisoformat(day)
    minutes = [start + timedelta(minutes=minute) for minute in range(48 * 60 + 1)]
    found = [
        schedule.latest(since=since, now=now, gym_zone=BERLIN)
        for since, now in pairwise(minutes)
    ]
    ticks = [tick for tick in found if tick is not None]
    assert len(ticks) == len(set(ticks)) == moments


def test_two_schedulers_write_one_row_in_each_gym(
    gym: TestGym, other_gym: TestGym, runtime: MakeRuntime
) -> None:
    surroundings = runtime(
        count,
        schedules=[Every("probe.nightly", "0 3 * * *", count, args={"number": 1})],
        gyms=[GymClock(gym.id, BERLIN), GymClock(other_gym.id, "Asia/Tokyo")],
    )
    first, second = Scheduler(surroundings), Scheduler(surroundings)
    with frozen_at(at("2026-01-10T12:00:00")):
        assert [first.tick(), second.tick(), first.tick()] == [2, 0, 0]
    with frozen_at(at("2026-01-11T02:59:00")):
        # Tokyo's night is over by then.
        assert [first.tick(), second.tick()] == [1, 0]
    with frozen_at(at("2026-01-11T03:00:01")):
        assert [second.tick(), first.tick()] == [1, 0]
    with gym.unit():
        jobs = list_jobs().items
    assert [job.dedup_key for job in jobs] == [
        "probe.nightly@2026-01-11T02:00:00+00:00",
        "probe.nightly@2026-01-10T02:00:00+00:00",
    ]
