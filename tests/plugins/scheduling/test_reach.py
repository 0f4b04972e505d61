"""Who reaches which sessions and calendars."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.clock import as_rfc3339
from core.testing.kit import TestGym
from tests.plugins.scheduling.studio import Studio

SESSIONS = "/scheduling/sessions"
WINDOW = {"weekday": 1, "starts": "09:00", "ends": "10:00"}


@pytest.fixture
def foreign(studio: Studio) -> dict[str, Any]:
    """A session of another client with another coach."""
    client, coach = studio.another("clients"), studio.another("coaches")
    studio.open(coach=coach)
    studio.assign(client, coach)
    return studio.book(studio.at(9), clientId=client, coachId=coach)


def ids(listed: list[dict[str, Any]]) -> list[str]:
    return [session["id"] for session in listed]


@pytest.mark.parametrize("who", ["client", "coach", "partner"])
def test_others_sessions_are_out_of_reach(
    studio: Studio, foreign: dict[str, Any], who: str
) -> None:
    api = studio.gym.api(who)
    api.fail("GET", f"{SESSIONS}/{foreign['id']}", expect=403, code="FORBIDDEN")
    assert api.get(SESSIONS) == []
    assert api.get(SESSIONS, query={"coachId": foreign["coachId"]}) == []
    api.fail(
        "PATCH",
        f"{SESSIONS}/{foreign['id']}",
        json={"notes": "mine now"},
        expect=403,
        code="FORBIDDEN",
    )


def test_everybody_sees_what_is_theirs(studio: Studio, foreign: dict[str, Any]) -> None:
    own = studio.book(studio.at(9))["id"]
    for who in ("client", "coach"):
        assert ids(studio.gym.api(who).get(SESSIONS)) == [own]
    for who in ("admin", "team"):
        assert set(ids(studio.gym.api(who).get(SESSIONS))) == {own, foreign["id"]}


def test_a_coach_sees_their_own_calendar_whoever_the_client_is(
    studio: Studio, foreign: dict[str, Any]
) -> None:
    stand_in = studio.book(studio.at(12), clientId=foreign["clientId"])
    api = studio.gym.api("coach")
    assert ids(api.get(SESSIONS)) == [stand_in["id"]]
    path = f"{SESSIONS}/{stand_in['id']}"
    assert api.patch(path, {"notes": "Standing in"})["notes"] == "Standing in"


def test_a_coach_sees_their_clients_sessions_with_others(
    studio: Studio, foreign: dict[str, Any]
) -> None:
    elsewhere = studio.book(studio.at(12), coachId=foreign["coachId"])["id"]
    assert ids(studio.gym.api("coach").get(SESSIONS)) == [elsewhere]


@pytest.mark.parametrize("who", ["client", "coach"])
def test_nobody_books_for_clients_out_of_reach(
    studio: Studio, foreign: dict[str, Any], who: str
) -> None:
    studio.refused(
        studio.at(12), "FORBIDDEN", expect=403, by=who, clientId=foreign["clientId"]
    )


def test_a_partner_books_and_changes_nothing(studio: Studio) -> None:
    session = studio.book(studio.at(9))
    studio.refused(studio.at(12), "FORBIDDEN", expect=403, by="partner")
    api = studio.gym.api("partner")
    path = f"{SESSIONS}/{session['id']}"
    api.fail("PATCH", path, json={}, expect=403, code="FORBIDDEN")


def test_opening_hours_are_the_coachs_own(
    studio: Studio, foreign: dict[str, Any]
) -> None:
    others = f"/scheduling/coaches/{foreign['coachId']}"
    day = studio.day.isoformat()
    for who in ("coach", "client", "partner"):
        for method, path, body in (
            ("PUT", f"{others}/availability", {"windows": []}),
            ("PUT", f"{others}/overrides/{day}", {"windows": []}),
            ("DELETE", f"{others}/overrides/{day}", None),
            (
                "POST",
                "/scheduling/availability",
                {"coachId": foreign["coachId"], **WINDOW},
            ),
        ):
            studio.gym.api(who).fail(
                method, path, json=body, expect=403, code="FORBIDDEN"
            )


ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/scheduling/coaches/{coach}/availability", None),
    ("PUT", "/scheduling/coaches/{coach}/availability", {"windows": []}),
    ("GET", "/scheduling/coaches/{coach}/overrides", None),
    ("PUT", "/scheduling/coaches/{coach}/overrides/2026-12-24", {"windows": []}),
    ("DELETE", "/scheduling/coaches/{coach}/overrides/2026-12-24", None),
    (
        "GET",
        "/scheduling/availability?coachId={coach}&from=2026-12-01&to=2026-12-02",
        None,
    ),
    ("GET", "/scheduling/sessions/{session}", None),
    ("PATCH", "/scheduling/sessions/{session}", {"notes": "ours"}),
)
CREATES = ("/scheduling/sessions", "/scheduling/availability")


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_another_gyms_ids_are_unknown(
    studio: Studio, other_gym: TestGym, method: str, path: str, body: Any
) -> None:
    session = studio.book(studio.at(9))
    target = path.format(coach=studio.coach, session=session["id"])
    response = other_gym.api("admin").raw(method, target, json=body)
    assert response.status_code == 404


def test_another_gyms_people_cannot_be_booked(
    studio: Studio, other_gym: TestGym
) -> None:
    other = Studio(other_gym)
    for field in ("clientId", "coachId"):
        person = {"clientId": studio.client, "coachId": studio.coach}[field]
        body = {**other.wish(other.at(9)), field: person}
        assert other.admin.raw("POST", SESSIONS, json=body).status_code == 404


def test_strangers_are_asked_to_log_in(studio: Studio) -> None:
    session = studio.book(studio.at(9))
    stranger = studio.gym.api(None)
    for method, path, body in ROUTES:
        target = path.format(coach=studio.coach, session=session["id"])
        stranger.fail(method, target, json=body, expect=401, code="AUTH_REQUIRED")
    for path in CREATES:
        stranger.fail("POST", path, json={}, expect=401, code="AUTH_REQUIRED")


def test_a_gym_without_the_plugin_has_none_of_it_and_keeps_its_data(
    studio: Studio,
) -> None:
    session = studio.book(studio.at(9))
    switch = "/admin/plugins/scheduling"
    studio.admin.patch(switch, {"enabled": False})
    for method, path, body in (
        *ROUTES,
        *(("POST", path, {}) for path in CREATES),
        ("DELETE", SESSIONS, None),
    ):
        target = path.format(coach=studio.coach, session=session["id"])
        studio.admin.fail(method, target, json=body, expect=404, code="PLUGIN_DISABLED")
    studio.admin.patch(switch, {"enabled": True})
    assert studio.admin.get(f"{SESSIONS}/{session['id']}") == session


def test_two_gyms_do_not_stand_in_each_others_way(
    studio: Studio, other_gym: TestGym
) -> None:
    other = Studio(other_gym)
    assert other.day == studio.day
    starts = datetime(studio.day.year, studio.day.month, studio.day.day, 9, tzinfo=UTC)
    for place in (studio, other):
        assert place.book(starts)["startsAt"] == as_rfc3339(starts)
        assert place.slots(studio.day + timedelta(days=1))
