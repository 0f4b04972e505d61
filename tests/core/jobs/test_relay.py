"""Claiming: fair between gyms, committed before sending, taken back in time."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from typing_extensions import override

from core.clock import frozen_at, utc_now
from core.db.unit import session
from core.jobs.models import OutboxJob
from core.jobs.outbox import enqueue
from core.jobs.relay import Relay
from core.jobs.rows import take
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef
from core.jobs.store import Store
from core.jobs.tokens import WorkerId
from core.testing.kit import TestGym
from tests.core.jobs.conftest import Collector, MakeRuntime
from tests.core.jobs.probe import FAST, count, marks


def fill(gym: TestGym, jobs: int) -> None:
    with gym.unit():
        for number in range(jobs):
            enqueue(count, args={"number": number})


def states(gym: TestGym) -> Counter[str]:
    with gym.unit():
        return Counter(session().scalars(select(OutboxJob.state)))


def test_a_full_gym_does_not_hold_up_the_others(
    gym: TestGym, new_gym: Callable[[], TestGym], runtime: MakeRuntime
) -> None:
    fill(gym, 40)
    others = [new_gym() for _ in range(3)]
    for other in others:
        fill(other, 2)
    sender = Collector(room=8)
    relay = Relay(runtime(count), sender)
    assert relay.forward() == 8
    served = Counter(ref.tenant_id for ref in sender.sent)
    assert served == {gym.id: 2, **{other.id: 2 for other in others}}
    assert relay.forward() == 8
    assert states(gym) == {"queued": 10, "pending": 30}


def test_the_turn_moves_on_when_there_is_room_for_one(
    gym: TestGym, other_gym: TestGym, runtime: MakeRuntime
) -> None:
    fill(gym, 3)
    fill(other_gym, 3)
    sender = Collector(room=1)
    relay = Relay(runtime(count), sender)
    for _ in range(4):
        relay.forward()
    assert Counter(ref.tenant_id for ref in sender.sent) == {gym.id: 2, other_gym.id: 2}


def test_jobs_wait_for_their_time_and_for_room(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    sender = Collector()
    relay = Relay(runtime(count), sender)
    later = utc_now() + timedelta(hours=1)
    with gym.unit():
        enqueue(count, args={"number": 1}, run_at=later)
    assert relay.forward() == 0
    with frozen_at(later):
        sender.left = 0
        assert relay.forward() == 0
        sender.left = 1
        assert relay.forward() == 1


def test_a_relay_that_dies_before_it_sends_loses_nothing(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    """The claim is committed, then nothing is ever sent."""
    surroundings = runtime(count)
    fill(gym, 1)
    now = utc_now()
    with frozen_at(now):
        Relay(surroundings, Collector()).forward()
    assert states(gym) == {"queued": 1}
    sender = Collector()
    relay = Relay(surroundings, sender)
    with frozen_at(now + FAST.queue_lease):
        assert relay.sweep() == 0
    with frozen_at(now + FAST.queue_lease + timedelta(seconds=1)):
        assert relay.sweep() == 1
        assert relay.forward() == 1
    assert Runner(surroundings).run(sender.sent[0]) is Outcome.DONE
    with gym.unit():
        assert marks() == 1


def test_what_could_not_be_sent_is_given_back(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    class Broken(Collector):
        @override
        def send(self, refs: Sequence[JobRef]) -> None:
            raise ConnectionError(len(refs))

    fill(gym, 2)
    with pytest.raises(ConnectionError):
        Relay(runtime(count), Broken()).forward()
    assert states(gym) == {"pending": 2}


def test_a_worker_that_is_gone_costs_an_attempt_and_in_the_end_the_job(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    surroundings = runtime(count)
    sender = Collector()
    relay = Relay(surroundings, sender)
    fill(gym, 1)
    now = utc_now()
    for _ in range(count.max_attempts):
        with frozen_at(now):
            assert relay.forward() == 1
            ref = sender.sent[-1]
            with gym.unit() as unit:
                token = WorkerId.fresh().token()
                assert take(unit, ref, timedelta(seconds=1), token) is not None
        now += timedelta(seconds=2)
        with frozen_at(now):
            assert relay.sweep() == 1
        now += timedelta(hours=2)
    assert states(gym) == {"dead": 1}
    with gym.unit():
        assert session().scalar(select(OutboxJob.last_error)) is not None


def test_what_a_dead_process_had_is_due_at_once(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    surroundings = runtime(count)
    store, sender = Store(surroundings.operator), Collector()
    relay = Relay(surroundings, sender)
    fill(gym, 3)
    relay.forward()  # with leases that outlast the test
    dead, alive = WorkerId.fresh(), WorkerId.fresh()
    for ref, worker in zip(sender.sent, (dead, alive), strict=False):
        with gym.unit() as unit:
            assert take(unit, ref, timedelta(hours=1), worker.token()) is not None
    assert relay.sweep() == 0
    assert store.bury(dead) == 1
    # Its own, and the one on its way, which may have been lying with it.
    assert relay.sweep() == 1
    assert states(gym) == {"pending": 2, "running": 1}


def test_a_worker_has_the_tokens_between_its_least_and_its_greatest() -> None:
    one, other = WorkerId(7), WorkerId(8)
    least, greatest = one.tokens
    assert least <= one.token() <= greatest < other.tokens[0] <= other.token()
    assert WorkerId.parse(str(one)) == one
    assert one.token() != one.token()


def test_old_jobs_are_cleared_away_but_not_their_keys(
    gym: TestGym, runtime: MakeRuntime
) -> None:
    surroundings = runtime(count)
    store, runner = Store(surroundings.operator), Runner(surroundings)
    sender = Collector()
    with gym.unit():
        enqueue(count, args={"number": 1}, key="kept")
        enqueue(count, args={"number": 2})
    Relay(surroundings, sender).forward()
    for ref in sender.sent:
        runner.run(ref)
    assert store.purge() == 0
    with frozen_at(utc_now() + timedelta(days=8)):
        assert store.purge() == 1
    assert states(gym) == {"done": 1}
    with frozen_at(utc_now() + timedelta(days=36)):
        assert store.purge() == 1


def test_the_outbox_in_numbers(gym: TestGym, runtime: MakeRuntime) -> None:
    store = Store(runtime(count).operator)
    assert store.figures().lag_s == 0
    now = utc_now()
    with frozen_at(now):
        fill(gym, 2)
    with frozen_at(now + timedelta(seconds=90)):
        figures = store.figures()
    assert (figures.pending, figures.queued, figures.dead) == (2, 0, 0)
    assert figures.lag_s == pytest.approx(90)
