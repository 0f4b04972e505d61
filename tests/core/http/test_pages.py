"""Lists below the row scope: each combination is compiled once, and there is an end."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import islice, permutations
from typing import Any

import pytest

from core.app import Installation
from core.clock import utc_now
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.http.page import Page, SortKey
from core.http.pages import MOST, Pages
from core.http.pipeline import Palestra
from core.ids import new_id
from core.jobs.models import OutboxJob
from core.testing.kit import TestGym
from core.testing.plugin import QueryCount

NOW = utc_now()
SORTS: dict[str, Any] = {
    "kind": OutboxJob.kind,
    "run_at": OutboxJob.run_at,
    "created_at": OutboxJob.created_at,
    "attempts": OutboxJob.attempts,
    "state": OutboxJob.state,
}
BY_KIND = (SortKey("kind"),)


def jobs_of() -> Pages:
    return Pages(
        OutboxJob,
        OutboxJob.run_at > given("since"),
        filters={
            "state": OutboxJob.state == given("state"),
            "kind": OutboxJob.kind == given("kind"),
        },
        sorts=SORTS,
    )


@pytest.fixture
def gym(app: Palestra, installation: Installation) -> TestGym:
    made = TestGym(app, installation)
    with made.unit() as session:
        for number in range(5):
            moment = NOW + timedelta(days=number)
            session.add(
                OutboxJob(
                    id=new_id(), kind=f"test.{number % 3}", args={}, run_at=moment
                )
            )
    return made


def read(
    session: TenantSession,
    jobs: Pages,
    page: int,
    sort: Sequence[SortKey] = BY_KIND,
    **wanted: Any,
) -> Page:
    values = {"since": NOW - timedelta(days=1), **wanted}
    return jobs.read(session, values, page=page, limit=2, sort=sort)


def test_pages_follow_each_other(gym: TestGym) -> None:
    jobs = jobs_of()
    with gym.unit() as session:
        pages = [read(session, jobs, number) for number in (1, 2, 3, 4)]
    assert [page.total for page in pages] == [5, 5, 5, 5]
    rows = [row for page in pages for row in page.items]
    assert [row.kind[-1] for row in rows] == ["0", "0", "1", "1", "2"]
    assert len({row.id for row in rows}) == 5


def test_filters_and_criteria_narrow(gym: TestGym) -> None:
    jobs = jobs_of()
    with gym.unit() as session:
        assert read(session, jobs, 1, kind="test.2").total == 1
        assert read(session, jobs, 1, kind="test.2", state="done").total == 0
        assert read(session, jobs, 1, kind=None, state="pending").total == 5
        assert read(session, jobs, 1, since=NOW + timedelta(days=3)).total == 1


def test_another_gym_s_rows_are_not_counted(
    gym: TestGym, app: Palestra, installation: Installation
) -> None:
    jobs = Pages(OutboxJob, filters={}, sorts=SORTS)
    other = TestGym(app, installation)
    with other.unit() as session:
        foreign = jobs.read(session, {}, page=1, limit=1, sort=BY_KIND).total
    with gym.unit() as session:
        found = jobs.read(session, {}, page=1, limit=1, sort=BY_KIND).total
    assert (foreign, found) == (0, 5)


def test_a_page_that_is_not_full_counts_itself(
    gym: TestGym, count_queries: Callable[[], QueryCount]
) -> None:
    jobs = jobs_of()
    with gym.unit() as session:
        with count_queries() as alone:
            assert read(session, jobs, 1, kind="test.2").total == 1
        with count_queries() as counted:
            assert read(session, jobs, 1).total == 5
    assert (len(alone), len(counted)) == (1, 2)


def test_a_combination_is_compiled_once_and_some_are_remembered(
    gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = 0
    make = Statement.__init__

    def count(self: Statement, *arguments: Any, **options: Any) -> None:
        nonlocal compiled
        compiled += 1
        make(self, *arguments, **options)

    monkeypatch.setattr(Statement, "__init__", count)
    jobs = jobs_of()
    orders = list(islice(permutations(map(SortKey, SORTS)), MOST + 1))
    with gym.unit() as session:
        for _ in range(2):
            read(session, jobs, 1, orders[0], kind="test.2")
        assert compiled == 1
        for order in orders[1:]:
            read(session, jobs, 1, order, kind="test.2")
        assert compiled == MOST + 1
        read(session, jobs, 1, orders[0], kind="test.2")
    assert compiled == MOST + 2
