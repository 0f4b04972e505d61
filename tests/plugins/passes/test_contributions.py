"""What passes gives to other features, and what it tells them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID

import pytest

from core.clock import frozen_at, utc_now
from core.jobs.events import public_name
from core.sdk.base import NotFound, hooks, new_id
from core.sdk.jobs import enqueue
from core.sdk.users import create_user
from core.testing.background import run_jobs
from core.testing.emitted import Emitted
from core.testing.mail import MailServer
from plugins.passes import jobs
from plugins.passes.hooks import GiftPass, PassExpired, PassGranted, PassRedeemed
from plugins.passes.plugin import plugin
from plugins.passes.service import expiry
from tests.plugins.passes.desk import MEMBERSHIP, PACK, Desk, unbalanced

Events = Callable[[], AbstractContextManager[Emitted]]


def test_a_grant_is_told_and_written_to_the_client(
    desk: Desk, events: Events, mailbox: MailServer
) -> None:
    with events() as seen:
        held = desk.grant(PACK)
    [told] = seen.of(PassGranted)
    assert (told.pass_id, told.client_id) == (UUID(held["id"]), UUID(desk.client))
    assert (told.kind, told.uses) == ("pack", 5)
    run_jobs(desk.gym)
    [letter] = mailbox.to(desk.gym.email("client"))
    assert letter["Subject"] == "Five sessions at Test Gym"
    body = letter.get_body(("plain",))
    assert body is not None
    assert held["code"] in body.get_content()
    assert "Uses: 5" in body.get_content()


def test_codes_for_a_client_come_in_one_letter(desk: Desk, mailbox: MailServer) -> None:
    codes = desk.codes(3, clientId=desk.client, kind="gift")["codes"]
    run_jobs(desk.gym)
    [letter] = mailbox.to(desk.gym.email("client"))
    body = letter.get_body(("html",))
    assert body is not None
    assert all(code in body.get_content() for code in codes)


def test_codes_for_anybody_are_written_to_nobody(
    desk: Desk, mailbox: MailServer, events: Events
) -> None:
    with events() as seen:
        desk.codes(3)
    run_jobs(desk.gym)
    assert (seen.all, mailbox.messages) == ([], [])


def test_each_use_is_told(desk: Desk, events: Events) -> None:
    desk.demand()
    held = desk.grant(PACK, validDays=60)
    with events() as seen:
        desk.redeem(held["code"])
        booked = desk.book(desk.at(9))
        desk.refused("0", "PASS_NOT_FOUND", expect=404)
    told = [(one.session_id, one.remaining) for one in seen.of(PassRedeemed)]
    assert told == [(None, 4), (UUID(booked["id"]), 3)]


def test_the_nightly_job_tells_holders_and_goes_on_until_it_is_done(
    desk: Desk, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 2)
    held = desk.grant(PACK)
    desk.codes(5)
    run_jobs(desk.gym)
    with frozen_at(utc_now() + timedelta(days=40)):
        with desk.gym.unit():
            enqueue(jobs.expire_due)
        with events() as seen:
            ran = [kind for kind, _outcome in run_jobs(desk.gym)]
        admin = desk.gym.api_for(desk.gym.user("admin"))
        assert len(admin.get("/passes", query={"status": "expired"})) == 6
    assert ran.count("passes.expire_due") == 4
    assert seen.of(PassExpired) == [
        PassExpired(pass_id=UUID(held["id"]), client_id=UUID(desk.client))
    ]
    assert unbalanced(desk.gym) == []


def test_other_plugins_give_passes_away(desk: Desk, mailbox: MailServer) -> None:
    with desk.gym.unit():
        gift = hooks().grant_gift_pass(
            client_id=UUID(desk.client),
            uses=2,
            expires_in_days=10,
            reason="A hundred workouts",
        )
    assert isinstance(gift, GiftPass)
    assert gift.code not in repr(gift)
    run_jobs(desk.gym)
    assert mailbox.messages == []
    [shown] = desk.gym.api("client").get("/passes")
    assert (shown["kind"], shown["remaining"]) == ("gift", 2)
    assert shown["code"] == gift.code
    [entry] = desk.admin.get(f"/passes/{shown['id']}/ledger")
    assert entry["reason"] == "A hundred workouts"


@pytest.mark.parametrize(
    ("uses", "days", "reason"), [(0, 1, "x"), (1, 0, "x"), (1, 1, " "), (1001, 1, "x")]
)
def test_a_gift_has_bounds(desk: Desk, uses: int, days: int, reason: str) -> None:
    with desk.gym.unit(), pytest.raises(ValueError, match="gift"):
        hooks().grant_gift_pass(
            client_id=UUID(desk.client),
            uses=uses,
            expires_in_days=days,
            reason=reason,
        )


def test_a_gift_needs_a_client(desk: Desk) -> None:
    with desk.gym.unit(), pytest.raises(NotFound):
        hooks().grant_gift_pass(
            client_id=new_id(), uses=1, expires_in_days=1, reason="x"
        )


def test_the_record_shows_open_passes(desk: Desk) -> None:
    held = desk.grant(PACK)
    desk.redeem(desk.code())
    path = f"/members/clients/{desk.client}/record"
    [shown] = desk.gym.api("client").get(path)["parts"]["passes"]
    assert (shown["id"], shown["code"]) == (held["id"], held["code"])
    [seen] = desk.gym.api("coach").get(path)["parts"]["passes"]
    assert (seen["id"], seen["code"]) == (held["id"], None)
    assert "passes" not in desk.gym.api("partner").raw("GET", path).text


def test_the_dashboard_counts_what_is_held(desk: Desk) -> None:
    desk.grant(MEMBERSHIP)
    desk.codes(3)
    with desk.gym.unit("admin"):
        [tile] = plugin.dashboard_tiles()
    assert (tile["id"], tile["value"]) == ("passes.active", 1)


def test_an_erased_persons_passes_are_revoked(desk: Desk) -> None:
    held = desk.grant(PACK)
    desk.act(held["id"], "block", {"reason": "Lent it to a friend"})
    desk.act(held["id"], "adjust", {"uses": 1, "reason": "Had a cold"})
    desk.admin.post("/privacy/erase", {"userId": desk.client}, expect=202)
    run_jobs(desk.gym)
    left = desk.shown(held["id"])
    assert (left["status"], left["clientId"]) == ("revoked", None)
    assert left["blockedReason"] is None
    entries = desk.admin.get(f"/passes/{held['id']}/ledger")
    assert [one["reason"] for one in entries] == [None, None]
    desk.refused(held["code"], "PASS_REVOKED", expect=410, by="admin")


def test_the_manifest_lists_exactly_the_public_events() -> None:
    kinds = (PassGranted, PassRedeemed, PassExpired)
    assert sorted(str(public_name(kind)) for kind in kinds) == sorted(
        plugin.manifest.events_emitted
    )


def test_the_demo_is_believable_and_comes_once(desk: Desk) -> None:
    with desk.gym.unit():
        people = [
            create_user(
                email=f"demo{number}@gym.example", name=f"Demo {number}", role="client"
            ).id
            for number in range(12)
        ]
    for _twice in range(2):
        with desk.gym.unit():
            plugin.demo_data(gym=desk.gym.gym, users={"client": people})
    products = desk.admin.get("/passes/products")
    assert len(products) == 4
    held = desk.admin.get("/passes", query={"limit": 100})
    kinds = {one["kind"] for one in held}
    assert {"trial", "pack"} <= kinds
    assert sum(one["kind"] == "trial" for one in held) == 25
    assert 6 <= sum(one["clientId"] is not None for one in held) <= 12
    assert unbalanced(desk.gym) == []
