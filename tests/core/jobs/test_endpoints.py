"""What an admin sees of the gym's jobs, and does with them."""

from datetime import timedelta
from uuid import UUID

import pytest

from core.clock import frozen_at, utc_now
from core.ids import new_id
from core.jobs.actor import actor
from core.jobs.outbox import enqueue
from core.jobs.relay import Relay
from core.jobs.runner import Outcome, Runner
from core.testing.kit import TestGym
from tests.core.jobs.conftest import Collector, MakeRuntime
from tests.core.jobs.probe import count


@actor("probe.fails", max_attempts=1)
def fails() -> None:
    raise ValueError("someone@example.com")


@pytest.fixture
def dead(gym: TestGym, runtime: MakeRuntime) -> UUID:
    """A job that was given up, beside one that waits."""
    with gym.unit():
        job_id = enqueue(fails)
    sender = Collector()
    surroundings = runtime(fails, count)
    Relay(surroundings, sender).forward()
    assert Runner(surroundings).run(sender.sent[0]) is Outcome.DEAD
    with gym.unit(), frozen_at(utc_now() + timedelta(seconds=1)):
        enqueue(count, args={"number": 1})
    assert job_id is not None
    return job_id


def test_jobs_are_listed_newest_first(gym: TestGym, dead: UUID) -> None:
    jobs = gym.api("admin").get("/admin/jobs")
    assert [job["kind"] for job in jobs] == ["probe.count", "probe.fails"]
    assert jobs[1]["id"] == str(dead)
    assert jobs[1]["lastError"].startswith("ValueError at tests")
    assert "someone" not in str(jobs)


def test_they_are_filtered_paged_and_sorted(gym: TestGym, dead: UUID) -> None:
    admin = gym.api("admin")
    assert [job["id"] for job in admin.get("/admin/jobs", query={"state": "dead"})] == [
        str(dead)
    ]
    only = admin.get("/admin/jobs", query={"kind": "probe.count"})
    assert [job["state"] for job in only] == ["pending"]
    answer = admin.raw("GET", "/admin/jobs", query={"limit": 1, "sort": "kind"})
    assert [job["kind"] for job in answer.get_json()["data"]] == ["probe.count"]
    assert answer.get_json()["meta"]["pagination"]["total"] == 2
    admin.fail(
        "GET", "/admin/jobs", query={"state": "no"}, expect=400, code="VALIDATION_ERROR"
    )


def test_a_dead_job_is_retried_once(gym: TestGym, dead: UUID) -> None:
    admin = gym.api("admin")
    again = admin.post(f"/admin/jobs/{dead}/retry", expect=200)
    assert (again["state"], again["attempts"]) == ("pending", 0)
    path = f"/admin/jobs/{dead}/retry"
    admin.fail("POST", path, expect=409, code="JOB_NOT_DEAD")
    path = f"/admin/jobs/{new_id()}/retry"
    admin.fail("POST", path, expect=404, code="JOB_NOT_FOUND")


def test_they_are_the_admins_and_the_gyms(
    gym: TestGym, other_gym: TestGym, dead: UUID
) -> None:
    path = f"/admin/jobs/{dead}/retry"
    gym.api("coach").fail("GET", "/admin/jobs", expect=403, code="FORBIDDEN")
    gym.api("team").fail("POST", path, expect=403, code="FORBIDDEN")
    other_gym.api("admin").fail("POST", path, expect=404, code="JOB_NOT_FOUND")
    assert other_gym.api("admin").get("/admin/jobs") == []


def test_who_ran_a_job_again_is_in_the_audit_log(gym: TestGym, dead: UUID) -> None:
    admin = gym.api("admin")
    admin.post(f"/admin/jobs/{dead}/retry", expect=200)
    [entry] = admin.get("/audits", query={"entity": "job", "entityId": str(dead)})
    assert entry["userId"] == str(gym.user("admin"))
    assert entry["before"]["state"] == "dead"
    assert entry["after"]["state"] == "pending"
