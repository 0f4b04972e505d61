"""Bookings that take a use, and cancellations that give it back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.clock import as_rfc3339, frozen_at, utc_now
from core.testing.background import run_jobs
from core.testing.plugin import QueryCount
from tests.plugins.passes.desk import MEMBERSHIP, PACK, Desk, unbalanced


@pytest.fixture
def strict(desk: Desk) -> Desk:
    """A desk of a gym that demands an entitlement of whoever books."""
    desk.demand()
    return desk


def refused(desk: Desk, starts: Any, *, by: str = "client", **rest: Any) -> list[str]:
    error = desk.gym.api(by).fail(
        "POST",
        "/scheduling/sessions",
        json=desk.wish(starts, **rest),
        expect=409,
        code="SESS_NO_ENTITLEMENT",
    )
    reasons: list[str] = error["details"]["reasons"]
    return reasons


def test_a_gym_that_demands_nothing_takes_nothing(desk: Desk) -> None:
    held = desk.grant(PACK)
    desk.cancel(desk.book(desk.at(9)))
    assert desk.ledger(held["id"]) == [("grant", 5, 5)]


def test_without_a_pass_nothing_is_booked(strict: Desk) -> None:
    assert refused(strict, strict.at(9)) == []
    assert refused(strict, strict.at(9), by="admin") == []
    assert strict.admin.get("/scheduling/sessions") == []


def test_a_booking_takes_a_use_and_a_cancellation_in_time_gives_it_back(
    strict: Desk,
) -> None:
    held = strict.grant(PACK, validDays=60)
    booked = strict.book(strict.at(9), by="client")
    assert strict.shown(held["id"])["remaining"] == 4
    [_, use] = strict.admin.get(f"/passes/{held['id']}/ledger")
    assert (use["kind"], use["sessionId"]) == ("use", booked["id"])
    strict.cancel(booked, by="client")
    strict.cancel(booked, by="client")
    assert strict.ledger(held["id"]) == [
        ("grant", 5, 5),
        ("use", -1, 4),
        ("return", 1, 5),
    ]
    assert unbalanced(strict.gym) == []


@pytest.mark.parametrize(("hours", "left"), [(48, 4), (24, 5), (0, 5)])
def test_a_late_cancellation_costs_the_use(desk: Desk, hours: int, left: int) -> None:
    desk.demand(hours=hours)
    held = desk.grant(PACK, validDays=60)
    starts = utc_now().replace(microsecond=0) + timedelta(hours=25)
    desk.cancel(desk.book(starts), by="client")
    assert desk.shown(held["id"])["remaining"] == left


def test_the_use_comes_back_though_the_gym_demands_nothing_any_more(
    strict: Desk,
) -> None:
    held = strict.grant(PACK, validDays=60)
    booked = strict.book(strict.at(9))
    strict.admin.patch(
        "/admin/plugins/scheduling", {"settings": {"requireEntitlement": False}}
    )
    strict.cancel(booked)
    assert strict.shown(held["id"])["remaining"] == 5


def test_a_moved_session_keeps_its_use(strict: Desk) -> None:
    held = strict.grant(PACK, validDays=60)
    booked = strict.book(strict.at(9))
    strict.admin.patch(
        f"/scheduling/sessions/{booked['id']}",
        {
            "startsAt": as_rfc3339(strict.at(12)),
            "endsAt": as_rfc3339(strict.at(13)),
        },
    )
    assert strict.shown(held["id"])["remaining"] == 4
    strict.cancel(booked)
    assert strict.shown(held["id"])["remaining"] == 5


def test_a_no_show_costs_the_use(strict: Desk) -> None:
    held = strict.grant(PACK)
    starts = utc_now().replace(microsecond=0) + timedelta(hours=1)
    booked = strict.book(starts)
    with frozen_at(starts + timedelta(hours=2)):
        admin = strict.gym.api_for(strict.gym.user("admin"))
        admin.patch(f"/scheduling/sessions/{booked['id']}", {"status": "no_show"})
        assert admin.get(f"/passes/{held['id']}")["remaining"] == 4


def test_what_the_gym_cancels_by_itself_is_never_late(strict: Desk) -> None:
    held = strict.grant(PACK)
    strict.book(utc_now().replace(microsecond=0) + timedelta(hours=2))
    strict.admin.post("/privacy/erase", {"userId": strict.coach}, expect=202)
    run_jobs(strict.gym)
    assert strict.shown(held["id"])["remaining"] == 5


def test_what_ends_first_pays_and_a_membership_before_it(strict: Desk) -> None:
    later = strict.grant(PACK, validDays=90)
    sooner = strict.grant(PACK, validDays=60)
    strict.book(strict.at(9))
    member = strict.grant(MEMBERSHIP, periodMonths=3)
    booked = strict.book(strict.at(10))
    left = [strict.shown(one["id"])["remaining"] for one in (later, sooner)]
    assert left == [5, 4]
    [_, use] = strict.admin.get(f"/passes/{member['id']}/ledger")
    assert use["sessionId"] == booked["id"]


def test_an_allowance_counts_by_the_week_of_the_session(strict: Desk) -> None:
    terms = {**MEMBERSHIP, "periodMonths": 3}
    strict.grant(terms, allowance=2, allowancePer="week")
    first = strict.book(strict.at(9))
    strict.book(strict.at(9, day=2))
    assert refused(strict, strict.at(9, day=4)) == ["allowance"]
    strict.book(strict.at(9, day=7))
    strict.cancel(first)
    strict.book(strict.at(9, day=4))


def test_the_refusal_says_why(strict: Desk) -> None:
    ended = strict.grant(PACK, validDays=5)
    blocked = strict.grant(MEMBERSHIP, periodMonths=3)
    strict.act(blocked["id"], "block", {"reason": "Invoice overdue"})
    assert refused(strict, strict.at(9)) == ["blocked", "expired"]
    strict.act(ended["id"], "revoke")
    assert refused(strict, strict.at(9)) == ["blocked"]


def test_a_pass_pays_for_its_holder_only(strict: Desk) -> None:
    strict.grant(PACK, validDays=60)
    other = strict.another()
    assert refused(strict, strict.at(9), by="admin", clientId=other) == []


def test_while_passes_is_off_nobody_is_asked(strict: Desk) -> None:
    held = strict.grant(PACK, validDays=60)
    booked = strict.book(strict.at(9))
    strict.admin.patch("/admin/plugins/passes", {"enabled": False})
    strict.book(strict.at(10), by="client")
    strict.cancel(booked)
    strict.admin.patch("/admin/plugins/passes", {"enabled": True})
    assert strict.shown(held["id"])["remaining"] == 4


def test_an_overlap_costs_nothing(strict: Desk) -> None:
    held = strict.grant(PACK, validDays=60)
    strict.book(strict.at(9))
    strict.gym.api("client").fail(
        "POST",
        "/scheduling/sessions",
        json=strict.wish(strict.at(9.5)),
        expect=409,
        code="SESS_OVERLAP",
    )
    assert strict.shown(held["id"])["remaining"] == 4


def test_a_code_pays_for_a_session_once(desk: Desk) -> None:
    booked = desk.book(desk.at(9))
    code = desk.code(uses=3)
    taken = desk.redeem(code, sessionId=booked["id"])
    assert (taken["clientId"], taken["remaining"]) == (desk.client, 2)
    desk.refused(code, "PASS_SESSION_COVERED", expect=409, sessionId=booked["id"])
    assert desk.shown(taken["id"])["remaining"] == 2
    desk.cancel(booked)
    assert desk.shown(taken["id"])["remaining"] == 3
    desk.refused(code, "PASS_SESSION_UNFIT", expect=422, sessionId=booked["id"])
    unknown = "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6b99"
    desk.refused(code, "PASS_SESSION_UNKNOWN", expect=404, sessionId=unknown)


def test_a_code_does_not_pay_for_another_clients_session(desk: Desk) -> None:
    other = desk.another()
    theirs = desk.book(desk.at(9), clientId=other)
    code = desk.code(uses=3)
    desk.refused(code, "FORBIDDEN", expect=403, sessionId=theirs["id"])
    desk.redeem(code)
    desk.refused(
        code, "PASS_SESSION_UNFIT", expect=422, by="admin", sessionId=theirs["id"]
    )


def test_redeeming_and_booking_cost_a_fixed_number_of_statements(
    strict: Desk, count_queries: Callable[[], QueryCount]
) -> None:
    held = strict.grant(PACK, validDays=60)
    strict.redeem(held["code"])
    with count_queries() as redeeming:
        strict.redeem(held["code"])
    strict.book(strict.at(9), by="client")
    with count_queries() as booking:
        strict.book(strict.at(10), by="client")
    assert len(redeeming) == REDEEMING, redeeming.statements
    taken = [one for one in booking.statements if "passes_" in one]
    assert len(taken) == TAKING, booking.statements


REDEEMING = 6
TAKING = 3
