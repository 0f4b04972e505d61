"""``notify``: by every channel that fits, and none that does not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.db.unit import session
from core.db.writes import update_where
from core.ids import new_id
from core.integrations import sms
from core.integrations.sms import with_number
from core.jobs.runner import Outcome
from core.notifications import apprise_way, delivery, service
from core.notifications.apprise_way import AppriseTransport
from core.notifications.errors import (
    ChannelUnknown,
    Deferred,
    NotResendable,
    RecipientUnknown,
    Refused,
    TemplateDefect,
    TopicUnknown,
)
from core.notifications.jobs import deliver
from core.notifications.models import Delivery
from core.notifications.office import PostOffice
from core.notifications.service import resend
from core.notifications.templates import MAX_SMS, Rendered
from core.outbound.addresses import networks
from core.outbound.guard import Guard
from core.testing.kit import TestGym
from tests.core.notifications.conftest import Post, tell
from tests.core.notifications.mailserver import MailServer, mail_server
from tests.core.notifications.smsserver import SmsServer, sms_server

NUMBER = "+491701234567"
TITLE = "Open day – Test Gym"  # noqa: RUF001 — as the template has it
ALL = ("email", "sms", "inbox")


def by_channel(post: Post, ids: Sequence[UUID]) -> dict[str, Delivery]:
    rows = [post.delivery(one) for one in ids]
    return {row.channel: row for row in rows}


def test_one_message_by_three_ways(
    post: Post, server: MailServer, phones: SmsServer
) -> None:
    post.phone("client", NUMBER)
    sent = tell(post, *ALL)
    assert [post.run(one) for one in sent] == [Outcome.DONE] * 3
    rows = by_channel(post, sent)
    assert {name: row.status for name, row in rows.items()} == dict.fromkeys(
        ALL, "sent"
    )
    assert {row.topic for row in rows.values()} == {"news"}
    assert all(row.sealed is None for row in rows.values())
    [mail] = server.messages
    assert mail["Subject"] == TITLE
    [(path, body)] = phones.got
    assert path == f"/sms/{NUMBER}"
    assert body["message"] == "Test Gym: Bring a friend."
    [item] = post.inbox_of("client")
    assert item["title"] == TITLE
    assert "Bring a friend." in item["body"]
    assert item["id"] == str(rows["inbox"].id)
    shown = post.gym.api("team").get("/notifications")
    assert {row["to"] for row in shown} == {
        f"c***@{post.gym.slug}.example",
        "***67",
        "inbox",
    }
    assert NUMBER not in str(shown)


def test_the_topic_chooses_unless_asked_otherwise(post: Post) -> None:
    post.phone("client", NUMBER)
    assert {*by_channel(post, tell(post))} == {"email", "inbox"}
    assert {*by_channel(post, tell(post, "sms", "sms"))} == {"sms"}


@pytest.mark.parametrize("verified", [None, False])
def test_no_number_that_is_theirs_no_text_message(
    post: Post,
    verified: bool | None,  # noqa: FBT001 — a parameter of the test
) -> None:
    if verified is not None:
        post.phone("client", NUMBER, verified=verified)
    assert {*by_channel(post, tell(post, *ALL))} == {"email", "inbox"}


def test_no_service_no_text_message(post: Post, office: PostOffice) -> None:
    post.phone("client", NUMBER)
    waiting = tell(post, "sms")
    bare = replace(office, sms_url=None)
    post.gym.installation.services.put(PostOffice, bare)
    assert tell(post, "sms") == []
    # Taken away while a message waits, it is a visible failure.
    assert post.run(waiting[0]) is Outcome.DONE
    row = post.delivery(waiting[0])
    assert (row.status, row.last_error) == (
        "failed",
        "No service for text messages is set up.",
    )


def test_what_cannot_be_told(post: Post) -> None:
    for changes, error in (
        ({"user_id": new_id()}, RecipientUnknown),
        ({"topic": "gossip"}, TopicUnknown),
        ({"channels": ["pigeon"]}, ChannelUnknown),
        ({"variables": {}}, TemplateDefect),
    ):
        with pytest.raises(error):
            tell(post, **changes)


def test_nobody_is_told_anything_in_another_gym(post: Post, other_gym: TestGym) -> None:
    with pytest.raises(RecipientUnknown):
        tell(post, user_id=other_gym.user("client"))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "failed"), (410, "failed"), (404, "failed"), (429, "pending"),
     (401, "pending"), (500, "pending"), (503, "pending")],
)  # fmt: skip
def test_the_services_status_decides(
    post: Post, phones: SmsServer, status: int, kind: str
) -> None:
    post.phone("client", NUMBER)
    [sent] = tell(post, "sms")
    phones.replies.append(status)
    post.run(sent)
    row = post.delivery(sent)
    assert (row.status, row.last_error) == (
        kind,
        f"The text message service: {status}.",
    )
    assert phones.got == []


def test_a_text_message_is_tried_again_and_resent(
    post: Post, phones: SmsServer
) -> None:
    post.phone("client", NUMBER)
    [sent] = tell(post, "sms")
    phones.replies.extend([503, 503])
    assert post.run(sent) is Outcome.FAILED
    assert post.run(sent, attempts=deliver.max_attempts - 1) is Outcome.DONE
    assert post.delivery(sent).status == "failed"
    with post.gym.unit("admin"):
        resend(sent)
    assert post.run(sent) is Outcome.DONE
    assert post.delivery(sent).status == "sent"
    assert phones.texts == ["Test Gym: Bring a friend."]
    with post.gym.unit("admin"), pytest.raises(NotResendable):
        resend(sent)


def test_what_apprise_says_stays_with_us(
    phones: SmsServer, capfd: pytest.CaptureFixture[str], caplog: Any
) -> None:
    phones.replies.append(500)
    with pytest.raises(Deferred, match=r"service: 500\.$"):
        AppriseTransport([f"{phones.url}/{{to}}"]).send(NUMBER, "Hello")
    # Twilio's log names the number; the address is one that it cannot have.
    with pytest.raises(Deferred, match="address is not valid"):
        AppriseTransport(["twilio://nothing"]).send(NUMBER, "Hello")
    with pytest.raises(Deferred, match="not take it"):
        AppriseTransport(["json://127.0.0.1:1/{to}"]).send(NUMBER, "Hello")
    said = "".join(capfd.readouterr()) + caplog.text
    assert "4567" not in said
    assert "127.0.0.1" not in said


def test_services_are_tried_in_order(phones: SmsServer) -> None:
    with sms_server() as first:
        first.replies.append(503)
        ways = [f"{first.url}/{{to}}", f"{phones.url}/{{to}}"]
        AppriseTransport(ways).send(NUMBER, "Hello")
        assert (first.texts, phones.texts) == ([], ["Hello"])
        # For good only where none may take it later.
        first.replies.append(503)
        phones.replies.append(400)
        with pytest.raises(Deferred):
            AppriseTransport(ways).send(NUMBER, "Hello")
        first.replies.append(410)
        phones.replies.append(400)
        with pytest.raises(Refused, match="400"):
            AppriseTransport(ways).send(NUMBER, "Hello")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("json://a.example/{to}?x=1", "json://a.example/%2B491701234567?x=1"),
        ("json://a.example/?:to={to}", "json://a.example/?:to=%2B491701234567"),
        ("twilio://s:t@+15550100", "twilio://s:t@+15550100/%2B491701234567"),
        (
            "twilio://s:t@+15550100/?rto=9",
            "twilio://s:t@+15550100/%2B491701234567?rto=9",
        ),
    ],
)
def test_where_the_number_goes(url: str, expected: str) -> None:
    assert with_number(url, NUMBER) == expected


def test_twilio_reads_the_number_that_was_appended() -> None:
    url = f"twilio://AC{'a' * 32}:{'b' * 32}@+15550100200"
    service_ = apprise_way._service(with_number(url, NUMBER))  # noqa: SLF001
    assert service_ is not None
    assert NUMBER in str(service_.targets)


def test_the_number_may_be_a_field(phones: SmsServer) -> None:
    AppriseTransport([f"{phones.url}/?:to={{to}}"]).send(NUMBER, "Hello")
    [(_path, body)] = phones.got
    assert body["to"] == NUMBER


def test_a_text_message_is_short() -> None:
    long = Rendered("S", "word " * 200, "<p>")
    assert len(long.short) <= MAX_SMS
    assert long.short.endswith("word…")
    assert Rendered("S", "text\n", "<p>", sms="short ").short == "short"
    assert Rendered("S", "text\n", "<p>").short == "text"


def test_mail_by_the_gyms_own_server(post: Post, server: MailServer) -> None:
    services = post.gym.installation.services
    services.put(Guard, Guard(networks(["127.0.0.1"])))
    with mail_server() as own:
        settings = {"url": own.url, "sender": "Loft <hello@loft.example>"}
        admin = post.gym.api("admin")
        admin.put("/admin/integrations/email", {"settings": settings})
        [sent] = tell(post, "email")
        assert post.run(sent) is Outcome.DONE
        services.put(Guard, Guard())
        [kept] = tell(post, "email")
        assert post.run(kept) is Outcome.FAILED
    assert "public" in (post.delivery(kept).last_error or "")
    assert server.wire == []
    [got] = own.messages
    assert got["From"].addresses[0].addr_spec == "hello@loft.example"
    assert got["Message-ID"] == f"<{sent}@loft.example>"
    assert own.envelopes[0][0] == "hello@loft.example"


def test_text_messages_by_the_gyms_own_service(
    post: Post, phones: SmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Gyms may name services of the world alone; one of this machine stands in here.
    monkeypatch.setattr(sms, "SERVICES", frozenset({"json"}))
    with sms_server() as own:
        settings = {"urls": [own.url], "testTo": NUMBER}
        admin = post.gym.api("admin")
        admin.put("/admin/integrations/sms", {"settings": settings})
        post.phone("client", NUMBER)
        [sent] = tell(post, "sms")
        assert post.run(sent) is Outcome.DONE
    assert phones.got == []
    [(path, body)] = own.got
    assert path == f"/{NUMBER}"
    assert "Bring a friend." in body["message"]


def test_the_inbox_gets_a_message_once(post: Post) -> None:
    [sent] = tell(post, "inbox")
    assert post.run(sent) is Outcome.DONE
    # As after a death between putting it down and noting that.
    with post.gym.unit():
        again = {"status": "pending", "sealed": None}
        update_where(session(), Delivery, Delivery.id == sent, values=again)
    post.run(sent)
    assert len(post.inbox_of("client")) == 1


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    for module in (service, delivery):
        monkeypatch.setattr(module, "utc_now", lambda: moment)


NIGHT = datetime.fromisoformat("2026-12-01T23:30:00Z")
MORNING = datetime.fromisoformat("2026-12-02T07:00:00Z")


def test_quiet_hours_put_off_what_sounds(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.phone("client", NUMBER)
    post.quiet("22:00", "08:00")
    at(monkeypatch, NIGHT)
    sent = by_channel(post, tell(post, *ALL))
    assert {name: row.due_at for name, row in sent.items()} == {
        "email": None,
        "inbox": None,
        "sms": MORNING,
    }
    assert post.job(sent["sms"].id).run_at == MORNING
    mandatory = by_channel(post, tell(post, "sms", topic="account"))
    assert mandatory["sms"].due_at is None


def test_quiet_hours_that_begin_while_it_waits(
    post: Post, phones: SmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.phone("client", NUMBER)
    [sent] = tell(post, "sms")
    first = post.job(sent).id
    post.quiet("22:00", "08:00")
    at(monkeypatch, NIGHT)
    assert post.run(sent) is Outcome.DONE
    row = post.delivery(sent)
    assert (row.status, row.attempts, row.due_at) == ("pending", 0, MORNING)
    assert phones.got == []
    assert row.job_id != first
    assert post.job(sent).run_at == MORNING
    at(monkeypatch, MORNING)
    assert post.run(sent) is Outcome.DONE
    assert len(phones.got) == 1


def test_what_would_come_too_late_does_not_come(
    post: Post, phones: SmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.phone("client", NUMBER)
    post.quiet("22:00", "08:00")
    at(monkeypatch, NIGHT)
    # Six in the morning lies within the quiet hours, so no text message helps.
    six = MORNING - timedelta(hours=1)
    assert {*by_channel(post, tell(post, *ALL, until=six))} == {"email", "inbox"}
    post.quiet(None, None)
    held_up = tell(post, "sms", until=six)
    refused = tell(post, "sms", until=MORNING + timedelta(hours=1))
    post.quiet("22:00", "08:00")
    assert post.run(held_up[0]) is Outcome.DONE
    at(monkeypatch, MORNING + timedelta(hours=1))
    assert post.run(refused[0]) is Outcome.DONE
    for [one] in (held_up, refused):
        row = post.delivery(one)
        assert (row.status, row.last_error) == ("canceled", delivery.TOO_LATE)
    assert phones.got == []


def test_what_waited_goes_to_where_the_person_is_by_now(
    post: Post, phones: SmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.phone("client", NUMBER)
    post.quiet("22:00", "08:00")
    at(monkeypatch, NIGHT)
    [sent] = tell(post, "sms")
    with post.gym.unit():
        user = post.gym.user("client")
        from core.auth.account_models import UserContact  # noqa: PLC0415

        mine = (UserContact.user_id == user) & (UserContact.type == "phone")
        update_where(session(), UserContact, mine, values={"value": "+4915200000"})
    at(monkeypatch, MORNING)
    assert post.run(sent) is Outcome.DONE
    assert [path for path, _body in phones.got] == ["/sms/+4915200000"]
