"""API keys as they are written, and everything that only looks like one."""

from typing import Any
from uuid import UUID

from core.auth.apikeys import text
from core.ids import new_id
from core.testing.kit import ApiClient, TestGym


def made(gym: TestGym) -> dict[str, Any]:
    wanted = {"name": "Accounting", "permissions": ["users.user.read"]}
    key: dict[str, Any] = gym.api("admin").post("/api-keys", wanted)
    return key


def client(gym: TestGym, key: dict[str, Any]) -> ApiClient:
    return ApiClient(gym.app, gym.slug, key["key"])


def test_a_key_belongs_to_one_gym(gym: TestGym, other_gym: TestGym) -> None:
    key = made(gym)
    api = ApiClient(gym.app, other_gym.slug, key["key"])
    api.fail("GET", "/users", expect=403, code="TENANT_MISMATCH")
    forged = text.make(other_gym.id, UUID(key["id"]))
    api = ApiClient(gym.app, other_gym.slug, forged)
    api.fail("GET", "/users", expect=401, code="AUTH_REQUIRED")


def tampered(key: str) -> list[str]:
    last = "a" if key[-1] != "a" else "b"
    return [
        key[:-1] + last,
        key[:-1],
        key + "a",
        key.replace("_", "-"),
        key.swapcase(),
        key.rpartition("_")[0],
        "pk_",
        "pk_" + "z" * 44 + "_" + "z" * 43,
        "pk_" + "é" * 44 + "_" + "z" * 43,
        "pk_" + "0" * 44 + "_" + "0" * 43,
    ]


def test_nothing_but_the_key_itself_is_let_in(gym: TestGym) -> None:
    key = made(gym)
    client(gym, key).get("/users")
    for sent in tampered(key["key"]):
        response = ApiClient(gym.app, gym.slug, sent).raw("GET", "/users")
        assert response.status_code in {401, 403}, sent
    admin_id = gym.user("admin")
    for subject in (admin_id, gym.id, new_id()):
        forged = ApiClient(gym.app, gym.slug, text.make(gym.id, subject))
        forged.fail("GET", "/users", expect=401, code="AUTH_REQUIRED")


def test_keys_are_read_back_as_they_were_written() -> None:
    for tenant_id, key_id in (
        (new_id(), new_id()),
        (UUID(int=0), UUID(int=2**128 - 1)),
    ):
        written = text.make(tenant_id, key_id)
        claims = text.read(written)
        assert (claims.tenant_id, claims.key_id) == (tenant_id, key_id)
        assert claims.digest == text.digest_of(written)
