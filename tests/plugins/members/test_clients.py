"""Adding, reading and changing clients."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from core.clock import frozen_at
from core.testing.kit import PASSWORD, TestGym
from plugins.members.domain import GENDERS

NewClient = Callable[..., dict[str, Any]]
CLIENTS = "/members/clients"


def test_a_new_client_is_an_invited_lead(new_client: NewClient) -> None:
    client = new_client(name="Ava Adler", phone="+4930123456")
    assert client["id"] == client["userId"]
    assert (client["status"], client["accountStatus"]) == ("lead", "invited")
    assert (client["name"], client["phone"]) == ("Ava Adler", "+4930123456")
    assert client["demographics"] == {"dateOfBirth": None, "gender": None}
    assert client["termsAcceptance"] == {"version": None, "acceptedAt": None}
    assert (client["goals"], client["tags"], client["preferences"]) == ([], [], {})
    assert (client["assignedCoachId"], client["version"]) == (None, 1)


def test_a_password_makes_the_account_active(new_client: NewClient) -> None:
    assert new_client(password=PASSWORD)["accountStatus"] == "active"


def test_a_whole_profile_is_kept_as_given(
    members: TestGym, new_client: NewClient
) -> None:
    profile = {
        "status": "active",
        "demographics": {"dateOfBirth": "1994-05-17", "gender": "female"},
        "emergencyContact": {
            "name": "Ben Adler",
            "phone": "+12025550144",
            "relation": "brother",
        },
        "goals": ["First strict pull-up"],
        "preferences": {"reminders": True, "days": ["mon", "wed"], "weeks": 4},
        "tags": ["early bird"],
    }
    client = new_client(**profile, termsAcceptance={"version": "2026-01"})
    read = members.api("admin").get(f"{CLIENTS}/{client['id']}")
    assert read == client
    assert {key: read[key] for key in profile} == profile
    assert read["termsAcceptance"]["version"] == "2026-01"
    assert read["termsAcceptance"]["acceptedAt"].endswith("Z")


def test_an_address_makes_one_account_whatever_its_case(
    members: TestGym, new_client: NewClient
) -> None:
    client = new_client()
    members.api("team").fail(
        "POST",
        CLIENTS,
        json={"email": client["email"].upper(), "name": "Again"},
        expect=409,
        code="USER_DUP_EMAIL",
    )


def test_the_same_key_adds_one_client(members: TestGym) -> None:
    body = {"email": "twice@iron.example", "name": "Twice"}
    send: dict[str, Any] = {"json": body, "headers": {"Idempotency-Key": "one"}}
    first = members.api("admin").raw("POST", CLIENTS, **send)
    second = members.api("admin").raw("POST", CLIENTS, **send)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.get_json()["data"] == second.get_json()["data"]


def test_an_account_gets_its_profile_once(gym: TestGym) -> None:
    body = {"userId": str(gym.user("client")), "tags": ["VIP"]}
    client = gym.api("admin").post(CLIENTS, body)
    assert (client["id"], client["tags"]) == (body["userId"], ["vip"])
    gym.api("admin").fail(
        "POST", CLIENTS, json=body, expect=409, code="MEMBERS_PROFILE_EXISTS"
    )


@pytest.mark.parametrize("role", ["admin", "team", "coach", "partner"])
def test_staff_and_partners_are_no_clients(gym: TestGym, role: str) -> None:
    gym.api("admin").fail(
        "POST",
        CLIENTS,
        json={"userId": str(gym.user(role))},
        expect=422,
        code="MEMBERS_ROLE_UNFIT",
    )


def test_an_account_of_another_gym_is_unknown(gym: TestGym, other_gym: TestGym) -> None:
    gym.api("admin").fail(
        "POST",
        CLIENTS,
        json={"userId": str(other_gym.user("client"))},
        expect=404,
        code="NOT_FOUND",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"email": "no address"},
        {"name": ""},
        {"phone": "030 123456"},
        {"status": "gone"},
        {"favourite": "colour"},
        {"demographics": {"age": 12}},
        {"termsAcceptance": {"version": "1", "acceptedAt": "2020-01-01T00:00:00Z"}},
        {"emergencyContact": {"name": "Ben"}},
        {"preferences": {"nested": {"deep": 1}}},
        {"preferences": {"list": [1]}},
        {"preferences": {"long": "x" * 501}},
        {"tags": ["x" * 51]},
    ],
)
def test_malformed_clients_are_refused(
    members: TestGym, change: dict[str, Any]
) -> None:
    body = {"email": "new@iron.example", "name": "New", **change}
    members.api("admin").fail(
        "POST", CLIENTS, json=body, expect=400, code="VALIDATION_ERROR"
    )


@pytest.mark.parametrize(
    "body",
    [
        {"name": "New"},
        {"email": "new@iron.example"},
        {"name": "New", "userId": "018f0000-0000-7000-8000-000000000000"},
    ],
)
def test_a_client_is_a_user_or_a_new_person(
    members: TestGym, body: dict[str, str]
) -> None:
    members.api("admin").fail(
        "POST", CLIENTS, json=body, expect=422, code="UNPROCESSABLE"
    )


def test_a_refused_client_leaves_no_account(members: TestGym) -> None:
    body = {
        "email": "half@iron.example",
        "name": "Half",
        "demographics": {"gender": "nonsense"},
    }
    refusal: dict[str, Any] = {"expect": 422, "code": "MEMBERS_GENDER_UNKNOWN"}
    members.api("admin").fail("POST", CLIENTS, json=body, **refusal)
    del body["demographics"]
    members.api("admin").post(CLIENTS, body)


def test_patch_changes_what_it_names(members: TestGym, new_client: NewClient) -> None:
    client = new_client(goals=["A"], tags=["b"])
    path = f"{CLIENTS}/{client['id']}"
    changed = members.api("admin").patch(path, {"goals": ["C"]})
    assert (changed["goals"], changed["tags"]) == (["C"], ["b"])
    assert changed["version"] == 2
    assert members.api("admin").get(path) == changed


def test_a_patch_without_change_keeps_the_version(
    members: TestGym, new_client: NewClient
) -> None:
    client = new_client(goals=["A"])
    path = f"{CLIENTS}/{client['id']}"
    assert members.api("admin").patch(path, {}) == client
    assert members.api("admin").patch(path, {"goals": ["A"]})["version"] == 1


def test_if_match_keeps_a_stale_change_out(
    members: TestGym, new_client: NewClient
) -> None:
    path = f"{CLIENTS}/{new_client()['id']}"
    admin = members.api("admin")
    etag = admin.raw("GET", path).headers["ETag"]
    seen = {"If-Match": etag}
    first = admin.raw("PATCH", path, json={"goals": ["A"]}, headers=seen)
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    error = admin.fail(
        "PATCH",
        path,
        json={"goals": ["B"]},
        headers=seen,
        expect=412,
        code="PRECONDITION_FAILED",
    )
    assert error["details"] == {"currentVersion": 2}
    assert admin.get(path)["goals"] == ["A"]


def test_birth_and_gender_stay_as_first_entered(
    members: TestGym, new_client: NewClient
) -> None:
    path = f"{CLIENTS}/{new_client()['id']}"
    admin = members.api("admin")
    first = {"dateOfBirth": "1994-05-17", "gender": "female"}
    assert admin.patch(path, {"demographics": first})["demographics"] == first
    assert admin.patch(path, {"demographics": first})["version"] == 2
    for again in (
        {"dateOfBirth": "1994-05-18"},
        {"gender": "male"},
        {"gender": None},
    ):
        error = admin.fail(
            "PATCH",
            path,
            json={"demographics": again},
            expect=422,
            code="MEMBERS_IMMUTABLE",
        )
        assert error["details"] == {"fields": list(again)}
    assert admin.get(path)["demographics"] == first


@pytest.mark.parametrize("born", ["2026-03-03", "1890-01-01"])
def test_nobody_is_born_ahead_or_ages_ago(
    members: TestGym, new_client: NewClient, born: str
) -> None:
    path = f"{CLIENTS}/{new_client()['id']}"
    # Late on 1 March in UTC it is 2 March at the gym, in Berlin.
    with frozen_at(datetime(2026, 3, 1, 23, 30, tzinfo=UTC)):
        admin = members.api("admin")
        admin.fail(
            "PATCH",
            path,
            json={"demographics": {"dateOfBirth": born}},
            expect=422,
            code="MEMBERS_BIRTH_DATE",
        )
        admin.patch(path, {"demographics": {"dateOfBirth": "2026-03-02"}})


def test_an_unknown_gender_is_refused(members: TestGym, new_client: NewClient) -> None:
    members.api("admin").fail(
        "PATCH",
        f"{CLIENTS}/{new_client()['id']}",
        json={"demographics": {"gender": "nonsense"}},
        expect=422,
        code="MEMBERS_GENDER_UNKNOWN",
    )


def test_status_takes_legal_ways_only(members: TestGym, new_client: NewClient) -> None:
    client = new_client()
    path = f"{CLIENTS}/{client['id']}"
    coach = members.api("admin")
    error = coach.fail(
        "PATCH",
        path,
        json={"status": "paused"},
        expect=409,
        code="MEMBERS_STATUS_TRANSITION",
    )
    assert error["details"] == {"from": "lead", "to": "paused"}
    active = coach.patch(path, {"status": "active"})
    assert active["statusSince"] > client["statusSince"]
    again = coach.patch(path, {"status": "active", "goals": ["A"]})
    assert again["statusSince"] == active["statusSince"]
    for status in ("paused", "left", "lead"):
        assert coach.patch(path, {"status": status})["status"] == status


def test_the_first_acceptance_of_a_version_stays_on_record(members: TestGym) -> None:
    path = f"{CLIENTS}/{members.user('client')}"
    client = members.api("client")
    terms = {"termsAcceptance": {"version": "1"}}
    first = client.patch(path, terms)["termsAcceptance"]
    assert client.patch(path, terms)["termsAcceptance"] == first
    newer = client.patch(path, {"termsAcceptance": {"version": "2"}})["termsAcceptance"]
    assert newer["version"] == "2"
    assert newer["acceptedAt"] > first["acceptedAt"]


def test_of_several_at_once_one_sets_the_gender(
    members: TestGym, new_client: NewClient
) -> None:
    path = f"{CLIENTS}/{new_client()['id']}"
    admin = members.api("admin")
    codes = [code for code, *_words in GENDERS]

    def attempt(code: str) -> int:
        body = {"demographics": {"gender": code}}
        return admin.raw("PATCH", path, json=body).status_code

    with ThreadPoolExecutor(len(codes)) as pool:
        answers = list(pool.map(attempt, codes))
    assert sorted(answers) == [200] + [422] * (len(codes) - 1)
    kept = admin.get(path)["demographics"]["gender"]
    assert kept == codes[answers.index(200)]


def test_genders_come_in_two_languages(members: TestGym) -> None:
    assert members.api("client").get("/members/genders") == [
        {"code": code, "descriptions": {"en": english, "de": german}}
        for code, english, german in GENDERS
    ]
