"""What is deleted every night: as tables declare, a batch at a time, in one gym."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.auth.account_models import AuthLink
from core.auth.models import AuthSession, RefreshToken, UserState
from core.clock import frozen_at, utc_now
from core.ids import new_id
from core.jobs.outbox import enqueue
from core.jobs.runner import Outcome
from core.privacy import rows
from core.privacy.jobs import SCHEDULES, retain
from core.privacy.retaining import retain as retain_now
from core.testing.kit import TestGym
from tests.core.privacy.conftest import Desk

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run(gym: TestGym, *, after: timedelta = timedelta()) -> dict[str, int]:
    with frozen_at(NOW + after), gym.unit():
        return retain_now(lambda work: work())


def log_in(gym: TestGym, **ends: datetime | None) -> UUID:
    session_id, client = new_id(), gym.user("client")
    row = {"id": session_id, "user_id": client, "expires_at": NOW, **ends}
    with gym.unit() as here:
        here.add(AuthSession(**row))
        here.flush()
        here.add(
            RefreshToken(
                user_id=client,
                session_id=session_id,
                token_hash=session_id.bytes,
                expires_at=NOW,
            )
        )
    return session_id


def count(gym: TestGym, model: Any) -> int:
    with gym.unit() as here:
        return here.scalar(select(func.count(model.id))) or 0


def test_log_ins_go_30_days_after_their_end(gym: TestGym, other_gym: TestGym) -> None:
    log_in(gym, expires_at=NOW)
    log_in(gym, expires_at=NOW + timedelta(days=60), revoked_at=NOW)
    lasting = log_in(gym, expires_at=NOW + timedelta(days=60))
    log_in(other_gym)
    assert "auth_sessions" not in run(gym, after=timedelta(days=30))
    assert run(gym, after=timedelta(days=30, seconds=1))["auth_sessions"] == 2
    with gym.unit() as here:
        assert here.scalars(select(AuthSession.id)).all() == [lasting]
        assert here.scalars(select(RefreshToken.session_id)).all() == [lasting]
    assert count(other_gym, AuthSession) == 1


@pytest.mark.parametrize("used", [True, False])
def test_links_go_30_days_after_use_or_end(gym: TestGym, used: bool) -> None:  # noqa: FBT001
    with gym.unit() as here:
        here.add(
            AuthLink(
                user_id=gym.user("client"),
                purpose="reset",
                token_hash=b"x",
                expires_at=NOW + timedelta(hours=72),
                used_at=NOW if used else None,
            )
        )
    day = timedelta(days=30, seconds=1)
    assert run(gym, after=day).get("auth_links", 0) == int(used)
    assert run(gym, after=day + timedelta(hours=72)).get("auth_links", 0) == int(
        not used
    )


def state(gym: TestGym, at: datetime, role: str = "client") -> None:
    with gym.unit() as here:
        here.add(UserState(user_id=gym.user(role), weight=70, recorded_at=at))


def moments(gym: TestGym) -> list[datetime]:
    with gym.unit() as here:
        found = here.scalars(
            select(UserState.recorded_at).order_by(UserState.recorded_at)
        )
        return [one.astimezone(UTC) for one in found]


def test_of_old_states_the_last_of_each_month_stays(gym: TestGym) -> None:
    """Months are the gym's, in Berlin: 23:30 UTC on 31 January is in February."""
    old = [
        datetime(2024, 1, 3, tzinfo=UTC),
        datetime(2024, 1, 31, 22, 30, tzinfo=UTC),
        datetime(2024, 1, 31, 23, 30, tzinfo=UTC),
        datetime(2024, 2, 2, tzinfo=UTC),
        datetime(2024, 11, 1, tzinfo=UTC),
        datetime(2024, 11, 20, tzinfo=UTC),
    ]
    young = [NOW - timedelta(days=729), NOW - timedelta(days=1), NOW]
    for at in [*old, *young]:
        state(gym, at)
    state(gym, old[0], role="coach")
    assert run(gym)["user_states"] == 3
    assert moments(gym) == sorted([old[0], old[1], old[3], old[5], *young])
    assert "user_states" not in run(gym)
    assert run(gym, after=timedelta(days=2))["user_states"] == 1
    assert old[5] not in moments(gym)


def test_it_works_in_batches(gym: TestGym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_AT_ONCE", 3)
    for _ in range(7):
        log_in(gym)
    steps: list[Any] = []

    def step(work: Callable[[], Any]) -> Any:
        steps.append(work())
        return steps[-1]

    with frozen_at(NOW + timedelta(days=31)), gym.unit():
        deleted = retain_now(step)
    assert deleted["auth_sessions"] == 7
    assert [one for one in steps if isinstance(one, int) and one] == [3, 3, 1]


def test_it_is_a_job_of_the_gyms_night(desk: Desk) -> None:
    [nightly] = SCHEDULES
    assert (nightly.actor, nightly.zone) == (retain, None)
    log_in(desk.gym, expires_at=utc_now() - timedelta(days=31))
    with desk.gym.unit():
        enqueue(retain)
    assert desk.run("privacy.retain") == [Outcome.DONE]
    assert count(desk.gym, AuthSession) == 0


def test_answers_kept_for_repeats_go_after_a_day(gym: TestGym) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"email": "a@b.example", "name": "Ada", "role": "client"}
    gym.api("admin").post("/auth/register", body, headers=headers)
    with gym.unit():
        assert "idempotency_keys" not in retain_now(lambda work: work())
    with frozen_at(utc_now() + timedelta(days=1, minutes=1)), gym.unit():
        assert retain_now(lambda work: work())["idempotency_keys"] == 1
