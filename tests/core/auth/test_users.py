"""Accounts: opened, changed and shut, by whom it is allowed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.auth.accounts import create_user, disable_user, find_user_by_email
from core.auth.errors import (
    EmailTaken,
    LastAdmin,
    PasswordTooWeak,
    RoleUnknown,
    UsernameTaken,
)
from core.auth.passwords import matches
from core.errors import Conflict, Unprocessable
from core.testing.kit import TestGym

STRONG = "Nine-Lamps-Glow-42"


def person(role: str = "client", **more: object) -> dict[str, object]:
    return {
        "email": f"{uuid4().hex[:8]}@iron.example",
        "name": "Ada Example",
        "role": role,
        **more,
    }


@pytest.mark.parametrize(
    ("by", "role"),
    [
        *(("admin", r) for r in ("admin", "team", "coach", "client", "partner")),
        *(("team", r) for r in ("coach", "client", "partner")),
    ],
)
def test_staff_register_people(gym: TestGym, by: str, role: str) -> None:
    made = gym.api(by).post("/auth/register", json=person(role), expect=201)
    assert (made["role"], made["status"]) == (role, "invited")


@pytest.mark.parametrize("role", ["admin", "team"])
def test_team_cannot_register_their_like(gym: TestGym, role: str) -> None:
    gym.api("team").fail(
        "POST",
        "/auth/register",
        json=person(role),
        expect=403,
        code="USER_ROLE_NOT_GRANTABLE",
    )


@pytest.mark.parametrize("by", ["coach", "client", "partner"])
def test_others_register_nobody(gym: TestGym, by: str) -> None:
    gym.api(by).fail(
        "POST", "/auth/register", json=person(), expect=403, code="FORBIDDEN"
    )


def test_with_a_password_the_account_is_active_at_once(gym: TestGym) -> None:
    sent = person(password=STRONG, username="ada-7", phone="+49 30 123456")
    made = gym.api("team").post("/auth/register", json=sent, expect=201)
    assert (made["status"], made["phone"]) == ("active", "+4930123456")
    login = {"login": "ADA-7", "password": STRONG}
    assert (
        gym.api().post("/auth/login", json=login, expect=200)["user"]["id"]
        == made["id"]
    )


def test_weak_passwords_are_422_and_say_why(gym: TestGym) -> None:
    error = gym.api("admin").fail(
        "POST",
        "/auth/register",
        json=person(password="Password123!"),
        expect=422,
        code="AUTH_PASSWORD_WEAK",
    )
    assert error["details"]["needs"] == ["nothing that is commonly used"]


def test_an_address_is_taken_regardless_of_case(gym: TestGym) -> None:
    sent = person()
    gym.api("admin").post("/auth/register", json=sent, expect=201)
    sent["email"] = str(sent["email"]).upper()
    gym.api("admin").fail(
        "POST", "/auth/register", json=sent, expect=409, code="USER_DUP_EMAIL"
    )


def test_the_same_address_may_stand_in_two_gyms(
    gym: TestGym, other_gym: TestGym
) -> None:
    sent = person()
    gym.api("admin").post("/auth/register", json=sent, expect=201)
    other_gym.api("admin").post("/auth/register", json=sent, expect=201)


@pytest.mark.parametrize(
    "fault",
    [
        {"email": "nowhere"},
        {"phone": "030 1234"},
        {"username": "a@b"},
        {"username": "x"},
        {"locale": "german"},
        {"role": "Owner!"},
        {"name": ""},
        {"status": "active"},
        {"passwordHash": "x"},
        {"tenantId": str(uuid4())},
    ],
)
def test_malformed_people_are_400(gym: TestGym, fault: dict[str, object]) -> None:
    gym.api("admin").fail(
        "POST",
        "/auth/register",
        json={**person(), **fault},
        expect=400,
        code="VALIDATION_ERROR",
    )


@pytest.mark.parametrize(
    "fault", [{"email": "a@b..example"}, {"phone": "+999 123 4567"}]
)
def test_impossible_contacts_are_422(gym: TestGym, fault: dict[str, str]) -> None:
    gym.api("admin").fail(
        "POST",
        "/auth/register",
        json={**person(), **fault},
        expect=422,
        code="UNPROCESSABLE",
    )


def test_an_unknown_role_is_422(gym: TestGym) -> None:
    gym.api("admin").fail(
        "POST",
        "/auth/register",
        json=person("janitor"),
        expect=422,
        code="USER_ROLE_UNKNOWN",
    )


def test_registering_twice_with_one_key_makes_one_account(gym: TestGym) -> None:
    sent, key = person(), {"Idempotency-Key": uuid4().hex}
    made = [
        gym.api("admin").post("/auth/register", json=sent, expect=201, headers=key)
        for _again in range(2)
    ]
    assert made[0] == made[1]


def test_users_are_listed_filtered_and_searched(gym: TestGym) -> None:
    sent = person("coach", name="Zora 100%_Unique")
    gym.api("admin").post("/auth/register", json=sent, expect=201)
    api = gym.api("team")
    coaches = api.get("/users", query={"role": "coach", "sort": "createdAt:desc"})
    assert coaches[0]["name"] == "Zora 100%_Unique"
    assert {row["role"] for row in coaches} == {"coach"}
    invited = api.get("/users", query={"status": "invited"})
    assert [row["email"] for row in invited] == [sent["email"]]
    for text, count in (("100%_u", 1), ("%", 1), ("_", 1), ("ZORA", 1), ("qqqq", 0)):
        assert len(api.get("/users", query={"q": text})) == count
    assert "passwordHash" not in coaches[0]


@pytest.mark.parametrize(
    "query", [{"sort": "passwordHash"}, {"status": "gone"}, {"limit": "101"}]
)
def test_unknown_filters_are_400(gym: TestGym, query: dict[str, str]) -> None:
    gym.api("admin").fail(
        "GET", "/users", query=query, expect=400, code="VALIDATION_ERROR"
    )


def test_listing_costs_one_statement(gym: TestGym, count_queries: object) -> None:
    api = gym.api("admin")
    api.get("/users")
    assert callable(count_queries)
    with count_queries() as count:
        api.get("/users")
    assert len(count) == 1, count.statements


def test_another_gym_s_user_is_unknown(gym: TestGym, other_gym: TestGym) -> None:
    theirs = other_gym.user("client")
    api = gym.api("admin")
    api.fail("GET", f"/users/{theirs}", expect=404, code="NOT_FOUND")
    api.fail(
        "PATCH",
        f"/users/{theirs}",
        json={"name": "x"},
        expect=404,
        code="NOT_FOUND",
    )
    api.fail("DELETE", f"/users/{theirs}/auth-sessions", expect=404, code="NOT_FOUND")


def test_a_role_change_takes_effect_on_the_next_request(gym: TestGym) -> None:
    client = gym.api_for(gym.user("client"))
    client.fail("GET", "/users", expect=403, code="FORBIDDEN")
    gym.api("admin").patch(f"/users/{gym.user('client')}", json={"role": "team"})
    client.get("/users")
    gym.api("admin").patch(f"/users/{gym.user('client')}", json={"role": "client"})
    client.fail("GET", "/users", expect=403, code="FORBIDDEN")


def test_disabling_takes_effect_on_the_next_request(gym: TestGym) -> None:
    client, path = gym.api_for(gym.user("client")), f"/users/{gym.user('client')}"
    client.get("/me")
    assert gym.api("team").patch(path, json={"status": "disabled"})["version"] == 2
    client.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    gym.api("team").patch(path, json={"status": "active"})
    client.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    gym.api_for(gym.user("client")).get("/me")


@pytest.mark.parametrize("change", [{"role": "admin"}, {"status": "disabled"}])
@pytest.mark.parametrize("by", ["admin", "team"])
def test_nobody_changes_their_own_rights(
    gym: TestGym, by: str, change: dict[str, str]
) -> None:
    gym.api(by).fail(
        "PATCH",
        f"/users/{gym.user(by)}",
        json=change,
        expect=403,
        code="USER_NOT_YOURSELF",
    )


def test_team_manages_neither_admins_nor_upward_moves(gym: TestGym) -> None:
    team = gym.api("team")
    for target, change in (
        ("admin", {"status": "disabled"}),
        ("admin", {"name": "Mallory"}),
        ("client", {"role": "admin"}),
        ("client", {"role": "team"}),
    ):
        team.fail(
            "PATCH",
            f"/users/{gym.user(target)}",
            json=change,
            expect=403,
            code="USER_ROLE_NOT_GRANTABLE",
        )
    team.fail(
        "DELETE",
        f"/users/{gym.user('client')}/auth-sessions",
        expect=403,
        code="FORBIDDEN",
    )


def test_the_last_admin_stays(gym: TestGym) -> None:
    with gym.unit(), pytest.raises(LastAdmin):
        disable_user(gym.user("admin"))
    with gym.unit():
        second = create_user(
            email="second@iron.example", name="Two", role="admin", password=STRONG
        ).id
    gym.api_for(second).patch(
        f"/users/{gym.user('admin')}", json={"status": "disabled"}
    )
    with gym.unit(), pytest.raises(LastAdmin):
        disable_user(second)


def test_two_admins_cannot_shut_out_each_other(gym: TestGym) -> None:
    with gym.unit():
        second = create_user(
            email="second@iron.example", name="Two", role="admin", password=STRONG
        ).id
    pairs = [(gym.user("admin"), second), (second, gym.user("admin"))]
    apis = {user: gym.api_for(user) for user, _other in pairs}
    for api in apis.values():
        api.get("/me")

    def shut(pair: tuple[UUID, UUID]) -> int:
        by, target = pair
        sent = {"status": "disabled"}
        return apis[by].raw("PATCH", f"/users/{target}", json=sent).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(shut, pairs))
    assert statuses[0] == 200
    assert statuses[1] in {401, 409}


def test_one_user_name_goes_to_one_of_many_at_once(gym: TestGym) -> None:
    apis = [gym.api(role) for role in ("admin", "team", "coach", "client", "partner")]

    def claim(number: int) -> int:
        sent = {"username": "climber"}
        return apis[number].raw("PATCH", "/me", json=sent).status_code

    with ThreadPoolExecutor(5) as pool:
        statuses = sorted(pool.map(claim, range(5)))
    assert statuses == [200, 409, 409, 409, 409]


def test_one_address_goes_to_one_of_many_at_once(gym: TestGym) -> None:
    api, sent = gym.api("admin"), person()

    def open_account(_number: int) -> int:
        return api.raw("POST", "/auth/register", json=sent).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(open_account, range(8)))
    assert statuses == [201] + [409] * 7


def test_if_match_guards_changes(gym: TestGym) -> None:
    path = f"/users/{gym.user('client')}"
    seen = gym.api("admin").raw("GET", path).headers["ETag"]
    gym.api("admin").patch(path, json={"name": "A"}, headers={"If-Match": seen})
    gym.api("admin").fail(
        "PATCH",
        path,
        json={"name": "B"},
        headers={"If-Match": seen},
        expect=412,
        code="PRECONDITION_FAILED",
    )


def test_an_admin_ends_all_log_ins_of_a_person(gym: TestGym) -> None:
    coach = gym.api_for(gym.user("coach"))
    coach.get("/me")
    gym.api("admin").delete(f"/users/{gym.user('coach')}/auth-sessions", expect=204)
    coach.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")


def test_create_user_for_code_without_http(gym: TestGym) -> None:
    known = uuid4()
    with gym.unit() as session:
        made = create_user(
            email="Lina@Iron.example",
            name="Lina",
            role="coach",
            password=STRONG,
            username="lina",
            user_id=known,
            locale="de",
        )
        assert (made.id, made.status, made.version) == (known, "active", 1)
        assert matches(made.password_hash, STRONG)
        found = find_user_by_email("LINA@iron.example")
        assert found is made
        assert find_user_by_email("lina") is None
        assert session.tenant_id == made.tenant_id


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"email": "LINA@iron.example"}, EmailTaken),
        ({"username": "Lina"}, UsernameTaken),
        ({"user_id": uuid4()}, Conflict),
        ({"role": "janitor"}, RoleUnknown),
        ({"email": "lina"}, Unprocessable),
        ({"phone": "12"}, Unprocessable),
        ({"password": "short"}, PasswordTooWeak),
    ],
)
def test_create_user_refuses(
    gym: TestGym, change: dict[str, Any], error: type[Exception]
) -> None:
    known = change.get("user_id")
    with gym.unit():
        create_user(
            email="lina@iron.example",
            name="Lina",
            role="coach",
            username="lina",
            user_id=known,
        )
    wanted: dict[str, Any] = {
        "email": "new@iron.example",
        "name": "New",
        "role": "coach",
        **change,
    }
    with gym.unit(), pytest.raises(error):
        create_user(**wanted)
