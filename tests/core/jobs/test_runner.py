"""Running a job: its effect counts once, whatever happens in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import frozen_at, utc_now
from core.context import Gym, current
from core.db.session import TenantSession
from core.db.unit import session
from core.errors import ProviderFailed
from core.ids import new_id
from core.jobs.actor import JobActor, WhenOff, actor
from core.jobs.admin import retry
from core.jobs.current import current_job, step
from core.jobs.errors import GiveUp, JobNotDead, JobUnknown, RetryLater
from core.jobs.models import OutboxJob
from core.jobs.outbox import enqueue, wake
from core.jobs.relay import Relay
from core.jobs.rows import take
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef, Runtime
from core.jobs.tokens import WorkerId
from core.testing.kit import TestGym
from tests.core.jobs.conftest import Collector, MakeRuntime
from tests.core.jobs.patience import wait_until
from tests.core.jobs.probe import count, mark, marks


class Line:
    """Relay and runner of one runtime, by hand."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.sender = Collector()
        self.relay = Relay(runtime, self.sender)
        self.runner = Runner(runtime)

    def queue(self) -> JobRef:
        assert self.relay.forward() == 1
        return self.sender.sent[-1]

    def run(self) -> Outcome:
        return self.runner.run(self.queue())


def the_job(gym: TestGym) -> OutboxJob:
    with gym.unit():
        [job] = session().scalars(select(OutboxJob))
        return job


def lease_of(gym: TestGym) -> datetime:
    until = the_job(gym).lease_until
    assert until is not None
    return until


def put(gym: TestGym, what: JobActor[Any], **args: Any) -> None:
    with gym.unit("coach"):
        enqueue(what, args=args)


def count_of(gym: TestGym) -> int:
    with gym.unit():
        return marks()


def test_a_job_runs_in_its_gym_for_whoever_wanted_it(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    seen: list[Any] = []

    @actor("probe.look")
    def look(*, number: int) -> None:
        here, job = current(), current_job()
        seen.append(
            (here.require_gym().id, here.actor.user_id, here.actor.kind, here.trace_id)
        )
        seen.append((job.kind, job.attempt, job.last_attempt, number))

    put(gym, look, number=4)
    trace_id = the_job(gym).trace_id
    line = Line(runtime(look))
    assert line.run() is Outcome.DONE
    assert seen[0] == (gym.id, gym.user("coach"), "system", trace_id)
    assert seen[1] == ("probe.look", 1, False, 4)
    job = the_job(gym)
    assert (job.state, job.attempts, job.lease_token) == ("done", 1, None)
    assert line.runner.run(line.sender.sent[0]) is Outcome.ABSENT


def test_a_failed_job_waits_dies_and_is_retried_by_hand(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    mended: list[bool] = []

    @actor("probe.broken", max_attempts=2)
    def broken(*, number: int) -> None:
        mark(number)
        if not mended:
            raise ProviderFailed("secret@example.com said no")

    now = utc_now()
    with frozen_at(now):
        put(gym, broken, number=1)
        line = Line(runtime(broken))
        assert line.run() is Outcome.FAILED
        job = the_job(gym)
        assert (job.state, job.attempts) == ("pending", 1)
        assert job.run_at > now
        assert job.last_error is not None
        assert job.last_error.startswith("PROVIDER_ERROR at tests")
        assert line.relay.forward() == 0
        with gym.unit(), pytest.raises(JobNotDead):
            retry(job.id)
    with frozen_at(now + timedelta(minutes=1)):
        assert line.run() is Outcome.DEAD
        assert line.relay.forward() == 0
    assert count_of(gym) == 0
    mended.append(True)
    with gym.unit():
        retry(job.id)
        with pytest.raises(JobUnknown):
            retry(new_id())
    assert line.run() is Outcome.DONE
    assert count_of(gym) == 1


def test_an_actor_says_when_to_come_back_or_never(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    raised: list[Exception] = [RetryLater(timedelta(hours=3)), GiveUp("no use")]

    @actor("probe.told")
    def told() -> None:
        raise raised.pop(0)

    put(gym, told)
    line = Line(runtime(told))
    assert line.run() is Outcome.FAILED
    wait = the_job(gym).run_at - utc_now()
    assert timedelta(hours=2, minutes=59) < wait <= timedelta(hours=3)
    with frozen_at(utc_now() + timedelta(hours=4)):
        assert line.run() is Outcome.DEAD


def test_a_job_without_an_actor_waits_for_one(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    put(gym, count, number=1)
    assert Line(runtime()).run() is Outcome.FAILED
    with frozen_at(utc_now() + timedelta(minutes=1)):
        assert Line(runtime(count)).run() is Outcome.DONE


def test_a_worker_that_slept_through_its_lease_changes_nothing(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    """While it is at work the job is swept and finished by another worker."""
    line: Line

    @actor("probe.sleepy")
    def sleepy(*, number: int) -> None:
        if current_job().attempt == 1:
            with frozen_at(utc_now() + timedelta(hours=1)):
                assert line.relay.sweep() == 1
            with frozen_at(utc_now() + timedelta(hours=2)):
                assert line.run() is Outcome.DONE
        mark(number)

    put(gym, sleepy, number=1)
    line = Line(runtime(sleepy))
    assert line.run() is Outcome.LOST
    assert count_of(gym) == 1
    assert the_job(gym).attempts == 2


def test_a_long_job_keeps_its_lease(gym: TestGym, runtime: MakeRuntime) -> None:
    line: Line
    swept: list[int] = []

    @actor("probe.long")
    def long(*, number: int) -> None:
        granted = lease_of(gym)
        wait_until(lambda: lease_of(gym) > granted)
        with frozen_at(granted + timedelta(milliseconds=1)):
            swept.append(line.relay.sweep())
        mark(number)

    put(gym, long, number=1)
    line = Line(runtime(long))
    assert line.run() is Outcome.DONE
    assert swept == [0]


def test_a_stepwise_actor_opens_its_own_transactions(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    attempts: list[int] = []

    @actor("probe.steps", stepwise=True)
    def steps(*, number: int) -> None:
        with pytest.raises(LookupError):
            session()
        attempts.append(current_job().attempt)
        if step(lambda: marks(number)) == 0:
            step(lambda: mark(number))
        if len(attempts) == 1:
            raise ProviderFailed

    put(gym, steps, number=1)
    line = Line(runtime(steps))
    assert line.run() is Outcome.FAILED
    assert count_of(gym) == 1
    with frozen_at(utc_now() + timedelta(minutes=1)):
        assert line.run() is Outcome.DONE
    assert (count_of(gym), attempts) == (1, [1, 2])


def test_a_step_is_refused_when_the_lease_is_gone(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    line: Line

    @actor("probe.steps", stepwise=True)
    def steps(*, number: int) -> None:
        with frozen_at(utc_now() + timedelta(hours=1)):
            line.relay.sweep()
        step(lambda: mark(number))

    put(gym, steps, number=1)
    line = Line(runtime(steps))
    assert line.run() is Outcome.LOST
    assert count_of(gym) == 0


@pytest.fixture
def off(runtime: MakeRuntime) -> Callable[..., tuple[Runtime, set[str]]]:
    """A runtime in which a gym has only the plugins of the returned set."""

    def make(*actors: JobActor[Any]) -> tuple[Runtime, set[str]]:
        switched: set[str] = set()
        real = runtime(*actors)

        @contextmanager
        def in_gym(*given: Any, **named: Any) -> Iterator[tuple[TenantSession, Gym]]:
            with real.in_gym(*given, **named) as (opened, gym):
                yield opened, replace(gym, plugins=frozenset(switched))

        return replace(real, in_gym=in_gym, switchable=frozenset({"probe"})), switched

    return make


def test_jobs_of_a_plugin_that_is_off_wait_until_it_is_on(
    gym: TestGym, off: Callable[..., tuple[Runtime, set[str]]]
) -> None:
    surroundings, switched = off(count)
    line = Line(surroundings)
    put(gym, count, number=1)
    assert line.run() is Outcome.PARKED
    job = the_job(gym)
    assert (job.state, job.attempts) == ("pending", 0)
    assert line.relay.forward() == 0
    switched.add("probe")
    with gym.unit():
        assert wake("other") == 0
        assert wake("probe") == 1
    assert line.run() is Outcome.DONE
    assert count_of(gym) == 1


@pytest.mark.parametrize(
    ("when_off", "outcome", "effects"),
    [(WhenOff.DROP, Outcome.DROPPED, 0), (WhenOff.RUN, Outcome.DONE, 1)],
)
def test_others_are_dropped_or_run_all_the_same(
    gym: TestGym,
    off: Callable[..., tuple[Runtime, set[str]]],
    when_off: WhenOff,
    outcome: Outcome,
    effects: int,
) -> None:
    chosen = JobActor(name="probe.chosen", work=count.work, when_off=when_off)
    surroundings, _switched = off(chosen)
    put(gym, chosen, number=1)
    assert Line(surroundings).run() is outcome
    assert the_job(gym).state == "done"
    assert count_of(gym) == effects


def test_jobs_of_a_suspended_gym_wait(gym: TestGym, runtime: MakeRuntime) -> None:
    real = runtime(count)

    @contextmanager
    def in_gym(*given: Any, **named: Any) -> Iterator[tuple[TenantSession, Gym]]:
        with real.in_gym(*given, **named) as (opened, found):
            yield opened, replace(found, status="suspended")

    put(gym, count, number=1)
    assert Line(replace(real, in_gym=in_gym)).run() is Outcome.PARKED
    with frozen_at(utc_now() + timedelta(minutes=11)):
        assert Line(real).run() is Outcome.DONE


def test_only_one_of_two_workers_takes_a_job(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    put(gym, count, number=1)
    ref, lease = Line(runtime(count)).queue(), timedelta(seconds=9)
    with gym.unit() as first:
        assert take(first, ref, lease, WorkerId.fresh().token()) is not None
    with gym.unit() as second:
        assert take(second, ref, lease, WorkerId.fresh().token()) is None
