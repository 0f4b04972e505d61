"""Counting: each thing once, whatever is told how often and in which order."""

from datetime import timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from core.clock import utc_now
from core.sdk.base import hooks
from core.sdk.jobs import emit
from core.testing.kit import TestGym
from plugins.scheduling.hooks import (
    SessionCanceled,
    SessionCompleted,
    SessionEvent,
)
from tests.plugins.milestones.hall import Hall


def session(
    hall: Hall, kind: type[SessionEvent], session_id: UUID, version: int
) -> SessionEvent:
    status = {SessionCompleted: "completed", SessionCanceled: "canceled"}[kind]
    return kind(
        session_id=session_id,
        version=version,
        starts_at=utc_now() - timedelta(hours=2),
        ends_at=utc_now() - timedelta(hours=1),
        client_id=UUID(hall.client),
        coach_id=UUID(hall.studio.coach),
        status=status,
    )


def tell(hall: Hall, *events: SessionEvent) -> None:
    for event in events:
        with hall.gym.unit():
            emit(event)
        hall.work()


def current(hall: Hall) -> int:
    [one] = hall.progress()
    found: int = one["current"]
    return found


def test_an_event_that_comes_twice_counts_once(hall: Hall) -> None:
    hall.milestone(5)
    event = session(hall, SessionCompleted, uuid4(), 2)
    tell(hall, event, event)
    assert current(hall) == 1
    tell(hall, session(hall, SessionCompleted, uuid4(), 2))
    assert current(hall) == 2


def test_what_is_undone_does_not_count_in_whatever_order_it_is_told(
    hall: Hall,
) -> None:
    hall.milestone(50)
    for order in permutations([(SessionCompleted, 2), (SessionCanceled, 3)]):
        one = uuid4()
        tell(hall, *(session(hall, kind, one, version) for kind, version in order))
    assert current(hall) == 0


def test_what_is_done_again_counts_in_whatever_order_it_is_told(hall: Hall) -> None:
    hall.milestone(50)
    steps = [(SessionCompleted, 2), (SessionCanceled, 3), (SessionCompleted, 4)]
    for number, order in enumerate(permutations(steps), start=1):
        one = uuid4()
        tell(hall, *(session(hall, kind, one, version) for kind, version in order))
        assert current(hall) == number


def test_canceled_and_missed_sessions_count_nothing(hall: Hall) -> None:
    hall.milestone(5)
    for status in ("canceled", "no_show", "completed"):
        hall.train(status=status)
    hall.work()
    assert current(hall) == 1


def test_another_plugin_counts_and_corrects(hall: Hall) -> None:
    hall.milestone(100)
    source = uuid4()
    assert hall.count(40, source=source)
    assert not hall.count(40, source=source)
    assert hall.count(25, source=source, version=2)
    assert current(hall) == 25
    assert hall.count(0, source=source, version=3)
    assert current(hall) == 0


def test_a_correction_takes_no_achievement_back_and_gives_none_twice(
    hall: Hall,
) -> None:
    hall.milestone(2)
    first, second = uuid4(), uuid4()
    hall.count(source=first)
    hall.count(source=second)
    hall.work()
    assert len(hall.reached()) == 1
    hall.count(0, source=second, version=2)
    hall.work()
    [one] = hall.progress()
    assert (one["current"], one["percent"], one["timesAchieved"]) == (1, 50, 1)
    hall.count(source=uuid4())
    hall.work()
    assert len(hall.reached()) == 1


def test_things_move_to_another_client(hall: Hall) -> None:
    hall.milestone(5)
    other, source = hall.studio.another("clients"), uuid4()
    hall.count(source=source)
    hall.count(source=source, version=3, client=other)
    hall.count(0, source=source, version=2)
    assert current(hall) == 0
    [theirs] = hall.progress(other)
    assert theirs["current"] == 1


def test_who_is_no_client_is_not_counted(hall: Hall, other_gym: TestGym) -> None:
    for stranger in (uuid4(), other_gym.user("client"), hall.gym.user("team")):
        assert not hall.count(client=str(stranger))
    assert hall.work() == []


@pytest.mark.parametrize(("amount", "version"), [(-1, 1), (1_000_001, 1), (1, 0)])
def test_out_of_bounds_is_a_fault_of_the_caller(
    hall: Hall, amount: int, version: int
) -> None:
    with pytest.raises(ValueError, match=r"amount|Versions"):
        hall.count(amount, version=version)


def test_what_was_rolled_back_is_not_counted(hall: Hall) -> None:
    hall.milestone(5)

    def book() -> None:
        with hall.gym.unit():
            emit(session(hall, SessionCompleted, uuid4(), 2))
            raise LookupError

    with pytest.raises(LookupError):
        book()
    assert hall.work() == []
    assert current(hall) == 0


def test_while_it_is_off_nothing_is_counted(hall: Hall) -> None:
    hall.milestone(5)
    hall.switch("milestones", on=False)
    hall.train()
    hall.work()
    with hall.gym.unit():
        answer = hooks().count_towards_milestones(
            client_id=UUID(hall.client),
            counter="points",
            amount=1,
            source_id=uuid4(),
            at=utc_now(),
            version=1,
        )
    assert answer is None
    hall.switch("milestones", on=True)
    assert current(hall) == 0
