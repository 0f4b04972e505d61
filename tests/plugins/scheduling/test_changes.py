"""Moving, canceling and settling sessions."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.clock import as_rfc3339, utc_now
from tests.plugins.scheduling.studio import Studio


def where(session: dict[str, Any]) -> str:
    return f"/scheduling/sessions/{session['id']}"


def to(studio: Studio, hour: float) -> dict[str, str]:
    starts = studio.at(hour)
    return {
        "startsAt": as_rfc3339(starts),
        "endsAt": as_rfc3339(starts + timedelta(hours=1)),
    }


def begun(studio: Studio) -> dict[str, Any]:
    """A session that began a while ago."""
    return studio.book(utc_now().replace(microsecond=0) - timedelta(minutes=30))


def test_a_client_moves_their_session(studio: Studio) -> None:
    booked = studio.book(studio.at(9), by="client")
    moved = studio.gym.api("client").patch(where(booked), to(studio, 9.5))
    assert moved["startsAt"] == as_rfc3339(studio.at(9.5))
    assert moved["version"] == 2
    assert studio.admin.get(where(booked)) == moved


def test_one_end_alone_may_move(studio: Studio) -> None:
    booked = studio.book(studio.at(9))
    ends = as_rfc3339(studio.at(11))
    moved = studio.admin.patch(where(booked), {"endsAt": ends})
    assert (moved["startsAt"], moved["endsAt"]) == (booked["startsAt"], ends)
    studio.admin.fail(
        "PATCH",
        where(booked),
        json={"startsAt": as_rfc3339(studio.at(12))},
        expect=422,
        code="SESS_INTERVAL_INVALID",
    )


def test_a_move_to_the_same_time_changes_nothing(studio: Studio) -> None:
    booked = studio.book(studio.at(9))
    assert studio.admin.patch(where(booked), to(studio, 9)) == booked


@pytest.mark.parametrize("who", ["coach", "client"])
def test_a_move_does_not_overlap(studio: Studio, who: str) -> None:
    booked = studio.book(studio.at(9))
    other_coach = studio.another("coaches")
    studio.open(coach=other_coach)
    other = {
        "coach": {"clientId": studio.another("clients")},
        "client": {"coachId": other_coach},
    }[who]
    studio.book(studio.at(12), **other)
    error = studio.admin.fail(
        "PATCH",
        where(booked),
        json={**to(studio, 11.5), "notes": "moved"},
        expect=409,
        code="SESS_OVERLAP",
    )
    assert error["details"] == {"who": who}
    assert studio.admin.get(where(booked)) == booked


def test_a_move_keeps_to_opening_hours_and_rules(studio: Studio) -> None:
    studio.open(
        {"weekday": 1, "starts": "01:00", "ends": "20:00"},
        bufferAfterMinutes=10,
        dailyLimit=2,
    )
    booked = studio.book(studio.at(9))
    studio.book(studio.at(12))
    api = studio.gym.api("client")
    for hour, reason in ((23.5, "windows"), (11, "buffer")):
        error = api.fail(
            "PATCH",
            where(booked),
            json=to(studio, hour),
            expect=422,
            code="SESS_OUTSIDE_AVAILABILITY",
        )
        assert error["details"] == {"reason": reason}
    # The session itself does not count against the day's limit of two.
    api.patch(where(booked), to(studio, 9.25))
    body = {**to(studio, 23.5), "ignoreAvailability": True}
    assert studio.admin.patch(where(booked), body)["version"] == 3
    body |= to(studio, 22.5)
    api.fail("PATCH", where(booked), json=body, expect=403, code="FORBIDDEN")


def test_a_change_is_held_to_the_version_seen(studio: Studio) -> None:
    booked = studio.book(studio.at(9))
    seen = {"If-Match": '"1"'}
    studio.admin.patch(where(booked), {"notes": "first"}, headers=seen)
    error = studio.admin.fail(
        "PATCH",
        where(booked),
        json={"notes": "second"},
        headers=seen,
        expect=412,
        code="PRECONDITION_FAILED",
    )
    assert error["details"] == {"currentVersion": 2}


def test_place_and_notes_may_be_taken_away(studio: Studio) -> None:
    booked = studio.book(studio.at(9), location="Studio 1", notes="Bring shoes")
    changed = studio.admin.patch(where(booked), {"location": None, "notes": None})
    assert (changed["location"], changed["notes"]) == (None, None)


@pytest.mark.parametrize("status", ["completed", "no_show"])
def test_a_coach_settles_what_has_begun(studio: Studio, status: str) -> None:
    session = begun(studio)
    settled = studio.gym.api("coach").patch(where(session), {"status": status})
    assert settled["status"] == status
    again = studio.gym.api("coach").patch(where(session), {"status": status})
    assert again["version"] == settled["version"]


@pytest.mark.parametrize("status", ["completed", "no_show"])
def test_nobody_settles_what_has_not_begun(studio: Studio, status: str) -> None:
    session = studio.book(studio.at(9))
    error = studio.admin.fail(
        "PATCH",
        where(session),
        json={"status": status},
        expect=409,
        code="SESS_ILLEGAL_TRANSITION",
    )
    assert error["details"] == {"from": "scheduled", "to": status}


@pytest.mark.parametrize("first", ["completed", "canceled", "no_show"])
def test_a_settled_session_stays_as_it_is(studio: Studio, first: str) -> None:
    session = begun(studio)
    studio.admin.patch(where(session), {"status": first})
    others = {"scheduled", "completed", "canceled", "no_show"} - {first}
    for body in (*({"status": other} for other in others), to(studio, 9)):
        studio.admin.fail(
            "PATCH",
            where(session),
            json=body,
            expect=409,
            code="SESS_ILLEGAL_TRANSITION",
        )
    assert studio.admin.patch(where(session), {"notes": "Still fine"})["version"] == 3


def test_a_client_settles_nothing(studio: Studio) -> None:
    session = begun(studio)
    error = studio.gym.api("client").fail(
        "PATCH",
        where(session),
        json={"status": "completed"},
        expect=403,
        code="FORBIDDEN",
    )
    assert error["details"] == {"permission": "scheduling.sessions.manage"}


def test_a_client_does_not_get_out_of_what_has_begun(studio: Studio) -> None:
    session = begun(studio)
    for body in ({"status": "canceled"}, to(studio, 9)):
        studio.gym.api("client").fail(
            "PATCH", where(session), json=body, expect=422, code="SESS_IN_PAST"
        )


def test_a_client_does_not_move_a_session_to_the_past(studio: Studio) -> None:
    session = studio.book(studio.at(9))
    starts = utc_now() - timedelta(days=1)
    body = {
        "startsAt": as_rfc3339(starts),
        "endsAt": as_rfc3339(starts + timedelta(hours=1)),
    }
    studio.gym.api("client").fail(
        "PATCH", where(session), json=body, expect=422, code="SESS_IN_PAST"
    )


def test_an_unknown_session_is_not_found(studio: Studio) -> None:
    nothing = {"id": uuid4()}
    studio.admin.fail("GET", where(nothing), expect=404, code="NOT_FOUND")
    studio.admin.fail("PATCH", where(nothing), json={}, expect=404, code="NOT_FOUND")
    studio.admin.fail(
        "PATCH",
        where(nothing),
        json=to(studio, 9),
        expect=404,
        code="NOT_FOUND",
    )
