"""What scheduling gives to others: record parts, tiles, demo data; and its guards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from core.clock import frozen_at, utc_now
from core.sdk.base import Role, hooks
from core.testing.kit import TestGym
from plugins.scheduling.domain.sessions import Status
from plugins.scheduling.models import (
    CLIENT_FREE,
    COACH_FREE,
    TrainingSession,
    WeeklyWindow,
)
from plugins.scheduling.service import demo
from tests.plugins.scheduling.studio import Studio


def test_the_client_record_shows_the_next_and_the_last_sessions(
    studio: Studio,
) -> None:
    now = utc_now().replace(microsecond=0)
    past = [studio.book(now - timedelta(days=days))["id"] for days in (1, 2, 3, 4)]
    coming = [studio.book(studio.at(9, day=day))["id"] for day in (3, 2, 1, 0)]
    canceled = studio.book(studio.at(7))["id"]
    studio.admin.patch(f"/scheduling/sessions/{canceled}", {"status": "canceled"})
    with studio.gym.unit("admin"):
        given = hooks().client_record_parts(
            gym=studio.gym.gym, client_id=UUID(studio.client)
        )
    (parts,) = (one for one in given if "nextSessions" in one)
    assert [one["id"] for one in parts["nextSessions"]] == coming[:0:-1]
    assert [one["id"] for one in parts["lastSessions"]] == past[:3]
    assert parts["nextSessions"][0]["startsAt"].endswith("Z")


def test_the_dashboard_counts_the_sessions_of_today_and_this_week(
    studio: Studio,
) -> None:
    now = utc_now().replace(microsecond=0)
    with frozen_at(now):  # or midnight might pass
        studio.book(now)
        studio.book(studio.at(9))
        canceled = studio.book(now + timedelta(hours=1))["id"]
        studio.admin.patch(f"/scheduling/sessions/{canceled}", {"status": "canceled"})
        with studio.gym.unit("admin"):
            given = hooks().dashboard_tiles(gym=studio.gym.gym)
    tiles = {tile["id"]: tile for group in given for tile in group}
    assert tiles["sessionsToday"]["value"] == 1
    assert tiles["sessionsThisWeek"]["value"] == 1
    assert tiles["sessionsToday"]["unit"] == "sessions"


@pytest.fixture
def people(studio: Studio) -> tuple[list[UUID], list[UUID]]:
    """Two coaches and six clients, three each."""
    coaches = [studio.coach, studio.another("coaches")]
    clients = [studio.client, *(studio.another("clients") for _ in range(5))]
    for number, client in enumerate(clients):
        studio.assign(client, coaches[number % 2])
    return [UUID(one) for one in coaches], [UUID(one) for one in clients]


def demo_rows(gym: TestGym) -> list[TrainingSession]:
    with gym.unit() as session:
        rows = session.scalars(
            select(TrainingSession).order_by(
                TrainingSession.starts_at, TrainingSession.coach_id
            )
        )
        return list(rows)


def test_demo_data_is_a_believable_month_and_comes_once(gym: TestGym) -> None:
    Studio(gym, is_open=False)
    users = {role: [gym.user(role)] for role in (Role.COACH, Role.CLIENT)}
    for _again in range(2):
        with gym.unit():
            hooks().demo_data(gym=gym.gym, users=users)
    rows = demo_rows(gym)
    statuses = {row.status for row in rows}
    assert statuses == {status.value for status in Status}
    assert 60 < len(rows) < 300
    now = utc_now()
    for row in rows:
        begun_and_over = row.ends_at <= now
        assert begun_and_over == (row.status != Status.SCHEDULED)
    with gym.unit() as session:
        windows = session.scalar(select(func.count()).select_from(WeeklyWindow))
    assert windows == 11


def test_demo_data_lies_in_the_opening_hours(
    studio: Studio, people: tuple[list[UUID], list[UUID]]
) -> None:
    coaches, clients = people
    with studio.gym.unit():
        demo.fill(gym=studio.gym.gym, coaches=coaches, clients=clients)
    rows = demo_rows(studio.gym)
    # The studio's own coach has opening hours already and is left alone.
    assert {row.coach_id for row in rows} == {coaches[1]}
    assert {row.client_id for row in rows} == set(clients[1::2])
    coming = [row for row in rows if row.starts_at > utc_now()]
    for row in coming[:5]:
        error = studio.admin.fail(
            "POST",
            "/scheduling/sessions",
            json=studio.wish(
                row.starts_at, coachId=str(row.coach_id), clientId=studio.client
            ),
            expect=409,
            code="SESS_OVERLAP",
        )
        assert error["details"] == {"who": "coach"}


def test_the_guards_that_the_models_name_are_in_the_database(
    studio: Studio,
) -> None:
    """They are no part of the metadata, so migrations are held to them here."""
    with studio.gym.unit() as session:
        found: Any = session.connection().execute(
            text(
                "SELECT conname FROM pg_constraint"
                " WHERE contype = 'x' AND conrelid = 'scheduling_sessions'::regclass"
            )
        )
        assert set(found.scalars()) == {COACH_FREE, CLIENT_FREE}
