"""Handing gifts over: from a session to the mailbox, once, or visibly never."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.app import Installation
from core.sdk.base import Conflict
from core.sdk.jobs import enqueue
from core.testing.kit import TestGym
from core.testing.mail import MailServer, captured_mail
from plugins.milestones.service import dispatch as dispatch_service
from plugins.milestones.service.dispatch import WEBHOOK, hand_over
from tests.plugins.milestones.hall import MESSAGE, PATH, Hall

GIFTS = f"{PATH}/gifts"
BY_MAIL = {**MESSAGE, "channels": ["email", "inbox"]}
PASS = {"kind": "pass", "uses": 2, "expiresInDays": 30, "channels": ["email"]}


@pytest.fixture
def mail(installation: Installation) -> Iterator[MailServer]:
    with captured_mail(installation) as server:
        yield server


def text_of(message: Any) -> str:
    text: str = message.get_body(("plain",)).get_content()
    return text


def dispatch(hall: Hall, *gift_ids: str) -> dict[str, Any]:
    body = {"giftIds": list(gift_ids)} if gift_ids else {}
    found: dict[str, Any] = hall.admin.post(f"{GIFTS}/dispatch", body, expect=200)
    return found


def test_completing_sessions_triggers_the_gift(hall: Hall, mail: MailServer) -> None:
    """The whole way: sessions, events, jobs, a mail server, the client's mailbox."""
    hall.milestone(3, gift=BY_MAIL)
    address = hall.gym.email("client")
    hall.train(2)
    hall.work()
    assert mail.to(address) == []
    hall.train()
    hall.work()
    [got] = mail.to(address)
    assert got["Subject"] == "A gift for you: 3 sessions"
    text = text_of(got)
    assert text.startswith("Hello Client Person,")
    assert MESSAGE["text"] in text
    assert got["List-Unsubscribe"]
    [gift] = hall.gifts()
    assert (gift["status"], gift["failure"]) == ("sent", None)
    assert gift["settledAt"] is not None
    titles = {one["title"] for one in hall.inbox()}
    assert titles == {"A gift for you: 3 sessions", "Milestone reached: 3 sessions"}
    hall.train(2)
    hall.work()
    assert len(mail.to(address)) == len(hall.gifts()) == 1


def test_a_milestone_without_gift_is_told_by_mail(hall: Hall, mail: MailServer) -> None:
    hall.milestone(1, repeatEvery=1)
    client = hall.gym.api("client")
    client.put("/users/me", {"locale": "de"})
    hall.count(2)
    hall.work()
    texts = [text_of(one) for one in mail.to(hall.gym.email("client"))]
    assert len(texts) == 2
    assert all("einen Meilenstein erreicht" in text for text in texts)
    assert sum("zum 2. Mal" in text for text in texts) == 1


def test_gifts_wait_where_nobody_wants_them_to_go_by_themselves(
    hall: Hall, mail: MailServer
) -> None:
    hall.set_auto(on=False)
    hall.milestone(1, gift=BY_MAIL, repeatEvery=1)
    hall.count(3)
    hall.work()
    assert len(hall.gifts(status="pending")) == 3
    assert mail.messages == []
    one = hall.gifts()[0]["id"]
    assert dispatch(hall, one) == {"queued": 1, "left": 0}
    hall.work()
    assert [gift["id"] for gift in hall.gifts(status="sent")] == [one]
    assert dispatch(hall) == {"queued": 2, "left": 0}
    assert dispatch(hall) == {"queued": 2, "left": 0}
    hall.work()
    assert len(hall.gifts(status="sent")) == len(mail.messages) == 3
    assert dispatch(hall) == {"queued": 0, "left": 0}
    hall.admin.fail(
        "POST",
        f"{GIFTS}/dispatch",
        json={"giftIds": [one]},
        expect=409,
        code="GIFT_SETTLED",
    )


def test_one_unknown_gift_and_none_is_handed_over(hall: Hall) -> None:
    hall.set_auto(on=False)
    hall.milestone(1, gift=MESSAGE)
    hall.count()
    hall.work()
    [gift] = hall.gifts()
    hall.admin.fail(
        "POST",
        f"{GIFTS}/dispatch",
        json={"giftIds": [gift["id"], str(uuid4())]},
        expect=404,
        code="NOT_FOUND",
    )
    assert hall.work() == []


def test_a_job_that_comes_again_hands_nothing_over_twice(
    hall: Hall, mail: MailServer
) -> None:
    hall.milestone(1, gift=BY_MAIL)
    hall.count()
    hall.work()
    [gift] = hall.gifts(status="sent")
    with hall.gym.unit():
        for _again in range(3):
            enqueue("milestones.dispatch_gift", args={"gift_id": UUID(gift["id"])})
        enqueue("milestones.dispatch_gift", args={"gift_id": uuid4()})
    hall.work()
    assert len(mail.to(hall.gym.email("client"))) == 1


def test_a_note_goes_with_the_gift(hall: Hall, mail: MailServer) -> None:
    made = hall.milestone(9, gift=BY_MAIL)
    wish = {"clientId": hall.client, "definitionId": made["id"], "note": "For Ava."}
    hall.admin.post(GIFTS, wish)
    hall.work()
    [got] = mail.to(hall.gym.email("client"))
    assert "For Ava." in text_of(got)
    assert "For Ava." in str(got.get_body(("html",)))


def test_whom_no_channel_reaches_is_seen_and_can_be_tried_again(hall: Hall) -> None:
    hall.milestone(1, gift={**MESSAGE, "channels": ["inbox"]})
    client = hall.gym.api("client")
    client.put("/me/notification-preferences", off("milestones"))
    hall.count()
    hall.work()
    [gift] = hall.gifts(status="failed")
    assert (gift["failure"], gift["settledAt"]) == ("NOT_REACHABLE", None)
    assert dispatch(hall) == {"queued": 0, "left": 0}
    client.put("/me/notification-preferences", off("milestones", wanted=True))
    dispatch(hall, gift["id"])
    hall.work()
    [gift] = hall.gifts(status="sent")
    assert gift["failure"] is None
    assert len(hall.inbox()) == 1


def off(topic: str, *, wanted: bool = False) -> dict[str, Any]:
    """What sets all channels of a topic."""
    return {
        "choices": [
            {"topic": topic, "channel": channel, "wanted": wanted}
            for channel in ("email", "sms", "inbox")
        ]
    }


def test_another_system_is_told(hall: Hall) -> None:
    made = hall.admin.post(
        "/admin/webhooks",
        {"url": "https://hooks.example.com/in", "types": [WEBHOOK]},
    )
    deliveries = f"/admin/webhooks/{made['endpoint']['id']}/deliveries"
    hall.set_auto(on=False)
    hall.milestone(1, gift={**MESSAGE, "channels": ["webhook"]})
    hall.count()
    hall.work()
    assert hall.admin.get(deliveries) == []
    [gift] = hall.gifts()
    dispatch(hall, gift["id"])
    with hall.gym.unit():
        hand_over(UUID(gift["id"]))
        hand_over(UUID(gift["id"]))
    [delivery] = hall.admin.get(deliveries)
    assert delivery["type"] == WEBHOOK
    assert len(hall.gifts(status="sent")) == 1


def test_what_was_half_done_is_taken_back(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object, **_named: object) -> int:
        raise Conflict

    monkeypatch.setattr(dispatch_service, "send", refuse)
    hall.milestone(1, gift={**MESSAGE, "channels": ["inbox", "webhook"]})
    hall.count()
    hall.work()
    [gift] = hall.gifts()
    assert (gift["status"], gift["failure"]) == ("failed", "CONFLICT")
    assert [one["title"] for one in hall.inbox()] == ["Milestone reached: 1 sessions"]
    monkeypatch.undo()
    dispatch(hall, gift["id"])
    hall.work()
    assert len(hall.gifts(status="sent")) == 1
    assert len(hall.inbox()) == 2


def test_a_webhook_nobody_takes_is_a_failure(hall: Hall) -> None:
    hall.milestone(1, gift={**MESSAGE, "channels": ["webhook"]})
    hall.count()
    hall.work()
    [gift] = hall.gifts()
    assert (gift["status"], gift["failure"]) == ("failed", "NO_RECEIVER")


def test_a_pass_is_granted_and_its_code_is_in_the_mail_alone(
    hall: Hall, mail: MailServer, other_gym: TestGym
) -> None:
    hall.milestone(1, gift=PASS)
    hall.count()
    hall.work()
    [gift] = hall.gifts()
    assert (gift["status"], gift["failure"]) == ("sent", None)
    [held] = hall.admin.get("/passes", query={"clientId": hall.client})
    assert held["id"] == gift["passId"]
    assert held["remaining"] == PASS["uses"]
    [got] = mail.to(hall.gym.email("client"))
    text = text_of(got)
    code = next(line for line in text.splitlines() if line.count("-") >= 3)
    assert "Your pass for 2 sessions, good for 30 days:" in text
    assert code not in str(hall.gifts())
    client = hall.gym.api("client")
    redeemed = client.post("/passes/redeem", {"code": code})
    assert redeemed["remaining"] == 1
    assert other_gym.api("admin").get("/passes") == []


def test_without_passes_the_gift_fails_and_says_why(
    hall: Hall, mail: MailServer
) -> None:
    hall.switch("passes", on=False)
    hall.milestone(1, gift=PASS)
    hall.count()
    hall.work()
    [gift] = hall.gifts()
    assert (gift["status"], gift["failure"]) == ("failed", "PASSES_OFF")
    assert mail.messages == []
    hall.switch("passes", on=True)
    dispatch(hall, gift["id"])
    hall.work()
    assert len(hall.gifts(status="sent")) == len(mail.messages) == 1
