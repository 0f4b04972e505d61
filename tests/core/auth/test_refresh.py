"""Refresh tokens: one use, a short grace, and the end of the family on re-use."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from core.auth.models import AuthSession, RefreshToken
from core.auth.repository import users
from core.auth.sessions import (
    GRACE,
    digest_of,
    end_sessions,
    open_session,
    rotate,
    successor_of,
)
from core.clock import frozen_at, utc_now
from core.errors import AuthRequired
from core.testing.kit import TestGym

REFRESH = "/auth/refresh"
PARALLEL = 50


@pytest.fixture
def token(gym: TestGym) -> str:
    """A fresh refresh token of the client."""
    with gym.unit():
        user = users.get(gym.user("client"))
        return open_session(
            user, gym.installation.settings.auth, user_agent=None
        ).refresh_token


def refresh(gym: TestGym, token: str) -> dict[str, Any]:
    answer: dict[str, Any] = gym.api().post(
        REFRESH, json={"refreshToken": token}, expect=200
    )
    return answer


def refuse(gym: TestGym, token: str, code: str) -> None:
    gym.api().fail("POST", REFRESH, json={"refreshToken": token}, expect=401, code=code)


@contextmanager
def later(span: timedelta) -> Iterator[None]:
    with frozen_at(utc_now() + span):
        yield


def live_tokens(gym: TestGym) -> int:
    with gym.unit() as session:
        return (
            session.scalar(
                select(func.count(RefreshToken.id)).where(
                    RefreshToken.user_id == gym.user("client"),
                    RefreshToken.rotated_at.is_(None),
                )
            )
            or 0
        )


def test_a_refresh_gives_a_successor_and_a_working_token(
    gym: TestGym, token: str
) -> None:
    answer = refresh(gym, token)
    assert answer["refreshToken"] != token
    client = gym.api()
    client.token = answer["accessToken"]
    assert client.get("/me")["id"] == str(gym.user("client"))
    assert refresh(gym, answer["refreshToken"])["refreshToken"] not in {
        token,
        answer["refreshToken"],
    }


def test_within_the_grace_the_same_successor_is_answered(
    gym: TestGym, token: str
) -> None:
    now = utc_now()
    with frozen_at(now):
        first = refresh(gym, token)["refreshToken"]
    with frozen_at(now + GRACE - timedelta(seconds=1)):
        assert refresh(gym, token)["refreshToken"] == first
    assert live_tokens(gym) == 1


def test_an_older_ancestor_within_the_grace_revokes_nothing(
    gym: TestGym, token: str
) -> None:
    with frozen_at(utc_now()):
        second = refresh(gym, token)["refreshToken"]
        third = refresh(gym, second)["refreshToken"]
        refuse(gym, token, "AUTH_REQUIRED")
        assert refresh(gym, third)["refreshToken"]


def test_reuse_after_the_grace_ends_the_family_for_good(
    gym: TestGym, token: str
) -> None:
    answer = refresh(gym, token)
    client = gym.api()
    client.token = answer["accessToken"]
    client.get("/me")
    with later(GRACE + timedelta(seconds=1)):
        refuse(gym, token, "AUTH_TOKEN_REUSED")
    client.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    refuse(gym, answer["refreshToken"], "AUTH_REQUIRED")
    with gym.unit() as session:
        revoked = session.scalars(
            select(AuthSession.revoked_at).where(
                AuthSession.user_id == gym.user("client")
            )
        ).all()
    assert None not in revoked


def test_reuse_leaves_other_log_ins_alone(gym: TestGym, token: str) -> None:
    other = gym.api_for(gym.user("client"))
    refresh(gym, token)
    with later(GRACE + timedelta(seconds=1)):
        refuse(gym, token, "AUTH_TOKEN_REUSED")
    assert other.get("/me")["id"] == str(gym.user("client"))


def test_fifty_at_once_leave_one_successor(gym: TestGym, token: str) -> None:
    now = utc_now()

    def one(_number: int) -> TestResponse:
        with frozen_at(now):
            return gym.api().raw("POST", REFRESH, json={"refreshToken": token})

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(one, range(PARALLEL)))
    assert {answer.status_code for answer in answers} == {200}
    successors = {answer.get_json()["data"]["refreshToken"] for answer in answers}
    assert len(successors) == 1
    assert live_tokens(gym) == 1


@pytest.mark.parametrize("sent", ["", "nonsense", "x" * 200])
def test_unknown_tokens_are_401_or_malformed(gym: TestGym, sent: str) -> None:
    response = gym.api().raw("POST", REFRESH, json={"refreshToken": sent})
    assert response.status_code == (401 if sent else 400)


def test_another_gym_s_token_is_unknown(
    gym: TestGym, other_gym: TestGym, token: str
) -> None:
    refuse(other_gym, token, "AUTH_REQUIRED")
    assert refresh(gym, token)["refreshToken"]


def test_an_access_token_does_not_refresh(gym: TestGym) -> None:
    token = gym.api("client").token
    assert token is not None
    refuse(gym, token, "AUTH_REQUIRED")


def test_unused_tokens_end(gym: TestGym, token: str) -> None:
    with later(timedelta(days=14)):
        refuse(gym, token, "AUTH_REQUIRED")


def test_the_family_ends_however_often_it_is_used(gym: TestGym, token: str) -> None:
    begun = utc_now()
    for day in range(10, 90, 10):
        with frozen_at(begun + timedelta(days=day)):
            token = refresh(gym, token)["refreshToken"]
    with frozen_at(begun + timedelta(days=90)):
        refuse(gym, token, "AUTH_REQUIRED")


def test_a_shut_account_cannot_refresh(gym: TestGym, token: str) -> None:
    with gym.unit():
        users.get(gym.user("client")).status = "disabled"
    refuse(gym, token, "AUTH_REQUIRED")
    with gym.unit():
        users.get(gym.user("client")).status = "active"
    assert refresh(gym, token)["refreshToken"]


def test_a_revoked_family_cannot_refresh(gym: TestGym, token: str) -> None:
    with gym.unit():
        end_sessions(gym.user("client"))
    with (
        gym.unit(),
        pytest.raises(AuthRequired),
    ):
        rotate(token, gym.installation.settings.auth)


def test_tokens_are_stored_as_digests_alone(gym: TestGym, token: str) -> None:
    with gym.unit() as session:
        row = session.scalars(
            select(RefreshToken).where(RefreshToken.token_hash == digest_of(token))
        ).one()
    assert token.encode() not in row.token_hash
    assert len(row.token_hash) == 32


def test_a_successor_needs_both_token_and_salt() -> None:
    assert successor_of("token", b"salt") == successor_of("token", b"salt")
    assert successor_of("token", b"salt") != successor_of("token", b"other")
    assert successor_of("token", b"salt") != successor_of("other", b"salt")
    assert len(successor_of("token", b"salt")) == 43
