"""Opening hours, overrides and free slots over HTTP."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from core.clock import as_rfc3339, utc_now
from core.testing.kit import TestGym
from tests.plugins.scheduling.studio import Studio

MONDAY = {"weekday": 1, "starts": "09:00", "ends": "12:00"}


def path(studio: Studio, rest: str = "availability") -> str:
    return f"/scheduling/coaches/{studio.coach}/{rest}"


def test_an_availability_nobody_set_has_the_defaults(gym: TestGym) -> None:
    coach = str(gym.user("coach"))
    gym.api("admin").post("/members/coaches", {"userId": coach})
    found = gym.api("client").get(f"/scheduling/coaches/{coach}/availability")
    assert found == {
        "coachId": coach,
        "timezone": "Europe/Berlin",
        "windows": [],
        "rules": {
            "slotMinutes": 60,
            "bufferBeforeMinutes": 0,
            "bufferAfterMinutes": 0,
            "minimumNoticeMinutes": 0,
            "maximumAdvanceDays": 365,
            "dailyLimit": None,
        },
        "version": 0,
    }


def test_a_coach_replaces_their_own_availability(studio: Studio) -> None:
    evening = {"weekday": 3, "starts": "18:00", "ends": "24:00"}
    api = studio.gym.api("coach")
    api.put(
        path(studio),
        {
            "timezone": "America/New_York",
            "windows": [evening, MONDAY],
            "rules": {"slotMinutes": 45, "dailyLimit": 3, "maximumAdvanceDays": None},
        },
    )
    found = api.get(path(studio))
    assert found["timezone"] == "America/New_York"
    assert found["windows"] == [MONDAY, evening]
    assert found["rules"]["slotMinutes"] == 45
    assert found["rules"]["dailyLimit"] == 3
    assert found["rules"]["maximumAdvanceDays"] is None


def test_two_who_change_at_once_do_not_overwrite_each_other(gym: TestGym) -> None:
    coach = str(gym.user("coach"))
    api = gym.api("admin")
    api.post("/members/coaches", {"userId": coach})
    where = f"/scheduling/coaches/{coach}/availability"
    seen = api.raw("GET", where).headers["ETag"]
    body = {"windows": [MONDAY]}
    first = api.raw("PUT", where, json=body, headers={"If-Match": seen})
    assert first.status_code == 200
    api.fail(
        "PUT",
        where,
        json=body,
        headers={"If-Match": seen},
        expect=412,
        code="PRECONDITION_FAILED",
    )
    now = {"If-Match": first.headers["ETag"]}
    assert api.raw("PUT", where, json=body, headers=now).status_code == 200


def test_one_window_is_added_and_may_touch_another(studio: Studio) -> None:
    studio.open(MONDAY)
    before = studio.admin.get(path(studio))["version"]
    noon = {"weekday": 1, "starts": "12:00", "ends": "13:00"}
    added = studio.gym.api("coach").post(
        "/scheduling/availability", {"coachId": studio.coach, **noon}
    )
    assert added == {"coachId": studio.coach, **noon}
    found = studio.admin.get(path(studio))
    assert found["windows"] == [MONDAY, noon]
    assert found["version"] == before + 1


def test_windows_that_share_time_are_refused(studio: Studio) -> None:
    studio.open(MONDAY)
    wish = {"weekday": 1, "starts": "11:30", "ends": "13:00"}
    studio.admin.fail(
        "POST",
        "/scheduling/availability",
        json={"coachId": studio.coach, **wish},
        expect=409,
        code="SESS_AVAILABILITY_OVERLAP",
    )
    studio.admin.fail(
        "PUT",
        path(studio),
        json={"windows": [MONDAY, wish]},
        expect=409,
        code="SESS_AVAILABILITY_OVERLAP",
    )
    assert studio.admin.get(path(studio))["windows"] == [MONDAY]


@pytest.mark.parametrize(
    "body",
    [
        {"windows": [{"weekday": 0, "starts": "09:00", "ends": "10:00"}]},
        {"windows": [{"weekday": 1, "starts": "9:00", "ends": "10:00"}]},
        {"windows": [{"weekday": 1, "starts": "09:00", "ends": "24:30"}]},
        {"windows": [], "rules": {"slotMinutes": 0}},
        {"windows": [], "rules": {"dailyLimit": 0}},
        {"windows": [], "rules": {"pauseMinutes": 5}},
        {"rules": {}},
    ],
)
def test_malformed_availability_is_refused(
    studio: Studio, body: dict[str, object]
) -> None:
    studio.admin.fail(
        "PUT", path(studio), json=body, expect=400, code="VALIDATION_ERROR"
    )


@pytest.mark.parametrize(
    "body",
    [
        {"windows": [{"weekday": 1, "starts": "10:00", "ends": "10:00"}]},
        {"windows": [{"weekday": 1, "starts": "22:00", "ends": "02:00"}]},
        {"windows": [], "timezone": "Mars/Olympus"},
        {"windows": [], "timezone": "../etc/passwd"},
    ],
)
def test_impossible_availability_is_refused(
    studio: Studio, body: dict[str, object]
) -> None:
    studio.admin.fail("PUT", path(studio), json=body, expect=422, code="UNPROCESSABLE")


def test_an_override_replaces_its_date_until_it_is_cleared(studio: Studio) -> None:
    studio.open(MONDAY)
    day = studio.day.isoformat()
    api = studio.gym.api("coach")
    closed = api.put(path(studio, f"overrides/{day}"), {"windows": []})
    assert closed == {
        "coachId": studio.coach,
        "date": day,
        "closed": True,
        "windows": [],
        "version": 1,
    }
    assert studio.slots(studio.day) == []
    hours = [{"starts": "20:00", "ends": "22:00"}]
    opened = api.put(path(studio, f"overrides/{day}"), {"windows": hours})
    assert (opened["closed"], opened["windows"], opened["version"]) == (False, hours, 2)
    assert len(studio.slots(studio.day)) == 2
    assert [one["date"] for one in api.get(path(studio, "overrides"))] == [day]
    api.delete(path(studio, f"overrides/{day}"))
    assert len(studio.slots(studio.day)) == 3
    api.fail("DELETE", path(studio, f"overrides/{day}"), expect=404, code="NOT_FOUND")


def test_an_override_is_held_to_the_version_seen(studio: Studio) -> None:
    where = path(studio, f"overrides/{studio.day}")
    body: dict[str, object] = {"windows": []}
    studio.admin.put(where, body, headers={"If-Match": '"0"'})
    studio.admin.fail(
        "PUT",
        where,
        json=body,
        headers={"If-Match": '"0"'},
        expect=412,
        code="PRECONDITION_FAILED",
    )


def test_an_override_is_refused_when_it_contradicts_itself(studio: Studio) -> None:
    where = path(studio, f"overrides/{studio.day}")
    twice = [{"starts": "09:00", "ends": "11:00"}, {"starts": "10:00", "ends": "12:00"}]
    studio.admin.fail(
        "PUT",
        where,
        json={"windows": twice},
        expect=409,
        code="SESS_AVAILABILITY_OVERLAP",
    )
    studio.admin.fail(
        "PUT",
        path(studio, "overrides/tomorrow"),
        json={"windows": []},
        expect=400,
        code="VALIDATION_ERROR",
    )


def test_free_slots_are_what_is_open_and_not_taken(studio: Studio) -> None:
    studio.open(
        {"weekday": 1, "starts": "09:00", "ends": "13:00"}, bufferAfterMinutes=15
    )
    all_four = studio.slots(studio.day)
    assert len(all_four) == 4
    booked = studio.book(datetime.fromisoformat(all_four[1]))
    # With a quarter of an hour between sessions, the slots beside it are gone too.
    assert studio.slots(studio.day) == [all_four[3]]
    studio.admin.patch(f"/scheduling/sessions/{booked['id']}", {"status": "canceled"})
    assert studio.slots(studio.day) == all_four


def test_free_slots_keep_to_notice_advance_and_limit(studio: Studio) -> None:
    ahead = (studio.day - utc_now().date()).days
    studio.open(MONDAY, maximumAdvanceDays=ahead - 2)
    assert studio.slots(studio.day) == []
    studio.open(MONDAY, minimumNoticeMinutes=60 * 24 * 29)
    assert studio.slots(studio.day) == []
    studio.open(MONDAY, dailyLimit=1)
    first, *_rest = studio.slots(studio.day)
    studio.book(datetime.fromisoformat(first))
    assert studio.slots(studio.day) == []
    assert len(studio.slots(studio.day + timedelta(days=7))) == 3


def last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def test_free_slots_are_right_across_both_changes_of_the_clock(
    studio: Studio,
) -> None:
    night = {"weekday": 7, "starts": "00:00", "ends": "05:00"}
    studio.open(night, maximumAdvanceDays=None)
    year = utc_now().year + 1
    forward, back = last_sunday(year, 3), last_sunday(year, 10)
    before = datetime(forward.year, forward.month, forward.day, tzinfo=UTC)
    assert studio.slots(forward) == [
        as_rfc3339(before + timedelta(hours=hour)) for hour in (-1, 0, 1, 2)
    ]
    before = datetime(back.year, back.month, back.day, tzinfo=UTC)
    assert studio.slots(back) == [
        as_rfc3339(before + timedelta(hours=hour)) for hour in (-2, -1, 0, 2, 3)
    ]


@pytest.mark.parametrize(("days", "expect"), [(61, 200), (62, 422), (-1, 422)])
def test_a_look_at_the_slots_is_bounded(studio: Studio, days: int, expect: int) -> None:
    query = {
        "coachId": studio.coach,
        "from": studio.day.isoformat(),
        "to": (studio.day + timedelta(days=days)).isoformat(),
    }
    found = studio.admin.raw("GET", "/scheduling/availability", query=query)
    assert found.status_code == expect


def test_an_unknown_coach_has_no_calendar(studio: Studio) -> None:
    nobody = f"/scheduling/coaches/{uuid4()}"
    day = studio.day.isoformat()
    for method, where, body in (
        ("GET", f"{nobody}/availability", None),
        ("PUT", f"{nobody}/availability", {"windows": []}),
        ("GET", f"{nobody}/overrides", None),
        ("PUT", f"{nobody}/overrides/{day}", {"windows": []}),
        ("DELETE", f"{nobody}/overrides/{day}", None),
        ("POST", "/scheduling/availability", {"coachId": studio.client, **MONDAY}),
        (
            "GET",
            f"/scheduling/availability?coachId={uuid4()}&from={day}&to={day}",
            None,
        ),
    ):
        studio.admin.fail(
            method, where, json=body, expect=404, code="SESS_COACH_UNKNOWN"
        )
