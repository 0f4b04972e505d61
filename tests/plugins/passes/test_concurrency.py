"""Many at once: nobody gets a use that is not there."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from core.clock import utc_now
from core.ids import new_id
from core.testing.kit import ApiClient
from plugins.passes.repository import PassRepository, Use
from tests.plugins.passes.desk import MEMBERSHIP, PACK, Desk, Json, unbalanced

AT_ONCE = 200
THREADS = 16


def outcomes(attempt: Callable[[int], tuple[int, str]], times: int) -> Counter[str]:
    """Runs attempts side by side and counts their statuses with their codes."""
    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(
            f"{status} {code}".strip()
            for status, code in pool.map(attempt, range(times))
        )


def send(api: ApiClient, method: str, path: str, body: Json) -> tuple[int, str]:
    response = api.raw(method, path, json=body)
    return response.status_code, response.get_json().get("error", {}).get("code", "")


def test_of_two_hundred_redemptions_of_one_use_one_succeeds(desk: Desk) -> None:
    made = desk.codes()
    people = [desk.gym.api("client"), desk.gym.api("admin"), desk.gym.api("team")]

    def attempt(number: int) -> tuple[int, str]:
        api = people[number % len(people)]
        return send(api, "POST", "/passes/redeem", {"code": made["codes"][0]})

    counted = outcomes(attempt, AT_ONCE)
    assert counted["201"] == 1
    assert counted["409 PASS_ALREADY_REDEEMED"] + counted["403 FORBIDDEN"] == 199
    [row] = desk.admin.get("/passes", query={"batchId": made["batchId"]})
    assert desk.ledger(row["id"]) == [("grant", 1, 1), ("use", -1, 0)]


def test_as_many_uses_are_taken_as_there_are(desk: Desk) -> None:
    held = desk.grant(PACK, validFrom="first_use", uses=7)

    def attempt(_number: int) -> tuple[int, str]:
        api = desk.gym.api("client")
        return send(api, "POST", "/passes/redeem", {"code": held["code"]})

    desk.gym.api("client")
    counted = outcomes(attempt, 40)
    assert counted == {"201": 7, "409 PASS_ALREADY_REDEEMED": 33}
    assert [one[2] for one in desk.ledger(held["id"])] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert unbalanced(desk.gym) == []


def test_of_two_first_uses_the_first_one_begins_the_days(desk: Desk) -> None:
    held = desk.grant(PACK, validFrom="first_use")
    now = utc_now()
    ends = now + timedelta(days=30)
    use = Use(moment=now, day=now.date(), holder_id=UUID(desk.client), expires_at=ends)
    # The second one was worked out before the first one was committed.
    late = replace(use, expires_at=ends + timedelta(days=9))
    for one in (use, late):
        with desk.gym.unit():
            assert PassRepository().take_one(UUID(held["id"]), one)
    with desk.gym.unit():
        row = PassRepository().find(UUID(held["id"]))
    assert row is not None
    assert (row.expires_at, row.valid_days, row.remaining) == (ends, None, 3)


def test_a_pass_that_found_a_holder_meanwhile_is_not_anybody_elses(
    desk: Desk,
) -> None:
    held = desk.grant(PACK)
    now = utc_now()
    for holder_id in (new_id(), None):
        with desk.gym.unit():
            use = Use(moment=now, day=now.date(), holder_id=holder_id)
            assert not PassRepository().take_one(UUID(held["id"]), use)
    assert desk.shown(held["id"])["clientId"] == desk.client


def test_an_allowance_holds_when_all_come_at_once(desk: Desk) -> None:
    held = desk.grant(MEMBERSHIP, allowance=3, allowancePer="month")
    api = desk.gym.api("client")

    def attempt(_number: int) -> tuple[int, str]:
        return send(api, "POST", "/passes/redeem", {"code": held["code"]})

    assert outcomes(attempt, 20) == {"201": 3, "409 PASS_ALLOWANCE_USED": 17}


def test_booking_the_same_hour_many_times_takes_one_use(desk: Desk) -> None:
    desk.demand()
    held = desk.grant(PACK, validDays=60)
    api = desk.gym.api("client")

    def attempt(_number: int) -> tuple[int, str]:
        return send(api, "POST", "/scheduling/sessions", desk.wish(desk.at(9)))

    assert outcomes(attempt, 24) == {"201": 1, "409 SESS_OVERLAP": 23}
    assert desk.ledger(held["id"]) == [("grant", 5, 5), ("use", -1, 4)]


def test_bookings_at_once_share_no_use(desk: Desk) -> None:
    desk.demand()
    first, second = (desk.grant(PACK, uses=2, validDays=60) for _ in range(2))
    api = desk.gym.api("client")

    def attempt(number: int) -> tuple[int, str]:
        return send(api, "POST", "/scheduling/sessions", desk.wish(desk.at(number)))

    counted = outcomes(attempt, 16)
    assert counted == {"201": 4, "409 SESS_NO_ENTITLEMENT": 12}
    assert [desk.shown(one["id"])["remaining"] for one in (first, second)] == [0, 0]
    assert unbalanced(desk.gym) == []


def test_canceling_at_once_gives_one_use_back(desk: Desk) -> None:
    desk.demand()
    held = desk.grant(PACK, validDays=60)
    booked = desk.book(desk.at(9))
    path = f"/scheduling/sessions/{booked['id']}"

    def attempt(_number: int) -> tuple[int, str]:
        return send(desk.admin, "PATCH", path, {"status": "canceled"})

    assert outcomes(attempt, 12) == {"200": 12}
    assert desk.shown(held["id"])["remaining"] == 5


def test_redeeming_and_adjusting_at_once_keep_the_ledger_true(desk: Desk) -> None:
    held = desk.grant(PACK, uses=20)
    api = desk.gym.api("client")

    def attempt(number: int) -> tuple[int, str]:
        if number % 3:
            return send(api, "POST", "/passes/redeem", {"code": held["code"]})
        body = {"uses": 1, "reason": "Again"}
        return send(desk.admin, "POST", f"/passes/{held['id']}/adjust", body)

    counted = outcomes(attempt, 30)
    assert counted == {"201": 20, "200": 10}
    assert desk.shown(held["id"])["remaining"] == 10
    assert unbalanced(desk.gym) == []
