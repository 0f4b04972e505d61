"""An admin switches off the second factor of somebody who lost it."""

import pytest

from core.testing.kit import TestGym
from tests.core.auth.test_totp import Member, actions


@pytest.fixture
def member(gym: TestGym) -> Member:
    """A client whose second factor is on."""
    made = Member(gym)
    made.enable()
    return made


def path(member: Member) -> str:
    return f"/users/{member.gym.user(member.role)}/totp"


def test_an_admin_switches_it_off_and_ends_the_log_ins(
    gym: TestGym, member: Member
) -> None:
    assert member.log_in().status_code == 401
    gym.api("admin").delete(path(member))
    member.api.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    assert member.log_in().status_code == 200
    assert "auth.totp_reset" in actions(gym)
    state = gym.api_for(gym.user("client")).get("/auth/totp")
    assert (state["enabled"], state["recoveryCodesLeft"]) == (False, 0)


def test_an_old_recovery_code_is_void_once_a_new_factor_is_set_up(
    gym: TestGym, member: Member
) -> None:
    former = member.codes[0]
    gym.api("admin").delete(path(member))
    member.enable()
    assert member.log_in(totp=former).status_code == 401


def test_the_person_is_told_by_mail(gym: TestGym, member: Member) -> None:
    gym.api("admin").delete(path(member))
    sent = gym.api("admin").get("/notifications")
    assert "auth.totp_reset" in [one["template"] for one in sent]


@pytest.mark.parametrize("role", ["team", "coach", "client"])
def test_only_an_admin_may(gym: TestGym, member: Member, role: str) -> None:
    caller = gym.api_for(gym.user(role))
    caller.fail("DELETE", path(member), expect=403, code="FORBIDDEN")
    assert member.log_in().status_code == 401


def test_nobody_does_it_for_themselves(gym: TestGym) -> None:
    admin = Member(gym, "admin")
    admin.enable()
    api = gym.api_for(gym.user("admin"))
    api.fail("DELETE", path(admin), expect=403, code="USER_NOT_YOURSELF")
    assert admin.log_in().status_code == 401


def test_there_must_be_one_and_it_must_be_ours(
    gym: TestGym, other_gym: TestGym, member: Member
) -> None:
    admin = gym.api("admin")
    nobody = f"/users/{gym.user('coach')}/totp"
    admin.fail("DELETE", nobody, expect=409, code="AUTH_TOTP_NOT_ENABLED")
    other_gym.api("admin").fail("DELETE", path(member), expect=404, code="NOT_FOUND")
    assert member.log_in().status_code == 401
