"""Starting before the database does, and being asked whether one is ready."""

from datetime import timedelta

import pytest

from core.db import roles
from core.operations import waiting
from core.operations.draining import stop_announced
from core.operations.errors import OperationFailed
from core.operations.remembering import Remembered
from core.operations.waiting import wait_for_database
from core.testing.server import TestServer


def test_a_database_that_is_there_is_not_waited_for(
    postgres: TestServer, template: str
) -> None:
    said: list[str] = []
    url = postgres.url(roles.APP, template).replace("+psycopg", "")
    wait_for_database(url, longest=timedelta(0), say=said.append)
    assert said == []


def test_one_that_comes_late_is_waited_for(
    postgres: TestServer,
) -> None:
    database = "palestra_comes_late"
    said: list[str] = []

    def create(line: str) -> None:
        said.append(line)
        postgres.query(f"CREATE DATABASE {database} OWNER {roles.OWNER}")

    url = postgres.url(roles.OWNER, database).replace("+psycopg", "")
    try:
        wait_for_database(url, longest=timedelta(minutes=2), say=create)
    finally:
        postgres.query(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    assert len(said) == 1
    assert "does not exist" in said[0]


class Clock:
    """Stands still but for those who sleep."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_one_that_never_comes_ends_in_one_line_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    with pytest.raises(OperationFailed) as caught:
        wait_for_database(
            "postgresql://palestra_app:hush@127.0.0.1:1/palestra",
            longest=timedelta(seconds=1),
            say=lambda _line: None,
        )
    assert clock.now == 1
    assert "Check DATABASE_URL" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_costly_check_is_asked_now_and_then() -> None:
    now = [0.0]
    asked: list[float] = []
    answers = iter(["behind", None, None])

    def check() -> str | None:
        asked.append(now[0])
        return next(answers)

    remembered = Remembered(check, clock=lambda: now[0])
    seen = []
    for moment in (0.0, 1.9, 2.0, 30.0, 61.9, 62.0):
        now[0] = moment
        seen.append(remembered())
    assert seen == ["behind", "behind", None, None, None, None]
    assert asked == [0.0, 2.0, 62.0]


def test_nobody_announced_a_stop_here() -> None:
    assert stop_announced() is None
