"""The second factor over the whole stack."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyotp
import pytest
from sqlalchemy import select

from core.auth.models import RecoveryCode, TotpFactor
from core.auth.repository import users
from core.auth.totp.repository import factors
from core.auth.totp.secrets import STEP_SECONDS, Secrets, fitting_steps
from core.clock import frozen_at, utc_now
from core.config.vault import SealBroken
from core.ids import new_id
from core.testing.kit import PASSWORD, TestGym
from tests.core.auth.browser import code_of

LOGIN = "/auth/login"
AGAIN = {"password": PASSWORD}
PARALLEL = 20


class Member:
    """The client of a gym, with an authenticator app.

    Attributes:
        codes: The recovery codes.
    """

    def __init__(self, gym: TestGym, role: str = "client") -> None:
        self.gym, self.role = gym, role
        self.api = gym.api_for(gym.user(role))
        self.secret = ""
        self.codes: list[str] = []

    def code(self, at: datetime | None = None) -> str:
        """What the app shows."""
        return pyotp.TOTP(self.secret).at(at or utc_now())

    def enable(self) -> None:
        """Sets the second factor up a minute ago, so that codes of now are unused."""
        with frozen_at(utc_now() - timedelta(minutes=2)):
            then = self.gym.api_for(self.gym.user(self.role))
            self.secret = then.post("/auth/totp/setup", expect=200)["secret"]
            sent = {"code": self.code()}
            answer = then.post("/auth/totp/confirm", sent, expect=200)
        self.codes = answer["recoveryCodes"]

    def log_in(self, totp: str | None = None, password: str = PASSWORD) -> Any:
        """The raw answer to a log-in."""
        body = {"login": self.gym.email(self.role), "password": password}
        if totp is not None:
            body["totp"] = totp
        return self.gym.api().raw("POST", LOGIN, json=body)


@pytest.fixture
def member(gym: TestGym) -> Member:
    """A client whose second factor is on."""
    made = Member(gym)
    made.enable()
    return made


@contextmanager
def later(span: timedelta) -> Iterator[None]:
    with frozen_at(utc_now() + span):
        yield


def refuse_to_confirm(member: Member, body: dict[str, str]) -> None:
    member.api.fail(
        "POST",
        "/auth/totp/confirm",
        json=body,
        expect=422,
        code="AUTH_TOTP_NOT_CONFIRMED",
    )


def actions(gym: TestGym) -> list[str]:
    entries = gym.api("admin").get("/audits", query={"limit": 100})
    return [entry["action"] for entry in entries]


def test_setup_gives_what_an_app_reads(gym: TestGym) -> None:
    answer = gym.api("client").post("/auth/totp/setup", expect=200)
    read = pyotp.parse_uri(answer["otpauthUri"])
    assert isinstance(read, pyotp.TOTP)
    assert (read.name, read.issuer) == (gym.email("client"), "Test Gym")
    assert (read.secret, read.digits, read.interval) == (answer["secret"], 6, 30)
    svg = ET.fromstring(answer["qrSvg"])  # noqa: S314 — our own text
    assert svg.tag.endswith("svg")
    assert svg.get("width") == svg.get("height")


def test_setup_alone_changes_nothing_at_log_in(gym: TestGym) -> None:
    member = Member(gym)
    member.api.post("/auth/totp/setup", expect=200)
    assert member.log_in().status_code == 200
    assert member.api.get("/auth/totp") == {
        "enabled": False,
        "required": False,
        "confirmedAt": None,
        "recoveryCodesLeft": 0,
    }


def test_a_second_setup_replaces_the_first_until_one_is_confirmed(
    gym: TestGym,
) -> None:
    member = Member(gym)
    first = member.api.post("/auth/totp/setup", expect=200)["secret"]
    second = member.api.post("/auth/totp/setup", expect=200)["secret"]
    assert first != second
    wrong = {"code": pyotp.TOTP(first).at(utc_now())}
    refuse_to_confirm(member, wrong)
    right = {"code": pyotp.TOTP(second).at(utc_now())}
    member.api.post("/auth/totp/confirm", right, expect=200)
    for path, body in (("setup", None), ("confirm", right)):
        member.api.fail(
            "POST",
            f"/auth/totp/{path}",
            json=body,
            expect=409,
            code="AUTH_TOTP_ENABLED",
        )


@pytest.mark.parametrize("code", ["000000", "1", "abcdef", "٠١٢٣٤٥", "12345678"])
def test_only_a_fitting_code_confirms(gym: TestGym, code: str) -> None:
    member = Member(gym)
    refuse_to_confirm(member, {"code": code})
    member.secret = member.api.post("/auth/totp/setup", expect=200)["secret"]
    with frozen_at(_when_it_does_not_fit(member.secret, code)):
        member.api = gym.api_for(gym.user("client"))
        refuse_to_confirm(member, {"code": code})


def _when_it_does_not_fit(secret: str, code: str) -> datetime:
    moment = utc_now()
    while code.isascii() and fitting_steps(secret, code, moment.timestamp()):
        moment += timedelta(minutes=2)
    return moment


def test_log_in_asks_for_the_code(member: Member) -> None:
    assert code_of(member.log_in()) == (401, "AUTH_TOTP_REQUIRED")
    answer = member.log_in(member.code())
    assert answer.status_code == 200
    assert answer.get_json()["data"]["accessToken"]


def test_before_the_right_password_nothing_is_told(member: Member) -> None:
    for totp in (None, member.code(), member.codes[0]):
        answer = member.log_in(totp, "Wrong-Horse-7!")
        assert code_of(answer) == (401, "AUTH_INVALID_CREDENTIALS")
    assert member.api.get("/auth/totp")["recoveryCodesLeft"] == 10
    with later(timedelta(minutes=5)):
        assert member.log_in(member.code()).status_code == 200


@pytest.mark.parametrize(
    ("steps", "status"), [(-2, 401), (-1, 200), (1, 200), (2, 401)]
)
def test_the_neighbouring_steps_are_taken(
    member: Member, steps: int, status: int
) -> None:
    with frozen_at(utc_now().replace(second=10)):
        shown = member.code(utc_now() + timedelta(seconds=steps * STEP_SECONDS))
        assert member.log_in(shown).status_code == status


def test_codes_are_taken_as_people_type_them(member: Member) -> None:
    code = member.code()
    assert member.log_in(f" {code[:3]} {code[3:]}").status_code == 200


def test_a_code_is_good_once(member: Member) -> None:
    with frozen_at(utc_now().replace(second=10)):
        code = member.code()
        assert member.log_in(code).status_code == 200
        assert code_of(member.log_in(code)) == (401, "AUTH_TOTP_INVALID")
        older = member.code(utc_now() - timedelta(seconds=STEP_SECONDS))
        assert code_of(member.log_in(older)) == (401, "AUTH_TOTP_INVALID")


def test_the_code_that_confirmed_is_used_up(gym: TestGym) -> None:
    member = Member(gym)
    with frozen_at(utc_now()):
        member.secret = member.api.post("/auth/totp/setup", expect=200)["secret"]
        code = member.code()
        member.api.post("/auth/totp/confirm", {"code": code}, expect=200)
        assert code_of(member.log_in(code)) == (401, "AUTH_TOTP_INVALID")


def at_once(work: Callable[[int], int]) -> list[int]:
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(work, range(PARALLEL)))


def test_of_many_with_one_code_one_gets_in(member: Member) -> None:
    code = member.code()
    found = at_once(lambda _n: member.log_in(code).status_code)
    assert found.count(200) == 1
    assert set(found) <= {200, 401, 429}


def test_a_step_is_used_up_by_one(member: Member) -> None:
    """Without the count of attempts, which lets few of many through."""
    step = int(utc_now().timestamp()) // STEP_SECONDS
    user = member.gym.user("client")

    def use(_n: int) -> int:
        with member.gym.unit():
            return factors.use_step(user, step)

    assert sum(at_once(use)) == 1


def test_a_recovery_code_stands_in_once(member: Member) -> None:
    assert len(set(member.codes)) == 10
    code = member.codes[3]
    assert member.log_in(code).status_code == 200
    assert code_of(member.log_in(code)) == (401, "AUTH_TOTP_INVALID")
    typed = member.codes[4].replace("-", " ").lower()
    assert member.log_in(typed).status_code == 200
    assert member.api.get("/auth/totp")["recoveryCodesLeft"] == 8
    assert actions(member.gym).count("auth.recovery_code_used") == 2


def test_of_many_with_one_recovery_code_one_gets_in(member: Member) -> None:
    found = at_once(lambda _n: member.log_in(member.codes[0]).status_code)
    assert found.count(200) == 1


def test_renewed_recovery_codes_void_the_old(member: Member) -> None:
    path = "/auth/totp/recovery-codes"
    wrong = {"password": "Wrong-Horse-7!"}
    member.api.fail(
        "POST", path, json=wrong, expect=401, code="AUTH_INVALID_CREDENTIALS"
    )
    renewed = member.api.post(path, AGAIN, expect=200)["recoveryCodes"]
    assert len(set(renewed) | set(member.codes)) == 20
    assert code_of(member.log_in(member.codes[0])) == (401, "AUTH_TOTP_INVALID")
    assert member.log_in(renewed[0]).status_code == 200
    assert "auth.recovery_codes_renewed" in actions(member.gym)


def test_switching_off_takes_the_password(member: Member) -> None:
    path = "/auth/totp/disable"
    wrong = {"password": "Wrong-Horse-7!"}
    member.api.fail(
        "POST", path, json=wrong, expect=401, code="AUTH_INVALID_CREDENTIALS"
    )
    assert code_of(member.log_in()) == (401, "AUTH_TOTP_REQUIRED")
    member.api.post(path, AGAIN, expect=204)
    assert member.log_in().status_code == 200
    for left in (path, "/auth/totp/recovery-codes"):
        member.api.fail(
            "POST", left, json=AGAIN, expect=409, code="AUTH_TOTP_NOT_ENABLED"
        )
    with member.gym.unit() as session:
        assert session.scalars(select(RecoveryCode)).all() == []
    told = actions(member.gym)
    assert told.count("auth.totp_enabled") == told.count("auth.totp_disabled") == 1


def test_wrong_codes_are_counted_and_shut_the_account(member: Member) -> None:
    with frozen_at(utc_now()):
        found = [code_of(member.log_in("AAAA-AAAA-AAAA-AAAA")) for _n in range(6)]
        assert (401, "AUTH_TOTP_INVALID") in found
        assert found[-1][0] == 429
        assert member.log_in(member.code()).status_code == 429
    with later(timedelta(hours=2)):
        assert member.log_in(member.code()).status_code == 200


def test_a_changed_password_does_not_pass_the_second_factor(member: Member) -> None:
    from core.auth.passwords import hash_password  # noqa: PLC0415

    other = "Other-Horse-8!"
    with member.gym.unit():
        users.get(member.gym.user("client")).password_hash = hash_password(other)
    assert code_of(member.log_in(password=other)) == (401, "AUTH_TOTP_REQUIRED")
    assert member.log_in(member.code(), other).status_code == 200


def test_nothing_is_stored_in_the_clear(member: Member) -> None:
    user = member.gym.user("client")
    with member.gym.unit() as session:
        factor = factors.of(user)
        digests = session.scalars(select(RecoveryCode.digest)).all()
    assert factor is not None
    assert member.secret.encode() not in factor.secret
    for code in member.codes:
        assert code.encode() not in digests
        assert code.replace("-", "").encode() not in digests
    raw = member.gym.api("admin").raw("GET", "/audits", query={"limit": 100})
    assert member.secret not in raw.get_data(as_text=True)


def test_a_secret_is_bound_to_its_account_and_key(gym: TestGym, tmp_path: Path) -> None:
    settings = gym.installation.settings
    secrets = Secrets(settings)
    place = {"tenant_id": gym.id, "user_id": new_id()}
    sealed = secrets.close("JBSW", **place)
    assert secrets.open(sealed, **place) == "JBSW"
    code = secrets.close_code("A", **place)
    assert secrets.fits("A", code, **place)
    assert not secrets.fits("B", code, **place)
    for moved in ({**place, "user_id": new_id()}, {**place, "tenant_id": new_id()}):
        with pytest.raises(SealBroken):
            secrets.open(sealed, **moved)
        with pytest.raises(SealBroken):
            secrets.fits("A", code, **moved)
    other = replace(settings, server=replace(settings.server, home=tmp_path))
    with pytest.raises(SealBroken):
        Secrets(other).open(sealed, **place)


def test_an_unreadable_secret_lets_nobody_in(member: Member) -> None:
    with member.gym.unit() as session:
        found = session.scalars(select(TotpFactor)).one()
        found.secret = bytes(len(found.secret))
    assert code_of(member.log_in(member.code())) == (401, "AUTH_TOTP_INVALID")
    assert member.log_in(member.codes[0]).status_code == 200


def test_another_gym_s_codes_are_unknown(member: Member, other_gym: TestGym) -> None:
    stranger = Member(other_gym)
    stranger.enable()
    for code in (member.code(), member.codes[0]):
        assert code_of(stranger.log_in(code)) == (401, "AUTH_TOTP_INVALID")


def require_of(gym: TestGym, *roles: str) -> None:
    gym.api("admin").patch("/admin/settings", {"auth.totp.requiredRoles": list(roles)})


def test_a_required_role_can_do_nothing_until_it_is_set_up(gym: TestGym) -> None:
    member = Member(gym, "team")
    member.api.get("/users")
    require_of(gym, "team")
    for method, path in (
        ("GET", "/users"),
        ("GET", "/auth/sessions"),
        ("PATCH", "/me"),
        ("GET", "/scheduling/sessions"),
    ):
        error = member.api.fail(
            method, path, json={}, expect=403, code="AUTH_TOTP_SETUP_REQUIRED"
        )
        assert error["details"] == {"setUp": "POST /api/v1/auth/totp/setup"}
    assert member.api.get("/me")["permissions"] == []
    assert member.api.get("/auth/totp")["required"] is True
    assert member.log_in().status_code == 200
    member.enable()
    member.api.get("/users")
    assert member.api.get("/me")["permissions"] != []


def test_a_required_role_is_held_to_it_again_once_it_is_off(gym: TestGym) -> None:
    member = Member(gym, "team")
    require_of(gym, "team")
    member.enable()
    member.api.post("/auth/totp/disable", AGAIN, expect=204)
    member.api.fail("GET", "/users", expect=403, code="AUTH_TOTP_SETUP_REQUIRED")
    member.api.post("/auth/logout", expect=204)


def test_other_roles_and_other_gyms_go_on(gym: TestGym, other_gym: TestGym) -> None:
    require_of(gym, "team")
    gym.api("admin").get("/users")
    gym.api("client").get("/auth/sessions")
    other_gym.api("team").get("/users")
    require_of(gym)
    gym.api("team").get("/users")
