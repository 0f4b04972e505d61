"""Packs and memberships: granted, paused, blocked, adjusted, revoked, expired."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from core.clock import frozen_at, utc_now
from plugins.passes.domain.calendar import months_after
from plugins.passes.models import LedgerEntry
from plugins.passes.service import expiry
from tests.plugins.passes.desk import (
    MEMBERSHIP,
    PACK,
    Desk,
    today_in_berlin,
    unbalanced,
)


def day_of(moment: str) -> Any:
    """The last day before a wire moment, in summer and winter."""
    parsed = datetime.fromisoformat(moment)
    return (parsed + timedelta(hours=3)).date()


def settle(desk: Desk) -> None:
    with desk.gym.unit():
        while expiry.settle_due():
            pass


def test_a_pack_counts_its_days_from_purchase_or_from_the_first_use(
    desk: Desk,
) -> None:
    today = today_in_berlin()
    bought = desk.grant(PACK)
    assert day_of(bought["expiresAt"]) == today + timedelta(days=30)
    waits = desk.grant(PACK, validFrom="first_use")
    assert (waits["expiresAt"], waits["validDays"]) == (None, 30)
    used = desk.redeem(waits["code"])
    assert day_of(used["expiresAt"]) == today + timedelta(days=30)
    again = desk.redeem(waits["code"])
    assert (again["expiresAt"], again["remaining"]) == (used["expiresAt"], 3)
    assert unbalanced(desk.gym) == []


def test_a_membership_is_used_without_being_counted_down(desk: Desk) -> None:
    held = desk.grant(MEMBERSHIP)
    assert day_of(held["expiresAt"]) == months_after(today_in_berlin(), 1)
    for _ in range(3):
        assert desk.redeem(held["code"])["remaining"] is None
    assert desk.ledger(held["id"]) == [("grant", 0, None), *[("use", -1, None)] * 3]


def test_an_allowance_ends_with_the_week(desk: Desk) -> None:
    held = desk.grant(MEMBERSHIP, allowance=2, allowancePer="week")
    desk.redeem(held["code"])
    desk.redeem(held["code"])
    desk.refused(held["code"], "PASS_ALLOWANCE_USED", expect=409)
    with frozen_at(utc_now() + timedelta(days=7)):
        desk.gym.api_for(desk.gym.user("client")).post(
            "/passes/redeem", {"code": held["code"]}
        )


def test_what_starts_later_is_not_valid_yet(desk: Desk) -> None:
    ahead = today_in_berlin() + timedelta(days=2)
    held = desk.grant(PACK, startsOn=ahead.isoformat())
    desk.refused(held["code"], "PASS_NOT_STARTED", expect=409)


def test_a_pause_stops_a_pass_and_lengthens_it(desk: Desk) -> None:
    held, today = desk.grant(MEMBERSHIP), today_in_berlin()
    until = today + timedelta(days=6)
    dates = {"from": today.isoformat(), "until": until.isoformat()}
    paused = desk.act(held["id"], "pause", dates)
    assert day_of(paused["expiresAt"]) == day_of(held["expiresAt"]) + timedelta(days=7)
    desk.refused(held["code"], "PASS_PAUSED", expect=409)
    desk.cannot(held["id"], "pause", "PASS_STATE", expect=409, body=dates)
    resumed = desk.act(held["id"], "resume")
    assert (resumed["expiresAt"], resumed["pausedFrom"]) == (held["expiresAt"], None)
    assert desk.redeem(held["code"])["status"] == "active"
    desk.cannot(held["id"], "resume", "PASS_STATE", expect=409)


def test_a_pause_that_began_keeps_the_days_that_passed(desk: Desk) -> None:
    held, today = desk.grant(PACK), today_in_berlin()
    until = today + timedelta(days=9)
    desk.act(
        held["id"], "pause", {"from": today.isoformat(), "until": until.isoformat()}
    )
    with frozen_at(utc_now() + timedelta(days=4)):
        admin = desk.gym.api_for(desk.gym.user("admin"))
        resumed = admin.post(f"/passes/{held['id']}/resume", expect=200)
    assert resumed["pausedUntil"] == (today + timedelta(days=3)).isoformat()
    gained = day_of(resumed["expiresAt"]) - day_of(held["expiresAt"])
    assert gained == timedelta(days=4)


def test_days_that_have_not_begun_cannot_be_paused(desk: Desk) -> None:
    held = desk.grant(PACK, validFrom="first_use")
    today = today_in_berlin().isoformat()
    dates = {"from": today, "until": today}
    desk.cannot(held["id"], "pause", "PASS_STATE", expect=409, body=dates)


def test_a_blocked_pass_is_refused_until_it_is_unblocked(desk: Desk) -> None:
    held = desk.grant(MEMBERSHIP)
    blocked = desk.act(held["id"], "block", {"reason": "Invoice overdue"})
    assert (blocked["blocked"], blocked["blockedReason"]) == (True, "Invoice overdue")
    desk.refused(held["code"], "PASS_BLOCKED", expect=409)
    assert desk.act(held["id"], "unblock")["blockedReason"] is None
    desk.redeem(held["code"])


def test_staff_adjusts_and_the_ledger_says_why(desk: Desk) -> None:
    held = desk.grant(PACK)
    more = desk.act(held["id"], "adjust", {"uses": 2, "reason": "Heating was off"})
    assert more["remaining"] == 7
    desk.act(held["id"], "adjust", {"uses": -7, "reason": "Moved to a membership"})
    assert desk.ledger(held["id"])[1:] == [("adjust", 2, 7), ("adjust", -7, 0)]
    found = desk.gym.api("client").get(f"/passes/{held['id']}/ledger")
    assert [one["reason"] for one in found] == [
        None,
        "Heating was off",
        "Moved to a membership",
    ]
    for uses, why, status in [(-1, "PASS_BALANCE", 422), (10_001, "", 400)]:
        answer = desk.admin.raw(
            "POST",
            f"/passes/{held['id']}/adjust",
            json={"uses": uses, "reason": "No"},
        )
        assert answer.status_code == status
        assert why in answer.get_json()["error"]["code"]
    unlimited = desk.grant(MEMBERSHIP)
    desk.cannot(
        unlimited["id"],
        "adjust",
        "PASS_NOT_COUNTED",
        expect=422,
        body={"uses": 1, "reason": "No"},
    )
    assert unbalanced(desk.gym) == []


def test_the_night_expires_what_is_over_once(desk: Desk) -> None:
    held, code = desk.grant(PACK), desk.codes(expiresInDays=1)
    lasting = desk.grant(MEMBERSHIP, periodMonths=12)
    with frozen_at(utc_now() + timedelta(days=40)):
        settle(desk)
        settle(desk)
        admin = desk.gym.api_for(desk.gym.user("admin"))
        found = admin.get("/passes", query={"status": "expired"})
        assert {one["batchId"] for one in found} == {None, code["batchId"]}
        assert {one["remaining"] for one in found} == {0}
        assert admin.get(f"/passes/{lasting['id']}")["status"] == "active"
        entries = admin.get(f"/passes/{held['id']}/ledger")
        assert [(one["kind"], one["uses"]) for one in entries] == [
            ("grant", 5),
            ("expire", -5),
        ]
    assert unbalanced(desk.gym) == []


def test_a_membership_renews_itself_until_it_shall_not(desk: Desk) -> None:
    held = desk.grant(MEMBERSHIP, renews=True)
    first = datetime.fromisoformat(held["expiresAt"])
    with frozen_at(first + timedelta(days=40)):
        # Valid before the night has seen to it.
        client = desk.gym.api_for(desk.gym.user("client"))
        taken = client.post("/passes/redeem", {"code": held["code"]})
        assert taken["status"] == "active"
        settle(desk)
        admin = desk.gym.api_for(desk.gym.user("admin"))
        now = admin.get(f"/passes/{held['id']}")
        ends = datetime.fromisoformat(now["expiresAt"])
        assert day_of(now["expiresAt"]) == months_after(today_at(held), 3)
        admin.post(f"/passes/{held['id']}/end-renewal", expect=200)
    with frozen_at(ends):
        settle(desk)
        admin = desk.gym.api_for(desk.gym.user("admin"))
        assert admin.get(f"/passes/{held['id']}")["status"] == "expired"


def today_at(held: dict[str, Any]) -> Any:
    return day_of(held["startsAt"])


def test_products_keep_their_terms_and_are_archived(desk: Desk) -> None:
    product = desk.product(PACK)
    path = f"/passes/products/{product['id']}"
    assert desk.admin.patch(path, {"name": "Five"})["name"] == "Five"
    assert desk.admin.raw("PATCH", path, json={"uses": 9}).status_code == 400
    desk.admin.patch(path, {"archived": True})
    assert desk.gym.api("client").get("/passes/products") == []
    [past] = desk.admin.get("/passes/products", query={"archived": "true"})
    assert past["id"] == product["id"]
    wish = {"clientId": desk.client, "productId": product["id"]}
    desk.admin.fail(
        "POST", "/passes/grants", json=wish, expect=422, code="PASS_PRODUCT_UNFIT"
    )
    desk.admin.patch(path, {"archived": False})
    desk.admin.post("/passes/grants", wish)


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "pack", "uses": 5},
        {**PACK, "periodMonths": 1},
        {"kind": "membership"},
        {**MEMBERSHIP, "uses": 3},
        {**MEMBERSHIP, "allowance": 3},
        {**MEMBERSHIP, "allowancePer": "week"},
    ],
)
def test_terms_that_do_not_go_together_are_refused(
    desk: Desk, terms: dict[str, Any]
) -> None:
    answer = desk.admin.raw("POST", "/passes/products", json={**terms, "name": "X"})
    assert answer.status_code == 422


def test_a_change_is_held_to_the_version_that_was_seen(desk: Desk) -> None:
    held = desk.grant(PACK)
    desk.redeem(held["code"])
    answer = desk.admin.raw(
        "POST", f"/passes/{held['id']}/revoke", headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 412
    assert desk.shown(held["id"])["status"] == "active"


def test_clients_do_not_manage_passes(desk: Desk) -> None:
    held = desk.grant(PACK)
    for verb in ("revoke", "unblock", "resume", "end-renewal"):
        desk.gym.api("client").fail(
            "POST", f"/passes/{held['id']}/{verb}", expect=403, code="FORBIDDEN"
        )


def test_the_database_lets_nobody_change_the_ledger(desk: Desk) -> None:
    desk.grant(PACK)
    for statement in (
        "UPDATE passes_ledger SET uses = 9",
        "DELETE FROM passes_ledger",
    ):
        with pytest.raises(DBAPIError, match="permission"), desk.gym.unit() as session:
            session.connection().execute(text(statement))
    with desk.gym.unit() as session:
        assert [one.uses for one in session.scalars(select(LedgerEntry))] == [5]


def test_another_gyms_passes_cannot_be_reached(desk: Desk, other_gym: Any) -> None:
    held = desk.grant(PACK)
    theirs = other_gym.api("admin")
    theirs.fail("GET", f"/passes/{held['id']}", expect=404, code="PASS_NOT_FOUND")
    theirs.fail(
        "POST",
        "/passes/redeem",
        json={"code": held["code"]},
        expect=404,
        code="PASS_NOT_FOUND",
    )
