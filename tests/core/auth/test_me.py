"""One's own account and its history."""

import pytest
from sqlalchemy import select

from core.auth.models import UserState
from core.testing.kit import TestGym


def test_me_shows_account_state_and_permissions(gym: TestGym) -> None:
    me = gym.api("team").get("/me")
    assert me == gym.api("team").get("/users/me")
    assert me["email"] == gym.email("team")
    assert "users.user.read" in me["permissions"]
    assert (me["weight"], me["fitnessLevel"]) == (None, None)
    assert "users.user.read" not in gym.api("client").get("/me")["permissions"]


def test_a_change_of_state_is_added_to_the_history(gym: TestGym) -> None:
    api = gym.api("client")
    first = api.patch("/me", json={"weight": 81.25, "fitnessLevel": "beginner"})
    assert (first["weight"], first["unit"]) == (81.25, "kg")
    second = api.put(
        "/users/me", json={"weight": 80, "trainingFrequency": "daily", "alias": "Bo"}
    )
    assert (second["weight"], second["fitnessLevel"]) == (80, "beginner")
    assert (second["trainingFrequency"], second["alias"]) == ("daily", "Bo")
    with gym.unit() as session:
        weights = session.scalars(
            select(UserState.weight)
            .where(UserState.user_id == gym.user("client"))
            .order_by(UserState.recorded_at)
        ).all()
    assert [float(weight or 0) for weight in weights] == [81.25, 80]


def test_other_changes_leave_the_history_alone(gym: TestGym) -> None:
    gym.api("client").patch("/me", json={"alias": "Bo", "locale": "de"})
    with gym.unit() as session:
        mine = select(UserState).where(UserState.user_id == gym.user("client"))
        assert session.scalars(mine).all() == []


@pytest.mark.parametrize(
    "sent",
    [
        {"role": "admin"},
        {"status": "active"},
        {"email": "new@iron.example"},
        {"tenantId": "x"},
        {"version": 7},
        {"weight": 0},
        {"weight": -4},
        {"weight": "NaN"},
        {"weight": 1501},
        {"unit": "stone"},
        {"avatarUrl": "javascript:alert(1)"},
        {"alias": ""},
        {"locale": "de_DE"},
    ],
)
def test_what_nobody_may_set_is_400(gym: TestGym, sent: dict[str, object]) -> None:
    for method, path in (("PATCH", "/me"), ("PUT", "/users/me")):
        gym.api("client").fail(
            method, path, json=sent, expect=400, code="VALIDATION_ERROR"
        )


@pytest.mark.parametrize(
    "sent", [{"fitnessLevel": "godlike"}, {"trainingFrequency": "hourly"}]
)
def test_words_outside_the_vocabulary_are_422(
    gym: TestGym, sent: dict[str, str]
) -> None:
    gym.api("client").fail(
        "PATCH", "/me", json=sent, expect=422, code="USER_STATE_UNKNOWN"
    )


def test_user_names_are_unique_regardless_of_case(gym: TestGym) -> None:
    gym.api("coach").patch("/me", json={"username": "Bo.7"})
    gym.api("coach").patch("/me", json={"username": "bo.7"})
    gym.api("client").fail(
        "PATCH",
        "/me",
        json={"username": "BO.7"},
        expect=409,
        code="USER_DUP_USERNAME",
    )


def test_etags_guard_one_s_own_account(gym: TestGym) -> None:
    api = gym.api("client")
    seen = api.raw("GET", "/me").headers["ETag"]
    api.patch("/me", json={"alias": "A"}, headers={"If-Match": seen})
    api.fail(
        "PATCH",
        "/me",
        json={"alias": "B"},
        headers={"If-Match": seen},
        expect=412,
        code="PRECONDITION_FAILED",
    )


@pytest.mark.parametrize("field", ["name", "alias"])
@pytest.mark.parametrize("text", ["Ada\nadmin", "Ada\u202enimda", "   "])
def test_names_are_one_visible_line(gym: TestGym, field: str, text: str) -> None:
    api = gym.api("client")
    api.fail("PATCH", "/me", json={field: text}, expect=400, code="VALIDATION_ERROR")
    assert api.patch("/me", json={field: "  Zoë  "})[field] == "Zoë"
