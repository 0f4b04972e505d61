"""Many at once: each thing counts once, each time is reached and given once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from core.clock import utc_now
from plugins.milestones.service import counting, dispatch, evaluation
from plugins.scheduling.hooks import SessionCompleted
from tests.plugins.milestones.hall import MESSAGE, PATH, Hall

THREADS = 12


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(times)))


def test_evaluations_at_once_reach_each_time_once(hall: Hall) -> None:
    hall.set_auto(on=False)
    hall.milestone(1, gift=MESSAGE, repeatEvery=1)
    hall.count(7)

    def work(_number: int) -> int:
        with hall.gym.unit():
            return len(evaluation.evaluate([UUID(hall.client)]))

    assert sum(at_once(work, 24)) == 7
    found = sorted(one["occurrence"] for one in hall.reached())
    assert found == list(range(1, 8))
    assert len(hall.gifts()) == 7


def test_events_at_once_leave_no_milestone_unnoticed(hall: Hall) -> None:
    """Each evaluates with what the others counted, although all run side by side."""
    hall.milestone(20)
    sessions = [uuid4() for _ in range(20)]

    def work(number: int) -> None:
        event = SessionCompleted(
            session_id=sessions[number // 2],  # each is told twice
            version=2,
            starts_at=utc_now() - timedelta(hours=number // 2),
            ends_at=utc_now(),
            client_id=UUID(hall.client),
            coach_id=UUID(hall.studio.coach),
            status="completed",
        )
        with hall.gym.unit():
            counting.count_session(event)

    at_once(work, 40)
    [one] = hall.progress()
    assert one["current"] == 20
    assert len(hall.reached()) == 1


def test_a_gift_handed_over_by_many_goes_once(hall: Hall) -> None:
    hall.set_auto(on=False)
    hall.milestone(1, gift=MESSAGE)
    hall.count()
    hall.work()
    [gift] = hall.gifts()

    def work(_number: int) -> None:
        with hall.gym.unit():
            dispatch.hand_over(UUID(gift["id"]))

    at_once(work, 16)
    hall.work()
    given = [one for one in hall.inbox() if one["title"].startswith("A gift")]
    assert len(given) == 1


def test_of_many_gifts_by_hand_one_is_made(hall: Hall) -> None:
    hall.set_auto(on=False)
    made = hall.milestone(5, gift=MESSAGE)
    wish = {"clientId": hall.client, "definitionId": made["id"]}

    def work(_number: int) -> int:
        return hall.admin.raw("POST", f"{PATH}/gifts", json=wish).status_code

    assert sorted(at_once(work, 24)) == [201] + [409] * 23
    assert len(hall.gifts()) == 1


def test_by_hand_and_by_itself_at_once_make_one_gift(hall: Hall) -> None:
    hall.set_auto(on=False)
    made = hall.milestone(1, gift=MESSAGE)
    hall.count()
    wish = {"clientId": hall.client, "definitionId": made["id"]}

    def work(number: int) -> int:
        path, body = (f"{PATH}/gifts", wish)
        if number % 2:
            path, body = f"{PATH}/evaluate", {"clientId": hall.client}
        return hall.admin.raw("POST", path, json=body).status_code

    assert set(at_once(work, 12)) <= {200, 201, 409}
    assert len(hall.gifts()) == len(hall.reached()) == 1
