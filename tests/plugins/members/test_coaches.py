"""Adding, reading and changing coaches."""

from typing import Any

import pytest

from core.testing.kit import TestGym

COACHES = "/members/coaches"
CERTIFICATION = {"title": "Strength Coach", "issuer": "EuropeActive", "year": 2016}


def _new(gym: TestGym, **values: Any) -> dict[str, Any]:
    body = {"email": "new.coach@iron.example", "name": "Marcus Webb", **values}
    coach: dict[str, Any] = gym.api("team").post(COACHES, body)
    return coach


def test_a_new_coach_is_kept_as_given(members: TestGym) -> None:
    profile = {
        "specialties": ["strength"],
        "bio": "Twelve years under the bar.",
        "certifications": [CERTIFICATION],
    }
    coach = _new(members, **profile)
    assert coach["id"] == coach["userId"]
    assert {key: coach[key] for key in profile} == profile
    assert (coach["name"], coach["accountStatus"]) == ("Marcus Webb", "invited")
    assert members.api("client").get(f"{COACHES}/{coach['id']}") == coach


def test_a_coachs_address_stays_private(members: TestGym) -> None:
    coach = members.api("client").get(f"{COACHES}/{members.user('coach')}")
    assert {"email", "phone"}.isdisjoint(coach)


def test_a_taken_address_is_refused(members: TestGym) -> None:
    members.api("admin").fail(
        "POST",
        COACHES,
        json={"email": members.email("client"), "name": "Twice"},
        expect=409,
        code="USER_DUP_EMAIL",
    )


def test_an_owner_may_coach_too_but_only_once(members: TestGym) -> None:
    body = {"userId": str(members.user("admin"))}
    members.api("admin").post(COACHES, body)
    members.api("admin").fail(
        "POST", COACHES, json=body, expect=409, code="MEMBERS_PROFILE_EXISTS"
    )


@pytest.mark.parametrize("role", ["client", "partner"])
def test_clients_and_partners_are_no_coaches(members: TestGym, role: str) -> None:
    members.api("admin").fail(
        "POST",
        COACHES,
        json={"userId": str(members.user(role))},
        expect=422,
        code="MEMBERS_ROLE_UNFIT",
    )


def test_an_account_of_another_gym_is_unknown(
    members: TestGym, other_gym: TestGym
) -> None:
    members.api("admin").fail(
        "POST",
        COACHES,
        json={"userId": str(other_gym.user("coach"))},
        expect=404,
        code="NOT_FOUND",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"certifications": [{**CERTIFICATION, "year": 1899}]},
        {"certifications": [{"title": "Strength Coach"}]},
        {"specialties": [""]},
        {"bio": "x" * 5_001},
        {"status": "active"},
    ],
)
def test_malformed_changes_are_refused(
    members: TestGym, change: dict[str, Any]
) -> None:
    members.api("coach").fail(
        "PATCH",
        f"{COACHES}/{members.user('coach')}",
        json=change,
        expect=400,
        code="VALIDATION_ERROR",
    )


def test_a_coach_changes_their_own_profile(members: TestGym) -> None:
    path = f"{COACHES}/{members.user('coach')}"
    changed = members.api("coach").patch(path, {"bio": "Calm breath first."})
    assert (changed["bio"], changed["version"]) == ("Calm breath first.", 2)


def test_a_coach_does_not_change_a_colleague(members: TestGym) -> None:
    path = f"{COACHES}/{_new(members)['id']}"
    members.api("coach").fail(
        "PATCH", path, json={"bio": "Mine"}, expect=403, code="FORBIDDEN"
    )
    assert members.api("team").patch(path, {"bio": "Ours"})["bio"] == "Ours"


def test_if_match_keeps_a_stale_change_out(members: TestGym) -> None:
    path = f"{COACHES}/{members.user('coach')}"
    coach = members.api("coach")
    seen = {"If-Match": coach.raw("GET", path).headers["ETag"]}
    coach.patch(path, {"bio": "First"}, headers=seen)
    coach.fail(
        "PATCH",
        path,
        json={"bio": "Second"},
        headers=seen,
        expect=412,
        code="PRECONDITION_FAILED",
    )
    assert coach.get(path)["bio"] == "First"


def test_coaches_are_found_and_sorted(members: TestGym) -> None:
    strong = _new(members, name="Ada", specialties=["strength"])
    api = members.api("client")
    assert [coach["name"] for coach in api.get(COACHES)] == ["Ada", "Coach Person"]
    for query in ({"specialty": "strength"}, {"q": "aDA"}):
        assert api.get(COACHES, query=query) == [strong]
    assert api.get(COACHES, query={"specialty": "streng"}) == []
