"""Who trains whom, one at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from core.sdk.base import utc_now
from core.testing.kit import PASSWORD, TestGym
from plugins.members.models import Assignment

NewClient = Callable[..., dict[str, Any]]
Assign = Callable[..., Any]
NOBODY = "018f0000-0000-7000-8000-000000000000"
ASSIGN = "/members/assign-coach"
THREADS = 20


@pytest.fixture
def second_coach(members: TestGym) -> str:
    body = {
        "email": "second@iron.example",
        "name": "Second Coach",
        "password": PASSWORD,
    }
    coach_id: str = members.api("admin").post("/members/coaches", body)["id"]
    return coach_id


def test_the_new_coach_reaches_the_client_and_the_old_one_does_not(
    members: TestGym, new_client: NewClient, assign: Assign, second_coach: str
) -> None:
    path = f"/members/clients/{new_client()['id']}"
    first = str(members.user("coach"))
    client_id = path.rpartition("/")[2]
    assert assign(client_id, first)["assignedCoachId"] == first
    members.api("coach").get(path)
    assert assign(client_id, second_coach)["assignedCoachId"] == second_coach
    members.api("coach").fail("GET", path, expect=403, code="FORBIDDEN")
    assert members.api_for(UUID(second_coach)).get(path)["id"] == client_id


def test_history_keeps_every_stretch(
    members: TestGym, new_client: NewClient, assign: Assign, second_coach: str
) -> None:
    client_id = new_client()["id"]
    first = str(members.user("coach"))
    assign(client_id, first)
    assign(client_id, second_coach)
    assign(client_id, second_coach)
    assign(client_id, None)
    later, earlier = members.api("team").get(
        f"/members/clients/{client_id}/assignments"
    )
    assert (earlier["coachId"], later["coachId"]) == (first, second_coach)
    assert (earlier["coachName"], later["coachName"]) == (
        "Coach Person",
        "Second Coach",
    )
    assert earlier["endedAt"] <= later["startedAt"] < later["endedAt"]
    assert later["assignedBy"] == str(members.user("admin"))


def test_taking_the_coach_away_takes_the_reach_away(
    members: TestGym, new_client: NewClient, assign: Assign
) -> None:
    client_id = new_client()["id"]
    assign(client_id, members.user("coach"))
    assert assign(client_id, None)["assignedCoachId"] is None
    members.api("coach").fail(
        "GET", f"/members/clients/{client_id}", expect=403, code="FORBIDDEN"
    )


def test_assigning_the_same_coach_again_changes_nothing(
    members: TestGym, new_client: NewClient, assign: Assign
) -> None:
    client_id = new_client()["id"]
    once = assign(client_id, members.user("coach"))
    assert assign(client_id, members.user("coach")) == once


def test_expecting_another_coach_is_a_conflict(
    members: TestGym, new_client: NewClient, assign: Assign, second_coach: str
) -> None:
    client_id = new_client()["id"]
    first = str(members.user("coach"))
    team = members.api("team")
    body = {"clientId": client_id, "coachId": second_coach}
    refusal: dict[str, Any] = {"expect": 409, "code": "COACH_REASSIGNED"}
    error = team.fail(
        "POST", ASSIGN, json={**body, "expectedCoachId": first}, **refusal
    )
    assert error["details"] == {"assignedCoachId": None}
    assign(client_id, first, expectedCoachId=None)
    for expected in (None, second_coach):
        error = team.fail(
            "POST", ASSIGN, json={**body, "expectedCoachId": expected}, **refusal
        )
        assert error["details"] == {"assignedCoachId": first}
    assign(client_id, second_coach, expectedCoachId=first)


def test_without_expectation_the_last_caller_wins(
    members: TestGym, new_client: NewClient, assign: Assign, second_coach: str
) -> None:
    client_id = new_client()["id"]
    assign(client_id, members.user("coach"))
    assert assign(client_id, second_coach)["assignedCoachId"] == second_coach


def test_of_twenty_at_once_exactly_one_wins(
    members: TestGym, new_client: NewClient
) -> None:
    client_id = new_client()["id"]
    admin = members.api("admin")
    coaches = [
        admin.post(
            "/members/coaches", {"email": f"c{n}@iron.example", "name": f"Coach {n}"}
        )["id"]
        for n in range(THREADS)
    ]

    def attempt(coach_id: str) -> tuple[int, str]:
        body = {"clientId": client_id, "coachId": coach_id, "expectedCoachId": None}
        response = admin.raw("POST", ASSIGN, json=body)
        code = response.get_json().get("error", {}).get("code", "")
        return response.status_code, code

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(attempt, coaches))
    assert sorted(answers) == [(200, "")] + [(409, "COACH_REASSIGNED")] * (THREADS - 1)
    winner = coaches[answers.index((200, ""))]
    client = admin.get(f"/members/clients/{client_id}")
    history = admin.get(f"/members/clients/{client_id}/assignments")
    assert client["assignedCoachId"] == winner
    assert [(row["coachId"], row["endedAt"]) for row in history] == [(winner, None)]


def test_the_database_allows_one_running_assignment_only(
    members: TestGym, assign: Assign
) -> None:
    client, coach = members.user("client"), members.user("coach")
    assign(client, coach)
    second = Assignment(client_id=client, coach_id=coach, started_at=utc_now())
    with (
        pytest.raises(IntegrityError, match="uq_members_assignments__current"),
        members.unit() as session,
    ):
        session.add(second)


@pytest.mark.parametrize("unknown", ["clientId", "coachId"])
def test_unknown_people_and_those_of_another_gym_are_not_found(
    members: TestGym, other_gym: TestGym, unknown: str
) -> None:
    known = {
        "clientId": str(members.user("client")),
        "coachId": str(members.user("coach")),
    }
    role = unknown.removesuffix("Id")
    errors = [
        members.api("admin").fail(
            "POST", ASSIGN, json={**known, unknown: other}, expect=404, code="NOT_FOUND"
        )
        for other in (NOBODY, str(other_gym.user(role)))
    ]
    assert errors[0] == errors[1]


def test_a_user_without_a_coachs_profile_is_no_coach(members: TestGym) -> None:
    body = {
        "clientId": str(members.user("client")),
        "coachId": str(members.user("team")),
    }
    members.api("admin").fail("POST", ASSIGN, json=body, expect=404, code="NOT_FOUND")


def test_a_disabled_coach_gets_no_clients(members: TestGym) -> None:
    coach = members.user("coach")
    members.api("admin").patch(f"/users/{coach}", {"status": "disabled"})
    body = {"clientId": str(members.user("client")), "coachId": str(coach)}
    members.api("admin").fail(
        "POST", ASSIGN, json=body, expect=422, code="MEMBERS_COACH_UNAVAILABLE"
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"clientId": NOBODY},
        {"clientId": "x", "coachId": NOBODY},
        {"clientId": NOBODY, "coachId": NOBODY, "expected": None},
    ],
)
def test_malformed_assignments_are_refused(
    members: TestGym, body: dict[str, Any]
) -> None:
    members.api("admin").fail(
        "POST", ASSIGN, json=body, expect=400, code="VALIDATION_ERROR"
    )
