"""Logging in and out over the whole stack."""

from collections.abc import Callable

import argon2
import pytest
from sqlalchemy import select
from sqlalchemy.pool import QueuePool

from core.auth import passwords
from core.auth.account_models import AuthAttempt
from core.auth.accounts import disable_user
from core.auth.models import AuthSession
from core.auth.repository import users
from core.clock import utc_now
from core.db.versions import bump
from core.db.writes import delete_where
from core.testing.kit import PASSWORD, TestGym
from core.testing.plugin import QueryCount
from tests.performance.counting import RUNS, calls_of

LOGIN = "/auth/login"


def body(gym: TestGym, role: str = "client") -> dict[str, str]:
    gym.user(role)
    return {"login": gym.email(role), "password": PASSWORD}


def test_login_gives_tokens_that_work(gym: TestGym) -> None:
    tokens = gym.api().post(LOGIN, json=body(gym), expect=200)
    assert tokens["expiresIn"] == 900
    assert tokens["user"]["id"] == str(gym.user("client"))
    client = gym.api()
    client.token = tokens["accessToken"]
    assert client.get("/me")["email"] == gym.email("client")


def test_login_shows_no_secret(gym: TestGym) -> None:
    raw = gym.api().raw("POST", LOGIN, json=body(gym)).get_data(as_text=True)
    assert "argon2" not in raw
    assert "assword" not in raw


def test_login_takes_email_in_any_case_or_the_user_name(gym: TestGym) -> None:
    with gym.unit():
        user = users.get(gym.user("client"))
        user.username = "Climber.7"
    for name in (
        {"email": gym.email("client").upper()},
        {"login": "climber.7"},
        {"login": "CLIMBER.7"},
    ):
        sent = {**name, "password": PASSWORD}
        assert (
            gym.api().post(LOGIN, json=sent, expect=200)["user"]["username"]
            == "Climber.7"
        )


@pytest.mark.parametrize(
    "sent",
    [
        {"login": "a@b.example"},
        {"login": "a@b.example", "password": PASSWORD, "mode": "carrier-pigeon"},
        {"login": "a@b.example", "password": PASSWORD, "role": "admin"},
        {"login": 7, "password": PASSWORD},
        {"login": "a@b.example", "password": "x" * 257},
    ],
)
def test_malformed_logins_are_400(gym: TestGym, sent: dict[str, object]) -> None:
    gym.api().fail("POST", LOGIN, json=sent, expect=400, code="VALIDATION_ERROR")


@pytest.mark.parametrize(
    "names", [{}, {"login": "a@b.example", "email": "a@b.example"}]
)
def test_a_login_takes_one_name(gym: TestGym, names: dict[str, str]) -> None:
    sent = {**names, "password": PASSWORD}
    gym.api().fail("POST", LOGIN, json=sent, expect=422, code="UNPROCESSABLE")


def test_every_failure_looks_the_same(gym: TestGym) -> None:
    with gym.unit():
        disable_user(gym.user("coach"))
        invited = users.get(gym.user("team"))
        invited.password_hash, invited.status = None, "invited"
    answers = [
        gym.api().fail(
            "POST", LOGIN, json=sent, expect=401, code="AUTH_INVALID_CREDENTIALS"
        )
        for sent in (
            {"login": gym.email("client"), "password": "Wrong-Lamp-42!"},
            {"login": "nobody@iron.example", "password": PASSWORD},
            {"login": "nobody", "password": PASSWORD},
            {"login": gym.email("coach"), "password": PASSWORD},
            {"login": gym.email("team"), "password": PASSWORD},
        )
    ]
    assert all(answer == answers[0] for answer in answers)


def test_an_account_of_another_gym_does_not_log_in_here(
    gym: TestGym, other_gym: TestGym
) -> None:
    gym.api().fail(
        "POST",
        LOGIN,
        json=body(other_gym),
        expect=401,
        code="AUTH_INVALID_CREDENTIALS",
    )


def test_unknown_accounts_cost_what_known_ones_do(
    gym: TestGym,
    count_queries: Callable[[], QueryCount],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What takes time is counted; a clock would tell of the machine as well."""
    gym.user("client")
    with gym.unit():
        disable_user(gym.user("coach"))
        invited = users.get(gym.user("team"))
        invited.password_hash, invited.status = None, "invited"
    hashes = Hashes()
    monkeypatch.setattr(passwords, "_hasher", hashes)

    def fail(login: str) -> None:
        sent = {"login": login, "password": "Wrong-Lamp-42!"}
        assert gym.api().raw("POST", LOGIN, json=sent).status_code == 401
        with gym.unit() as session:
            delete_where(session, AuthAttempt)

    def cost(login: str) -> tuple[list[argon2.Parameters], int, int]:
        fail(login)  # fills what is kept from one request to the next
        hashes.made.clear()
        with count_queries() as counted:
            fail(login)
        made = list(hashes.made)
        return (
            made,
            len(counted),
            min(calls_of(lambda: fail(login)) for _ in range(RUNS)),
        )

    names = ("client", "coach", "team")
    known, *others = [
        cost(login) for login in (*map(gym.email, names), "n@iron.example", "nobody")
    ]
    assert len(known[0]) == 1
    for other in others:
        assert other[:2] == known[:2]
        assert abs(other[2] - known[2]) < 100  # of some 2000, none of which waits


class Hashes:
    """Hashes as usual, and notes with which parameters it looks at a password."""

    def __init__(self) -> None:
        self.made: list[argon2.Parameters] = []
        self._usual = passwords._hasher  # noqa: SLF001 — it stands in its place

    def verify(self, known: str, password: str) -> bool:
        self.made.append(argon2.extract_parameters(known))
        return self._usual.verify(known, password)


def test_login_remembers_the_device(gym: TestGym) -> None:
    gym.api().post(
        LOGIN,
        json=body(gym),
        expect=200,
        headers={"User-Agent": "Palestra/1 " + "x" * 900},
    )
    with gym.unit() as session:
        row = session.scalars(
            select(AuthSession).where(AuthSession.user_id == gym.user("client"))
        ).one()
    assert row.user_agent is not None
    assert len(row.user_agent) == 400
    assert row.address == "127.0.0.1"
    assert 89 <= (row.expires_at - utc_now()).days <= 90


def test_an_outdated_hash_is_renewed_by_the_next_login(gym: TestGym) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
    with gym.unit():
        users.get(gym.user("client")).password_hash = weak.hash(PASSWORD)
    gym.api().post(LOGIN, json=body(gym), expect=200)
    with gym.unit():
        renewed = users.get(gym.user("client")).password_hash
    assert renewed is not None
    assert "m=19456,t=2,p=1" in renewed
    gym.api().post(LOGIN, json=body(gym), expect=200)


def test_no_transaction_is_open_while_hashing(
    gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = body(gym)
    pool = gym.installation.databases.app.pool
    assert isinstance(pool, QueuePool)
    seen = []

    def watch(known: str | None, password: str) -> bool:
        seen.append(pool.checkedout())
        return known is not None and bool(password)

    monkeypatch.setattr("core.auth.login.matches", watch)
    gym.api().post(LOGIN, json=sent, expect=200)
    assert seen == [0]


def test_a_password_changed_during_login_lets_nobody_in(
    gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = body(gym)

    def race(_known: str | None, _password: str) -> bool:
        with gym.unit():
            users.get(gym.user("client")).password_hash = "another"
        return True

    monkeypatch.setattr("core.auth.login.matches", race)
    monkeypatch.setattr("core.auth.login.is_outdated", lambda _known: False)
    gym.api().fail(
        "POST", LOGIN, json=sent, expect=401, code="AUTH_INVALID_CREDENTIALS"
    )


def test_logout_ends_this_device_alone(gym: TestGym) -> None:
    user = gym.user("client")
    here, there = gym.api_for(user), gym.api_for(user)
    here.post("/auth/logout", expect=204)
    here.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    assert there.get("/me")["id"] == str(user)


def test_logout_all_ends_every_device(gym: TestGym) -> None:
    user = gym.user("client")
    devices = [gym.api_for(user) for _device in range(3)]
    for device in devices:
        device.get("/me")
    devices[0].post("/auth/logout-all", expect=204)
    for device in devices:
        device.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    assert gym.api_for(user).get("/me")["id"] == str(user)


def test_sessions_are_listed_and_ended_one_by_one(gym: TestGym) -> None:
    user = gym.user("client")
    here, there = gym.api_for(user), gym.api_for(user)
    listed = here.get("/auth/sessions")
    assert [row["current"] for row in listed].count(True) == 1
    (other,) = [row["id"] for row in listed if not row["current"]]
    here.delete(f"/auth/sessions/{other}", expect=204)
    there.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    here.fail("DELETE", f"/auth/sessions/{other}", expect=404, code="NOT_FOUND")
    assert len(here.get("/auth/sessions")) == 1


def test_another_person_s_session_is_unknown(gym: TestGym) -> None:
    (theirs,) = gym.api("coach").get("/auth/sessions")
    gym.api("client").fail(
        "DELETE", f"/auth/sessions/{theirs['id']}", expect=404, code="NOT_FOUND"
    )
    gym.api("coach").get("/me")


def test_strangers_have_no_sessions(gym: TestGym) -> None:
    for method, path in (
        ("GET", "/auth/sessions"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/logout-all"),
        ("GET", "/me"),
    ):
        gym.api().fail(method, path, expect=401, code="AUTH_REQUIRED")


def test_a_token_is_good_in_its_own_gym_alone(gym: TestGym, other_gym: TestGym) -> None:
    stranger = other_gym.api()
    stranger.token = gym.api("admin").token
    stranger.fail("GET", "/me", expect=403, code="TENANT_MISMATCH")


@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Bearer", "Bearer x y", "Bearer ünï", "token", ""]
)
def test_other_credentials_are_401(gym: TestGym, header: str) -> None:
    gym.api().fail(
        "GET",
        "/me",
        headers={"Authorization": header},
        expect=401,
        code="AUTH_REQUIRED",
    )


def test_jwks_are_public_and_cacheable(gym: TestGym) -> None:
    response = gym.app.test_client().get("/.well-known/jwks.json")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.mimetype == "application/jwk-set+json"
    assert response.get_json()["keys"][0]["alg"] == "RS256"


def test_a_vanished_user_is_401(gym: TestGym) -> None:
    client = gym.api_for(gym.user("partner"))
    client.get("/me")
    with gym.unit() as session:
        users.remove(users.get(gym.user("partner")))
        bump(session, gym.user("partner"))
    client.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
