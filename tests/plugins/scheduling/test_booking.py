"""Booking and finding sessions over HTTP."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from core.clock import as_rfc3339, utc_now
from tests.plugins.scheduling.studio import Studio

SESSIONS = "/scheduling/sessions"


@pytest.mark.parametrize("who", ["client", "coach", "team", "admin"])
def test_a_session_is_booked(studio: Studio, who: str) -> None:
    starts = studio.at(9)
    booked = studio.book(starts, by=who, location="Studio 1", notes="Left knee")
    assert booked == {
        **studio.wish(starts),
        "id": booked["id"],
        "status": "scheduled",
        "location": "Studio 1",
        "notes": "Left knee",
        "version": 1,
        "createdAt": booked["createdAt"],
        "updatedAt": booked["updatedAt"],
    }
    response = studio.gym.api("client").raw("GET", f"{SESSIONS}/{booked['id']}")
    assert response.get_json()["data"] == booked
    assert response.headers["ETag"] == '"1"'


def test_a_repeated_request_books_once(studio: Studio) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    api = studio.gym.api("client")
    body = studio.wish(studio.at(9))
    first = api.post(SESSIONS, body, headers=key)
    assert api.post(SESSIONS, body, headers=key) == first


def test_times_may_be_given_in_any_zone(studio: Studio) -> None:
    starts = studio.at(9).astimezone(ZoneInfo("Asia/Kolkata"))
    body = studio.wish(studio.at(9))
    body["startsAt"] = starts.isoformat()
    assert studio.admin.post(SESSIONS, body)["startsAt"] == as_rfc3339(studio.at(9))


def test_the_coach_is_in_one_place_at_a_time(studio: Studio) -> None:
    studio.book(studio.at(9))
    someone = studio.another("clients")
    error = studio.refused(
        studio.at(9.5), "SESS_OVERLAP", expect=409, by="admin", clientId=someone
    )
    assert error["details"] == {"who": "coach"}
    studio.book(studio.at(10), clientId=someone)
    studio.book(studio.at(8), clientId=someone)


def test_the_client_is_in_one_place_at_a_time(studio: Studio) -> None:
    studio.book(studio.at(9))
    other = studio.another("coaches")
    studio.open(coach=other)
    error = studio.refused(studio.at(9.5), "SESS_OVERLAP", expect=409, coachId=other)
    assert error["details"] == {"who": "client"}


def test_a_canceled_session_gives_its_time_back(studio: Studio) -> None:
    booked = studio.book(studio.at(9), by="client")
    studio.gym.api("client").patch(f"{SESSIONS}/{booked['id']}", {"status": "canceled"})
    assert studio.book(studio.at(9), by="client")["id"] != booked["id"]


@pytest.mark.parametrize("who", ["client", "coach", "admin"])
def test_opening_hours_bind_everybody(studio: Studio, who: str) -> None:
    studio.open({"weekday": 1, "starts": "10:00", "ends": "12:00"})
    error = studio.refused(
        studio.at(3), "SESS_OUTSIDE_AVAILABILITY", expect=422, by=who
    )
    assert error["details"] == {"reason": "windows"}


def test_the_team_may_override_opening_hours_and_others_may_not(
    studio: Studio,
) -> None:
    studio.open({"weekday": 1, "starts": "10:00", "ends": "12:00"})
    studio.book(studio.at(3), by="team", ignoreAvailability=True)
    for who in ("client", "coach"):
        error = studio.refused(
            studio.at(4), "FORBIDDEN", expect=403, by=who, ignoreAvailability=True
        )
        assert error["details"] == {"permission": "scheduling.sessions.override"}


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"minimumNoticeMinutes": 43_200}, "notice"),
        ({"maximumAdvanceDays": 7}, "advance"),
        ({"dailyLimit": 1}, "dailyLimit"),
        ({"bufferAfterMinutes": 20}, "buffer"),
    ],
)
def test_booking_rules_bind_clients_and_not_the_staff(
    studio: Studio, rules: dict[str, Any], reason: str
) -> None:
    studio.open(**rules)
    studio.book(studio.at(9))
    error = studio.refused(studio.at(10.25), "SESS_OUTSIDE_AVAILABILITY", expect=422)
    assert error["details"] == {"reason": reason}
    studio.book(studio.at(10.25), by="coach")


def test_the_limit_of_a_date_counts_that_date_in_the_coachs_zone(
    studio: Studio,
) -> None:
    studio.open(dailyLimit=1)
    # In Berlin the studio's Monday ends at 22:00 or 23:00 UTC.
    studio.book(studio.at(23.5, day=-1))
    studio.book(studio.at(23.5), by="client")
    studio.refused(studio.at(12), "SESS_OUTSIDE_AVAILABILITY", expect=422)


@pytest.mark.parametrize(
    ("zone", "hour"), [("Pacific/Kiritimati", 12), ("Pacific/Niue", 20)]
)
def test_an_override_holds_on_its_date_far_from_greenwich(
    studio: Studio, zone: str, hour: int
) -> None:
    calendar = f"/scheduling/coaches/{studio.coach}"
    known = studio.admin.get(f"{calendar}/availability")
    body = {"windows": known["windows"], "rules": known["rules"], "timezone": zone}
    studio.admin.put(f"{calendar}/availability", body)
    studio.admin.put(f"{calendar}/overrides/{studio.day}", {"windows": []})
    there = datetime.combine(studio.day, time(hour), ZoneInfo(zone))
    assert there.astimezone(UTC).date() != studio.day
    for by in ("client", "admin"):
        error = studio.refused(there, "SESS_OUTSIDE_AVAILABILITY", expect=422, by=by)
        assert error["details"] == {"reason": "windows"}
    for days in (-1, 1):
        studio.book(there + timedelta(days=days), by="client")


def test_a_client_does_not_book_the_past_and_the_staff_may_record_it(
    studio: Studio,
) -> None:
    yesterday = utc_now().replace(microsecond=0) - timedelta(days=1)
    studio.refused(yesterday, "SESS_IN_PAST", expect=422)
    studio.book(yesterday, by="coach")


@pytest.mark.parametrize("minutes", [0, -60, 4, 481])
def test_the_length_of_a_session_is_bounded(studio: Studio, minutes: int) -> None:
    studio.refused(studio.at(9), "SESS_INTERVAL_INVALID", expect=422, minutes=minutes)


@pytest.mark.parametrize(
    ("field", "code"),
    [("clientId", "SESS_CLIENT_UNKNOWN"), ("coachId", "SESS_COACH_UNKNOWN")],
)
def test_unknown_people_are_not_booked(studio: Studio, field: str, code: str) -> None:
    wrong_role = {"clientId": studio.coach, "coachId": studio.client}[field]
    for someone in (str(uuid4()), wrong_role):
        studio.refused(studio.at(9), code, expect=404, by="admin", **{field: someone})


@pytest.mark.parametrize(
    "change",
    [
        {"startsAt": "2026-12-01T09:00:00"},
        {"startsAt": "tomorrow"},
        {"coachId": "me"},
        {"status": "completed"},
        {"ignoreAvailability": "yes"},
        {"notes": "x" * 4001},
    ],
)
def test_malformed_wishes_are_refused(studio: Studio, change: dict[str, Any]) -> None:
    studio.refused(studio.at(9), "VALIDATION_ERROR", expect=400, by="admin", **change)


@pytest.mark.parametrize(
    "change",
    [{"startsAt": "0001-01-01T00:00:00Z"}, {"endsAt": "9999-12-31T23:59:59Z"}],
)
def test_other_centuries_are_refused(studio: Studio, change: dict[str, Any]) -> None:
    studio.refused(studio.at(9), "UNPROCESSABLE", expect=422, by="admin", **change)


def found(studio: Studio, **query: Any) -> list[str]:
    listed = studio.admin.get(SESSIONS, query=query)
    return [session["id"] for session in listed]


def test_sessions_are_found_by_coach_client_status_and_date(studio: Studio) -> None:
    someone, other = studio.another("clients"), studio.another("coaches")
    studio.open(coach=other)
    first = studio.book(studio.at(9))["id"]
    second = studio.book(studio.at(9), clientId=someone, coachId=other)["id"]
    third = studio.book(studio.at(9, day=1))["id"]
    studio.admin.patch(f"{SESSIONS}/{third}", {"status": "canceled"})
    assert found(studio, coachId=other) == [second]
    assert found(studio, clientId=studio.client) == [first, third]
    assert found(studio, status="canceled") == [third]
    day, next_day = studio.day, studio.day + timedelta(days=1)
    assert set(found(studio, dateFrom=day, dateTo=day)) == {first, second}
    assert found(studio, dateFrom=next_day) == [third]
    assert found(studio, dateTo=day - timedelta(days=1)) == []
    assert found(studio, sort="startsAt:desc", limit=1) == [third]


@pytest.mark.parametrize(
    ("day", "status", "code"),
    [
        ("0001-01-01", 422, "UNPROCESSABLE"),
        ("9999-12-31", 422, "UNPROCESSABLE"),
        ("soon", 400, "VALIDATION_ERROR"),
        ("2026-02-30", 400, "VALIDATION_ERROR"),
        ("20261224", 400, "VALIDATION_ERROR"),
    ],
)
def test_dates_off_the_calendar_are_refused(
    studio: Studio, day: str, status: int, code: str
) -> None:
    for name in ("dateFrom", "dateTo"):
        studio.admin.fail("GET", SESSIONS, query={name: day}, expect=status, code=code)
    studio.admin.fail(
        "PUT",
        f"/scheduling/coaches/{studio.coach}/overrides/{day}",
        json={"windows": []},
        expect=status,
        code=code,
    )
    studio.admin.fail(
        "GET",
        "/scheduling/availability",
        query={"coachId": studio.coach, "from": day, "to": day},
        expect=status,
        code=code,
    )


def test_dates_are_the_gyms(studio: Studio) -> None:
    """The gym is in Berlin, so its Monday begins on Sunday by UTC."""
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(
        studio.day.year, studio.day.month, studio.day.day, tzinfo=berlin
    )
    booked = studio.book(midnight)["id"]
    assert found(studio, dateFrom=studio.day, dateTo=studio.day) == [booked]
    assert found(studio, dateTo=studio.day - timedelta(days=1)) == []


def test_pages_know_how_many_sessions_there_are(studio: Studio) -> None:
    for hour in (8, 9, 10):
        studio.book(studio.at(hour))
    response = studio.admin.raw("GET", SESSIONS, query={"page": 2, "limit": 2})
    body = response.get_json()
    assert len(body["data"]) == 1
    assert body["meta"]["pagination"] == {
        "page": 2,
        "limit": 2,
        "total": 3,
        "pages": 2,
    }
