"""Who reaches which client, by role."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from core.sdk.rights import grant
from core.testing.kit import TestGym

NewClient = Callable[..., dict[str, Any]]
CLIENTS = "/members/clients"
NOBODY = "018f0000-0000-7000-8000-000000000000"


def _ids(page: list[dict[str, Any]]) -> set[str]:
    return {client["id"] for client in page}


def test_staff_see_all_and_the_others_their_own(
    members: TestGym, new_client: NewClient, assign: Callable[..., Any]
) -> None:
    mine, shared, lost = new_client(), new_client(), new_client()
    assign(mine["id"], members.user("coach"))
    with members.unit():
        grant(user_id=members.user("partner"), client_id=UUID(shared["id"]), source="x")
    own = str(members.user("client"))
    everybody = {mine["id"], shared["id"], lost["id"], own}
    reach = {
        "admin": everybody,
        "team": everybody,
        "coach": {mine["id"]},
        "partner": {shared["id"]},
        "client": {own},
    }
    for role, reached in reach.items():
        api = members.api(role)
        assert _ids(api.get(CLIENTS)) == reached
        for client_id in everybody:
            _reads(api, f"{CLIENTS}/{client_id}", may=client_id in reached)


def _reads(api: Any, path: str, *, may: bool) -> None:
    for suffix in ("", "/record", "/assignments"):
        if may:
            api.get(path + suffix)
        else:
            api.fail("GET", path + suffix, expect=403, code="FORBIDDEN")


def test_a_coach_changes_their_own_clients_only(
    members: TestGym, new_client: NewClient, assign: Callable[..., Any]
) -> None:
    mine, other = new_client(), new_client()
    assign(mine["id"], members.user("coach"))
    coach = members.api("coach")
    change = {"tags": ["Strong"], "status": "active"}
    changed = coach.patch(f"{CLIENTS}/{mine['id']}", change)
    assert (changed["tags"], changed["status"]) == (["strong"], "active")
    coach.fail(
        "PATCH", f"{CLIENTS}/{other['id']}", json=change, expect=403, code="FORBIDDEN"
    )
    error = coach.fail(
        "PATCH",
        f"{CLIENTS}/{mine['id']}",
        json={"termsAcceptance": {"version": "1"}},
        expect=403,
        code="FORBIDDEN",
    )
    assert error["details"] == {"fields": ["termsAcceptance"]}


def test_a_client_changes_themselves_but_not_their_standing(members: TestGym) -> None:
    path = f"{CLIENTS}/{members.user('client')}"
    client = members.api("client")
    assert client.patch(path, {"goals": ["Swim"]})["goals"] == ["Swim"]
    error = client.fail(
        "PATCH",
        path,
        json={"status": "left", "tags": ["vip"], "goals": ["Run"]},
        expect=403,
        code="FORBIDDEN",
    )
    assert error["details"] == {"fields": ["status", "tags"]}
    assert client.get(path)["goals"] == ["Swim"]


def test_a_client_does_not_change_others(
    members: TestGym, new_client: NewClient
) -> None:
    members.api("client").fail(
        "PATCH",
        f"{CLIENTS}/{new_client()['id']}",
        json={"goals": ["Run"]},
        expect=403,
        code="FORBIDDEN",
    )


FORBIDDEN = [
    ("POST", CLIENTS, {"email": "a@b.example", "name": "A"}, "coach"),
    ("POST", CLIENTS, {"email": "a@b.example", "name": "A"}, "client"),
    ("POST", CLIENTS, {"email": "a@b.example", "name": "A"}, "partner"),
    ("PATCH", f"{CLIENTS}/{NOBODY}", {}, "partner"),
    ("POST", "/members/coaches", {"email": "a@b.example", "name": "A"}, "coach"),
    ("POST", "/members/coaches", {"email": "a@b.example", "name": "A"}, "client"),
    ("GET", "/members/coaches", None, "partner"),
    ("GET", f"/members/coaches/{NOBODY}", None, "partner"),
    ("PATCH", f"/members/coaches/{NOBODY}", {}, "client"),
    ("POST", "/members/assign-coach", {}, "coach"),
    ("POST", "/members/assign-coach", {}, "client"),
    ("POST", "/members/assign-coach", {}, "partner"),
]


@pytest.mark.parametrize(("method", "path", "body", "role"), FORBIDDEN)
def test_the_wrong_role_is_refused(
    members: TestGym, method: str, path: str, body: dict[str, Any] | None, role: str
) -> None:
    members.api(role).fail(method, path, json=body, expect=403, code="FORBIDDEN")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/members/clients/{client}", None),
        ("PATCH", "/members/clients/{client}", {}),
        ("GET", "/members/clients/{client}/record", None),
        ("GET", "/members/clients/{client}/assignments", None),
        ("GET", "/members/coaches/{coach}", None),
        ("PATCH", "/members/coaches/{coach}", {}),
    ],
)
@pytest.mark.parametrize("role", ["admin", "coach"])
def test_another_gyms_ids_answer_as_unknown_ones(
    members: TestGym,
    other_gym: TestGym,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    role: str,
) -> None:
    ids = {kind: str(other_gym.user(kind)) for kind in ("client", "coach")}
    theirs_too = other_gym.api("admin")
    theirs_too.post("/members/clients", {"userId": ids["client"]})
    theirs_too.post("/members/coaches", {"userId": ids["coach"]})
    theirs = path.format(**ids)
    unknown = path.format(client=NOBODY, coach=NOBODY)
    api = members.api(role)
    errors = [
        api.fail(method, target, json=body, expect=404, code="NOT_FOUND")
        for target in (theirs, unknown)
    ]
    assert errors[0] == errors[1]


def test_strangers_log_in_first(members: TestGym) -> None:
    members.api(None).fail("GET", CLIENTS, expect=401, code="AUTH_REQUIRED")


def test_clients_are_filtered(
    members: TestGym, new_client: NewClient, assign: Callable[..., Any]
) -> None:
    ava = new_client(name="Ava 100% Adler", tags=["VIP", "early bird"], status="active")
    ben = new_client(name="Ben Baker", email="vip@iron.example", tags=["vips"])
    assign(ava["id"], members.user("coach"))
    admin = members.api("admin")
    for query, found in [
        ({"status": "active", "q": "Adler"}, {ava["id"]}),
        ({"status": "lead"}, {ben["id"]}),
        ({"coachId": str(members.user("coach"))}, {ava["id"]}),
        ({"tag": " Vip"}, {ava["id"]}),
        ({"tag": "Early  bird"}, {ava["id"]}),
        ({"q": "BAKER"}, {ben["id"]}),
        ({"q": "VIP@"}, {ben["id"]}),
        ({"q": "100%"}, {ava["id"]}),
        ({"q": "0_% "}, set()),
    ]:
        assert _ids(admin.get(CLIENTS, query=query)) == found, query


def test_clients_are_paged_and_sorted(members: TestGym, new_client: NewClient) -> None:
    names = [f"Member {letter}" for letter in "CAB"]
    for name in names:
        new_client(name=name)
    query = {"q": "Member ", "sort": "name:desc", "limit": 2}
    admin = members.api("admin")
    first = admin.raw("GET", CLIENTS, query={**query, "page": 1}).get_json()
    second = admin.raw("GET", CLIENTS, query={**query, "page": 2}).get_json()
    found = [client["name"] for client in first["data"] + second["data"]]
    assert found == sorted(names, reverse=True)
    assert first["meta"]["pagination"] == {
        "page": 1,
        "limit": 2,
        "total": 3,
        "pages": 2,
    }
    beyond = admin.raw("GET", CLIENTS, query={**query, "page": 9}).get_json()
    assert (beyond["data"], beyond["meta"]["pagination"]["total"]) == ([], 3)


@pytest.mark.parametrize(
    "query", [{"sort": "email"}, {"status": "gone"}, {"limit": 101}, {"role": "x"}]
)
def test_unknown_queries_are_refused(members: TestGym, query: dict[str, Any]) -> None:
    members.api("admin").fail(
        "GET", CLIENTS, query=query, expect=400, code="VALIDATION_ERROR"
    )


def test_reading_costs_a_pinned_number_of_statements(
    members: TestGym,
    new_client: NewClient,
    assign: Callable[..., Any],
    count_queries: Callable[[], Any],
) -> None:
    client_id = new_client()["id"]
    assign(client_id, members.user("coach"))
    for _more in range(3):
        new_client()
    pinned = {
        CLIENTS: 1,
        f"{CLIENTS}/{client_id}": 1,
        f"{CLIENTS}/{client_id}/assignments": 2,
        "/members/coaches": 1,
        f"/members/coaches/{members.user('coach')}": 1,
    }
    admin = members.api("admin")
    admin.get(CLIENTS)
    for path, statements in pinned.items():
        with count_queries() as count:
            admin.get(path)
        assert len(count) == statements, (path, count.statements)
