"""Many at once: the database lets exactly one of them have the time."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

from core.clock import as_rfc3339
from tests.plugins.scheduling.studio import Studio

AT_ONCE = 200
THREADS = 16


def outcomes(attempt: Callable[[int], tuple[int, str]], times: int) -> Counter[str]:
    """Runs attempts side by side and counts their statuses with their codes."""
    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(
            f"{status} {code}".strip()
            for status, code in pool.map(attempt, range(times))
        )


def send(
    studio: Studio, method: str, path: str, body: dict[str, object], by: str
) -> tuple[int, str]:
    response = studio.gym.api(by).raw(method, path, json=body)
    error = response.get_json().get("error", {})
    return response.status_code, error.get("code", "")


def test_of_two_hundred_who_want_one_slot_one_gets_it(studio: Studio) -> None:
    clients = [studio.client, *(studio.another("clients") for _ in range(4))]
    wishes = [studio.wish(studio.at(9), clientId=client) for client in clients]
    studio.gym.api("admin")

    def attempt(number: int) -> tuple[int, str]:
        body = wishes[number % len(wishes)]
        return send(studio, "POST", "/scheduling/sessions", body, "admin")

    counted = outcomes(attempt, AT_ONCE)
    assert counted == {"201": 1, "409 SESS_OVERLAP": AT_ONCE - 1}
    assert len(studio.admin.get("/scheduling/sessions")) == 1


def test_crossing_bookings_of_two_coaches_neither_overlap_nor_deadlock(
    studio: Studio,
) -> None:
    coaches = [studio.coach, studio.another("coaches")]
    studio.open(coach=coaches[1])
    clients = [studio.client, studio.another("clients")]

    def attempt(number: int) -> tuple[int, str]:
        body = studio.wish(
            studio.at(9 + number // 4 % 4 / 2),
            coachId=coaches[number % 2],
            clientId=clients[number // 2 % 2],
        )
        return send(studio, "POST", "/scheduling/sessions", body, "admin")

    counted = outcomes(attempt, 64)
    assert set(counted) == {"201", "409 SESS_OVERLAP"}
    booked = studio.admin.get("/scheduling/sessions", query={"limit": 100})
    assert len(booked) == counted["201"]
    for who in ("coachId", "clientId"):
        spans = sorted((one[who], one["startsAt"], one["endsAt"]) for one in booked)
        for first, second in pairwise(spans):
            assert first[0] != second[0] or first[2] <= second[1]


def test_of_many_who_move_to_one_time_one_gets_it(studio: Studio) -> None:
    booked = [studio.book(studio.at(hour))["id"] for hour in range(8)]
    starts = studio.at(12)
    body: dict[str, object] = {
        "startsAt": as_rfc3339(starts),
        "endsAt": as_rfc3339(starts + timedelta(hours=1)),
    }

    def attempt(number: int) -> tuple[int, str]:
        return send(
            studio, "PATCH", f"/scheduling/sessions/{booked[number]}", body, "admin"
        )

    counted = outcomes(attempt, len(booked))
    assert counted == {"200": 1, "409 SESS_OVERLAP": len(booked) - 1}


def test_the_daily_limit_holds_when_all_come_at_once(studio: Studio) -> None:
    studio.open(dailyLimit=3)
    studio.gym.api("client")

    def attempt(number: int) -> tuple[int, str]:
        body = studio.wish(studio.at(2 + number))
        return send(studio, "POST", "/scheduling/sessions", body, "client")

    counted = outcomes(attempt, 16)
    assert counted == {"201": 3, "422 SESS_OUTSIDE_AVAILABILITY": 13}


def test_windows_added_at_once_do_not_overlap(studio: Studio) -> None:
    studio.open({"weekday": 7, "starts": "00:00", "ends": "01:00"})

    def attempt(number: int) -> tuple[int, str]:
        starts, ends = f"{9 + number % 2}:30".zfill(5), f"{11 + number % 2}:00"
        window = {"weekday": 2, "starts": starts, "ends": ends}
        body: dict[str, object] = {"coachId": studio.coach, **window}
        return send(studio, "POST", "/scheduling/availability", body, "admin")

    counted = outcomes(attempt, 12)
    assert counted == {"201": 1, "409 SESS_AVAILABILITY_OVERLAP": 11}
