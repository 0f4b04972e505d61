"""How far clients are, who sees it, and evaluating again and again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.app import Installation
from core.clock import as_rfc3339, utc_now
from core.testing.emitted import emitted_in
from core.testing.kit import TestGym
from plugins.milestones.hooks import MilestoneAchieved
from plugins.milestones.service.evaluation import BATCH
from tests.plugins.milestones.hall import PATH, Hall

CountQueries = Callable[[], Any]


def test_progress_goes_on_with_each_session_and_says_when_it_was_reached(
    hall: Hall,
) -> None:
    made = hall.milestone(2, repeatEvery=3)
    hall.train()
    hall.work()
    [one] = hall.gym.api("client").get(PATH)
    assert one == {
        "definitionId": made["id"],
        "clientId": hall.client,
        "title": "2 sessions",
        "kind": "count",
        "counter": "sessions_completed",
        "current": 1,
        "threshold": 2,
        "percent": 50,
        "timesAchieved": 0,
        "achievedAt": None,
    }
    hall.train(2)
    hall.work()
    [one] = hall.progress()
    found = one["current"], one["threshold"], one["percent"], one["timesAchieved"]
    assert found == (1, 3, 33, 1)
    [reached] = hall.reached()
    assert one["achievedAt"] == reached["achievedAt"]


def test_what_was_counted_before_counts_too_unless_a_date_is_said(hall: Hall) -> None:
    hall.count(5, at=utc_now() - timedelta(days=40))
    hall.milestone(5)
    today = utc_now().date().isoformat()
    hall.milestone(5, countsFrom=today)
    assert [one["percent"] for one in hall.progress()] == [100, 0]
    body = {"clientId": hall.client}
    assert hall.admin.post(f"{PATH}/evaluate", body, expect=200)["achieved"] == 1


def test_evaluating_again_finds_nothing_new(hall: Hall) -> None:
    hall.milestone(1, repeatEvery=1)
    hall.count(3)
    hall.work()
    assert {one["occurrence"] for one in hall.reached()} == {1, 2, 3}
    for _again in range(2):
        body = {"clientId": hall.client}
        found = hall.admin.post(f"{PATH}/evaluate", body, expect=200)
        assert found == {"achieved": 0, "queued": False}
    assert len(hall.reached()) == 3


def test_everybody_is_evaluated_by_job_and_every_night(hall: Hall) -> None:
    clients = [hall.client, *(hall.studio.another("clients") for _ in range(2))]
    for client in clients:
        hall.count(4, client=client)
    hall.work()
    hall.milestone(4)
    found = hall.admin.post(f"{PATH}/evaluate", {}, expect=200)
    assert found == {"achieved": 0, "queued": True}
    ran = [kind for kind, _outcome in hall.work()]
    assert ran[:2] == ["milestones.evaluate_all", "milestones.evaluate"]
    assert {one["clientId"] for one in hall.reached()} == set(clients)
    assert len(clients) < BATCH
    schedules = hall.gym.installation.plugins.all_gyms.schedules()
    names = {one.name: one.kind for group in schedules for one in group}
    assert names["milestones.nightly"] == "milestones.evaluate_all"


def test_a_milestone_reached_is_told_to_others(
    hall: Hall, installation: Installation
) -> None:
    made = hall.milestone(1)
    at = utc_now().replace(microsecond=0) - timedelta(hours=3)
    with emitted_in(installation) as heard:
        hall.count(at=at)
        hall.work()
        hall.admin.post(f"{PATH}/evaluate", {"clientId": hall.client}, expect=200)
    [event] = heard.of(MilestoneAchieved)
    [reached] = hall.reached()
    assert event == MilestoneAchieved(
        achievement_id=UUID(reached["id"]),
        definition_id=UUID(made["id"]),
        client_id=UUID(hall.client),
        title="1 sessions",
        occurrence=1,
        achieved_at=at,
    )


def test_a_late_thing_may_be_the_one_that_reached_it(hall: Hall) -> None:
    hall.milestone(2)
    now = utc_now().replace(microsecond=0)
    hall.count(at=now - timedelta(days=1))
    hall.count(at=now - timedelta(days=3))
    hall.work()
    [reached] = hall.reached()
    assert reached["achievedAt"] == as_rfc3339(now - timedelta(days=1))


def test_a_streak_by_weeks(hall: Hall) -> None:
    hall.milestone(3, kind="streak")
    now = utc_now()
    for weeks in (2, 1):
        hall.count(at=now - timedelta(weeks=weeks))
    hall.work()
    [one] = hall.progress()
    assert (one["kind"], one["current"], one["percent"]) == ("streak", 2, 66)
    hall.count(at=now)
    hall.work()
    assert len(hall.reached()) == 1


def test_reach(hall: Hall) -> None:
    hall.milestone(1)
    other = hall.studio.another("clients")
    for client in (hall.client, other):
        hall.count(client=client)
    hall.work()
    for role, sees in (("team", 2), ("coach", 1), ("client", 1)):
        api = hall.gym.api(role)
        assert len(api.get(f"{PATH}/achievements")) == sees, role
        assert len(api.get(PATH, query={"clientId": hall.client})) == 1, role
    for role in ("coach", "client"):
        api = hall.gym.api(role)
        theirs = {"clientId": other}
        api.fail("GET", PATH, query=theirs, expect=403, code="FORBIDDEN")
        assert api.get(f"{PATH}/achievements", query=theirs) == []


def test_whoever_is_no_client_says_whose(hall: Hall, other_gym: TestGym) -> None:
    hall.admin.fail("GET", PATH, expect=422, code="MILESTONE_CLIENT_UNNAMED")
    for stranger in (uuid4(), other_gym.user("client"), hall.gym.user("team")):
        for method, path, options in (
            ("GET", PATH, {"query": {"clientId": str(stranger)}}),
            ("POST", f"{PATH}/evaluate", {"json": {"clientId": str(stranger)}}),
        ):
            hall.admin.fail(
                method, path, expect=404, code="MILESTONE_CLIENT_UNKNOWN", **options
            )


@pytest.mark.parametrize("things", [1, 40])
def test_reading_progress_takes_as_many_queries_however_much_there_is(
    hall: Hall, count_queries: CountQueries, things: int
) -> None:
    for number in range(1, 4):
        hall.milestone(number)
    for number in range(things):
        hall.count(at=utc_now() - timedelta(days=number))
    hall.progress()
    with count_queries() as counted:
        hall.progress()
    assert len(counted) == 4, counted.statements


def test_pages_follow_the_milestones(hall: Hall) -> None:
    for number in range(1, 4):
        hall.milestone(number)
    query = {"clientId": hall.client, "limit": 2, "page": 2, "sort": "title:desc"}
    response = hall.admin.raw("GET", PATH, query=query)
    body = response.get_json()
    assert [one["title"] for one in body["data"]] == ["1 sessions"]
    assert body["meta"]["pagination"]["total"] == 3


def test_moments_are_in_utc(hall: Hall) -> None:
    hall.milestone(1)
    hall.count()
    hall.work()
    at = hall.reached()[0]["achievedAt"]
    assert datetime.fromisoformat(at).utcoffset() == timedelta(0)
