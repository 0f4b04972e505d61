"""Plan limits on members and staff, however many come at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import func, select

from core.auth.account_models import AuthRequest
from core.auth.accounts import create_user
from core.auth.models import User
from core.auth.registration import answer_sign_up
from core.clock import frozen_at, utc_now
from core.db.driver import Connection
from core.errors import PlanLimit
from core.ids import new_id
from core.plugin import gyms
from core.testing.kit import TestGym
from tenants.registry import change_gym

LIMIT = 5


@pytest.fixture
def limited(gym: TestGym) -> TestGym:
    """A gym of 1 client and 3 of its staff, with room for 5 of each."""
    assert "client" in gym.users
    set_limits(gym, members=LIMIT, staff=LIMIT)
    return gym


def set_limits(gym: TestGym, **limits: int | None) -> None:
    units = gym.installation.units("operator")
    with gym.unit():
        units.run(
            lambda session: change_gym(session, gym.id, {"limits": limits}),
            tenant_id=gym.id,
        )


def person(role: str, **more: Any) -> dict[str, Any]:
    address = f"p-{new_id().hex[-12:]}@people.example"
    return {"email": address, "name": "Pat Person", "role": role, **more}


def refused(gym: TestGym, method: str, path: str, kind: str, body: Any) -> None:
    error = gym.api("admin").fail(
        method, path, json=body, expect=403, code="PLAN_LIMIT"
    )
    assert error["details"] == {"limit": kind, "allowed": LIMIT}


def count(gym: TestGym, *roles: str) -> int:
    with gym.unit() as session:
        chosen = User.role.in_(roles) & (User.status != "disabled")
        return session.scalar(select(func.count()).select_from(User).where(chosen)) or 0


@pytest.mark.parametrize(
    ("role", "kind"), [("client", "members"), ("coach", "staff"), ("team", "staff")]
)
def test_a_full_plan_takes_nobody_more(limited: TestGym, role: str, kind: str) -> None:
    room = LIMIT - count(
        limited, *(["client"] if kind == "members" else ["admin", "team", "coach"])
    )
    admin = limited.api("admin")
    for _ in range(room):
        admin.post("/auth/register", person(role))
    refused(limited, "POST", "/auth/register", kind, person(role))
    admin.post("/auth/register", person("partner"))
    set_limits(limited, **{kind: None})
    admin.post("/auth/register", person(role))


def test_members_routes_say_so_too(limited: TestGym) -> None:
    set_limits(limited, members=1)
    body = {"email": "ava@people.example", "name": "Ava Adler"}
    error = limited.api("admin").fail(
        "POST", "/members/clients", json=body, expect=403, code="PLAN_LIMIT"
    )
    assert error["details"] == {"limit": "members", "allowed": 1}


@pytest.mark.slow
@pytest.mark.parametrize(("role", "kind"), [("client", "members"), ("coach", "staff")])
def test_fifty_at_once_never_exceed_it(limited: TestGym, role: str, kind: str) -> None:
    api = limited.api("admin")

    def register(_n: int) -> int:
        return api.raw("POST", "/auth/register", json=person(role)).status_code

    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(register, range(50)))
    roles = ["client"] if kind == "members" else ["admin", "team", "coach"]
    assert count(limited, *roles) == LIMIT
    assert set(codes) == {201, 403}
    assert codes.count(201) == LIMIT - (1 if kind == "members" else 3)


def test_who_comes_back_needs_a_seat(limited: TestGym) -> None:
    admin = limited.api("admin")
    gone = limited.user("client")
    admin.patch(f"/users/{gone}", {"status": "disabled"})
    for _ in range(LIMIT):
        admin.post("/auth/register", person("client"))
    refused(limited, "PATCH", f"/users/{gone}", "members", {"status": "active"})
    set_limits(limited, members=LIMIT + 1)
    admin.patch(f"/users/{gone}", {"status": "active"})


def test_another_role_needs_another_seat(limited: TestGym) -> None:
    admin = limited.api("admin")
    for _ in range(LIMIT - 3):
        admin.post("/auth/register", person("coach"))
    client = limited.user("client")
    refused(limited, "PATCH", f"/users/{client}", "staff", {"role": "coach"})
    # From one place of the staff to another there is always a way.
    admin.patch(f"/users/{limited.user('coach')}", {"role": "team"})


def test_strangers_cannot_tell_that_a_gym_is_full(limited: TestGym) -> None:
    set_limits(limited, members=1)
    with limited.unit() as session:
        asked = AuthRequest(
            kind="register", login="new@people.example", name="New", password_hash="x"
        )
        session.add(asked)
        session.flush()
        answer_sign_up(asked, "https://gyms.example")
    assert count(limited, "client") == 1


def test_the_service_refuses_as_well(limited: TestGym) -> None:
    set_limits(limited, members=1)
    with limited.unit(), pytest.raises(PlanLimit):
        create_user(**person("client"))


class TestRequestsAMinute:
    """What a plan holds all callers of a gym to."""

    @pytest.fixture(autouse=True)
    def clock(self) -> Iterator[None]:
        with frozen_at(utc_now()):
            yield

    @pytest.fixture
    def held(self, gym: TestGym) -> TestGym:
        """A gym that has used up what its plan grants."""
        set_limits(gym, requestsPerMinute=2)
        assert [ask(gym) for _ in range(3)] == [200, 200, 429]
        return gym

    @pytest.mark.parametrize(("lately", "openings"), [(1e9, 0), (-1.0, 1)])
    def test_one_too_many_opens_no_transaction_where_the_gym_is_known(
        self,
        held: TestGym,
        monkeypatch: pytest.MonkeyPatch,
        lately: float,
        openings: int,
    ) -> None:
        monkeypatch.setattr(gyms, "_LATELY_S", lately)
        opened: list[object] = []
        original = Connection.open

        def count(self: Connection, *arguments: Any) -> Any:
            opened.append(arguments)
            return original(self, *arguments)

        with patch.object(Connection, "open", count):
            error = held.api("admin").fail(
                "GET", "/audits", expect=429, code="RATE_LIMITED"
            )
        assert error["details"] == {"limit": "gym"}
        assert len(opened) == openings

    def test_what_comes_before_it_stays_before_it(
        self, held: TestGym, other_gym: TestGym, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gyms, "_LATELY_S", 1e9)
        path = "/audits"
        stranger = other_gym.api("admin")
        stranger.fail(
            "GET",
            path,
            headers={"X-Tenant": held.slug},
            expect=403,
            code="TENANT_MISMATCH",
        )
        stranger.fail(
            "GET",
            path,
            headers={"X-Tenant": "no-such-gym"},
            expect=404,
            code="TENANT_UNKNOWN",
        )
        assert ask(other_gym) == 200

    def test_a_plan_that_grants_more_is_seen(
        self, held: TestGym, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_limits(held, requestsPerMinute=None)
        monkeypatch.setattr(gyms, "_LATELY_S", -1.0)  # the moment is over
        assert [ask(held) for _ in range(3)] == [200] * 3

    def test_a_served_request_counts_once(self, gym: TestGym) -> None:
        set_limits(gym, requestsPerMinute=9)
        left = [
            gym.api("admin").raw("GET", "/audits").headers["RateLimit-Remaining"]
            for _ in range(3)
        ]
        assert left == ["8", "7", "6"]


def ask(gym: TestGym) -> int:
    return gym.api("admin").raw("GET", "/audits").status_code
