"""API keys: made once, held to their rights, void the moment they are revoked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.app import create_app
from core.audit.models import AuditEntry
from core.auth.apikeys import text
from core.auth.apikeys.service import LONGEST, MAX_KEYS
from core.auth.models import ApiKey
from core.clock import as_rfc3339, frozen_at, utc_now
from core.db.unit import session
from core.db.writes import insert_new
from core.http.idempotency import IdempotencyKey
from core.ids import new_id
from core.testing.kit import ApiClient, TestGym

READS = {"name": "Accounting", "permissions": ["users.user.read"]}


def made(gym: TestGym, **wanted: Any) -> dict[str, Any]:
    key: dict[str, Any] = gym.api("admin").post("/api-keys", {**READS, **wanted})
    return key


def client(gym: TestGym, key: dict[str, Any]) -> ApiClient:
    return ApiClient(gym.app, gym.slug, key["key"])


def row_of(gym: TestGym, key: dict[str, Any]) -> ApiKey:
    with gym.unit():
        row = session().get(ApiKey, (gym.id, UUID(key["id"])))
    assert row is not None
    return row


def test_a_key_does_what_it_may_and_no_more(gym: TestGym) -> None:
    api = client(gym, made(gym))
    assert len(api.get("/users")) == 5
    error = api.fail("GET", "/roles", expect=403, code="FORBIDDEN")
    assert error["details"] == {"permission": "roles.role.read"}


def test_the_secret_is_shown_once_and_stored_as_a_digest(gym: TestGym) -> None:
    key = made(gym)
    assert key["key"].startswith(key["prefix"])
    row = row_of(gym, key)
    assert row.digest == text.digest_of(key["key"])
    [listed] = gym.api("admin").get("/api-keys")
    assert listed == {name: value for name, value in key.items() if name != "key"}


def test_an_idempotency_key_does_not_keep_the_secret(gym: TestGym) -> None:
    sent: dict[str, Any] = {"json": READS, "headers": {"Idempotency-Key": "again"}}
    answers = [gym.api("admin").raw("POST", "/api-keys", **sent) for _turn in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    keys = {answer.get_json()["data"]["key"] for answer in answers}
    assert len(keys) == 2
    with gym.unit():
        assert not session().scalars(select(IdempotencyKey)).all()


def test_the_audit_log_holds_no_secret_and_names_the_key(gym: TestGym) -> None:
    key = made(gym, permissions=["users.user.create"])
    client(gym, key).post(
        "/auth/register", {"email": "new@iron.example", "name": "N", "role": "client"}
    )
    with gym.unit():
        told = session().scalars(
            select(AuditEntry).where(
                AuditEntry.entity.in_(["api_key", "user"]),
                AuditEntry.actor_kind.in_(["user", "api_key"]),
            )
        )
        by_action = {entry.action: entry for entry in told}
    assert by_action["api_key.create"].after is not None
    assert "digest" not in by_action["api_key.create"].after
    assert by_action["user.create"].actor_kind == "api_key"
    assert by_action["user.create"].user_id == UUID(key["id"])
    entries = gym.api("admin").get("/audits", query={"userId": key["id"]})
    assert {entry["actorKind"] for entry in entries} == {"api_key"}


def test_revoked_is_void_with_the_next_request_in_every_process(gym: TestGym) -> None:
    """Two applications over one database share nothing but the database."""
    key = made(gym)
    elsewhere = create_app(installation=gym.installation)
    there = ApiClient(elsewhere, gym.slug, key["key"])
    there.get("/users")
    gym.api("admin").delete(f"/api-keys/{key['id']}")
    for api in (there, client(gym, key)):
        api.fail("GET", "/users", expect=401, code="AUTH_REQUIRED")
    gym.api("admin").fail(
        "DELETE", f"/api-keys/{key['id']}", expect=404, code="NOT_FOUND"
    )
    assert not gym.api("admin").get("/api-keys")
    [row] = gym.api("admin").get("/api-keys", query={"status": "revoked"})
    assert (row["id"], row["status"]) == (key["id"], "revoked")


def test_it_ends_by_itself(gym: TestGym) -> None:
    now = utc_now()
    key = made(gym, expiresAt=as_rfc3339(now + timedelta(hours=1)))
    api = client(gym, key)
    with frozen_at(now + timedelta(minutes=59)):
        api.get("/users")
    with frozen_at(now + timedelta(hours=1)):
        api.fail("GET", "/users", expect=401, code="AUTH_REQUIRED")
    with frozen_at(now + timedelta(minutes=61)):
        admin = gym.api_for(gym.user("admin"))
        assert [row["status"] for row in admin.get("/api-keys")] == ["expired"]
        assert not admin.get("/api-keys", query={"status": "active"})


def test_left_open_it_ends_after_two_years(gym: TestGym) -> None:
    row = row_of(gym, made(gym))
    assert row.expires_at - row.created_at == LONGEST


@pytest.mark.parametrize("ahead", [timedelta(seconds=-1), LONGEST + timedelta(hours=1)])
def test_its_end_is_within_two_years(gym: TestGym, ahead: timedelta) -> None:
    sent = {**READS, "expiresAt": as_rfc3339(utc_now() + ahead)}
    gym.api("admin").fail(
        "POST", "/api-keys", json=sent, expect=422, code="API_KEY_EXPIRY"
    )


@pytest.mark.parametrize("role", ["team", "coach", "client", "partner"])
def test_only_admins_manage_keys(gym: TestGym, role: str) -> None:
    api = gym.api(role)
    for method, path in (
        ("GET", "/api-keys"),
        ("POST", "/api-keys"),
        ("DELETE", f"/api-keys/{new_id()}"),
    ):
        api.fail(method, path, json=READS, expect=403, code="FORBIDDEN")


@pytest.mark.parametrize(
    "permission", ["auth.apikeys.manage", "roles.role.grant", "roles.role.update"]
)
def test_keys_manage_neither_keys_nor_roles(gym: TestGym, permission: str) -> None:
    error = gym.api("admin").fail(
        "POST",
        "/api-keys",
        json={**READS, "permissions": ["users.user.read", permission]},
        expect=422,
        code="API_KEY_PEOPLE_ONLY",
    )
    assert error["details"] == {"permissions": [permission]}
    key = made(gym)
    with gym.unit() as unit:
        row = unit.get(ApiKey, (gym.id, UUID(key["id"])))
        assert row is not None
        row.permissions = [permission]
    for method, path in (("GET", "/api-keys"), ("PUT", "/roles/desk")):
        client(gym, key).fail(
            method, path, json={"permissions": []}, expect=403, code="FORBIDDEN"
        )


def test_unknown_permissions_are_422(gym: TestGym) -> None:
    gym.api("admin").fail(
        "POST",
        "/api-keys",
        json={**READS, "permissions": ["users.user.fly"]},
        expect=422,
        code="ROLE_PERMISSION_UNKNOWN",
    )


def keeper(gym: TestGym, scope: str) -> ApiClient:
    """Somebody who may manage keys and read accounts, and nothing else."""
    gym.api("admin").put(
        "/roles/keeper",
        {
            "permissions": ["auth.apikeys.manage", "users.user.read"],
            "scope": scope,
        },
    )
    gym.api("admin").patch(f"/users/{gym.user('coach')}", {"role": "keeper"})
    return gym.api_for(gym.user("coach"))


def test_nobody_gives_a_key_more_than_they_hold(gym: TestGym) -> None:
    api = keeper(gym, "all")
    api.post("/api-keys", READS)
    api.fail(
        "POST",
        "/api-keys",
        json={**READS, "permissions": ["users.user.create"]},
        expect=403,
        code="API_KEY_TOO_STRONG",
    )


def test_a_key_reaches_no_farther_than_its_maker(gym: TestGym) -> None:
    api = keeper(gym, "granted")
    api.fail("POST", "/api-keys", json=READS, expect=403, code="API_KEY_TOO_STRONG")
    theirs = {**READS, "scope": "granted", "clientIds": [str(gym.user("client"))]}
    api.fail("POST", "/api-keys", json=theirs, expect=403, code="FORBIDDEN")


def test_a_granted_key_reaches_its_clients_alone(gym: TestGym) -> None:
    mine, other = gym.user("client"), gym.user("partner")
    key = made(gym, scope="granted", clientIds=[str(mine)])
    assert key["clientIds"] == [str(mine)]
    api = client(gym, key)
    assert [row["id"] for row in api.get("/users")] == [str(mine)]
    api.get(f"/users/{mine}")
    api.fail("GET", f"/users/{other}", expect=403, code="FORBIDDEN")
    [listed] = gym.api("admin").get("/api-keys")
    assert listed["clientIds"] == [str(mine)]


def test_clients_go_with_the_scope_granted(gym: TestGym) -> None:
    for scope, clients in (("granted", []), ("all", [str(gym.user("client"))])):
        gym.api("admin").fail(
            "POST",
            "/api-keys",
            json={**READS, "scope": scope, "clientIds": clients},
            expect=422,
            code="UNPROCESSABLE",
        )


def test_clients_of_another_gym_are_unknown(gym: TestGym, other_gym: TestGym) -> None:
    for foreign in (other_gym.user("client"), new_id()):
        gym.api("admin").fail(
            "POST",
            "/api-keys",
            json={**READS, "scope": "granted", "clientIds": [str(foreign)]},
            expect=404,
            code="NOT_FOUND",
        )


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"permissions": []},
        {"scope": "own"},
        {"scope": "world"},
        {"name": ""},
        {"expiresAt": "tomorrow"},
        {"createdBy": str(new_id())},
    ],
)
def test_malformed_keys_are_400(gym: TestGym, sent: dict[str, Any]) -> None:
    body = {**READS, **sent} if sent else {}
    gym.api("admin").fail(
        "POST", "/api-keys", json=body, expect=400, code="VALIDATION_ERROR"
    )


def test_a_plugin_that_is_off_takes_its_permission_along(gym: TestGym) -> None:
    key = made(gym, permissions=["members.clients.read", "users.user.read"])
    api = client(gym, key)
    api.get("/members/clients")
    switch = {"enabled": False, "withDependants": True}
    gym.api("admin").patch("/admin/plugins/members", switch)
    api.fail("GET", "/members/clients", expect=404, code="PLUGIN_DISABLED")
    api.get("/users")
    gym.api("admin").patch("/admin/plugins/members", {"enabled": True})
    api.get("/members/clients")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("GET", "/auth/sessions"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/logout-all"),
    ],
)
def test_what_depends_on_the_person_is_not_for_keys(
    gym: TestGym, method: str, path: str
) -> None:
    client(gym, made(gym)).fail(method, path, expect=403, code="FORBIDDEN")


def test_a_key_gives_no_role_of_the_gym_s_own(gym: TestGym) -> None:
    gym.api("admin").put("/roles/desk", {"permissions": [], "scope": "own"})
    api = client(gym, made(gym, permissions=["users.user.create"]))
    sent = {"email": "x@iron.example", "name": "X"}
    for role in ("desk", "admin", "team"):
        api.fail(
            "POST",
            "/auth/register",
            json={**sent, "role": role},
            expect=403,
            code="USER_ROLE_NOT_GRANTABLE",
        )
    api.post("/auth/register", {**sent, "role": "client"})


def test_replays_of_a_key_are_its_own(gym: TestGym) -> None:
    """Two keys may use the same ``Idempotency-Key`` for different things."""
    for number in range(2):
        api = client(gym, made(gym, permissions=["users.user.create"]))
        api.post(
            "/auth/register",
            {"email": f"n{number}@iron.example", "name": "N", "role": "client"},
            headers={"Idempotency-Key": "1"},
        )


def test_use_is_noted_at_most_once_a_minute(gym: TestGym) -> None:
    key = made(gym)
    api = client(gym, key)
    assert key["lastUsedAt"] is None
    api.get("/users")
    first = row_of(gym, key).last_used_at
    assert first is not None
    api.get("/users")
    elsewhere = create_app(installation=gym.installation)
    ApiClient(elsewhere, gym.slug, key["key"]).get("/users")
    assert row_of(gym, key).last_used_at == first
    with gym.unit() as unit:
        row = unit.get(ApiKey, (gym.id, UUID(key["id"])))
        assert row is not None
        row.last_used_at = first - timedelta(minutes=2)
    third = create_app(installation=gym.installation)
    ApiClient(third, gym.slug, key["key"]).get("/users")
    noted = row_of(gym, key).last_used_at
    assert noted is not None
    assert noted >= first
    with gym.unit():
        actions = session().scalars(
            select(AuditEntry.action).where(AuditEntry.entity == "api_key")
        )
        assert set(actions) == {"api_key.create"}


def test_a_request_with_a_known_key_asks_the_database_nothing(
    gym: TestGym, count_queries: Any
) -> None:
    api = client(gym, made(gym))
    api.get("/users")
    with count_queries() as counted:
        api.get("/users")
    assert len(counted) == 1, counted.statements


def test_a_gym_has_so_many_keys_and_no_more(gym: TestGym) -> None:
    now = utc_now()
    with gym.unit() as unit:
        insert_new(
            unit,
            ApiKey,
            [
                {
                    "id": new_id(),
                    "name": "Old",
                    "digest": b"",
                    "permissions": [],
                    "scope": "all",
                    "expires_at": now + timedelta(days=1),
                }
                for _number in range(MAX_KEYS)
            ],
        )
    gym.api("admin").fail(
        "POST", "/api-keys", json=READS, expect=409, code="API_KEY_LIMIT"
    )
