"""What people see in their inbox, and what they want to hear about."""

from uuid import UUID

import pytest

from core.ids import new_id
from core.jobs.runner import Outcome
from core.notifications import delivery
from core.testing.kit import TestGym
from tests.core.notifications.conftest import LINK, Post, tell
from tests.core.notifications.mailserver import MailServer
from tests.core.notifications.smsserver import SmsServer

NUMBER = "+491701234567"
PREFERENCES = "/me/notification-preferences"


def put_in(post: Post, many: int) -> list[str]:
    """Ids of fresh messages in the client's inbox, the newest first."""
    ids: list[UUID] = []
    for one in range(many):
        words = {"title": f"News {one}", "text": "Text."}
        ids += tell(post, "inbox", variables=words)
    assert [post.run(one) for one in ids] == [Outcome.DONE] * many
    return [str(one) for one in reversed(ids)]


def test_read_and_unread(post: Post) -> None:
    client = post.gym.api("client")
    newest, middle, oldest = put_in(post, 3)
    assert client.get("/me/inbox/count") == {"unread": 3}
    marked = client.patch(f"/me/inbox/{middle}", {"read": True})
    assert marked["readAt"].endswith("Z")
    again = client.patch(f"/me/inbox/{middle}", {"read": True})
    assert again["readAt"] == marked["readAt"]

    def ids(**query: object) -> list[str]:
        return [row["id"] for row in client.get("/me/inbox", query=query)]

    assert ids() == [newest, middle, oldest]
    assert ids(unread="true") == [newest, oldest]
    assert ids(unread="false") == [middle]
    assert client.patch(f"/me/inbox/{middle}", {"read": False})["readAt"] is None
    assert client.post("/me/inbox/read-all", expect=200) == {"unread": 0}
    assert ids(unread="true") == []
    assert client.post("/me/inbox/read-all", expect=200) == {"unread": 0}


def test_it_is_read_by_page_and_on_by_cursor(post: Post) -> None:
    client = post.gym.api("client")
    expected = put_in(post, 5)
    seen: list[str] = []
    query: dict[str, object] = {"limit": 2}
    while True:
        answer = client.raw("GET", "/me/inbox", query=query).get_json()
        seen += [row["id"] for row in answer["data"]]
        following = answer["meta"]["pagination"].get("nextCursor")
        if following is None:
            break
        if "cursor" not in query:
            # What arrives meanwhile shifts nothing.
            put_in(post, 1)
        query = {"limit": 2, "cursor": following}
    assert seen == expected
    stray = {"cursor": "x.y"}
    client.fail("GET", "/me/inbox", query=stray, expect=422, code="UNPROCESSABLE")
    # A cursor of the deliveries is none of the inbox.
    log = post.gym.api("admin").raw("GET", "/notifications", query={"limit": 1})
    cursor = log.get_json()["meta"]["pagination"]["nextCursor"]
    other = {"cursor": cursor}
    client.fail("GET", "/me/inbox", query=other, expect=422, code="UNPROCESSABLE")


def test_an_inbox_is_its_owners_alone(post: Post, other_gym: TestGym) -> None:
    [item] = put_in(post, 1)
    path = f"/me/inbox/{item}"
    for stranger in (post.gym.api("admin"), other_gym.api("client")):
        assert stranger.get("/me/inbox") == []
        assert stranger.get("/me/inbox/count") == {"unread": 0}
        assert stranger.post("/me/inbox/read-all", expect=200) == {"unread": 0}
        body = {"read": True}
        stranger.fail("PATCH", path, json=body, expect=404, code="INBOX_ITEM_NOT_FOUND")
    assert post.gym.api("client").get("/me/inbox/count") == {"unread": 1}
    for method, where in (("GET", "/me/inbox"), ("GET", PREFERENCES)):
        post.gym.api().fail(method, where, expect=401, code="AUTH_REQUIRED")


def choose(post: Post, topic: str, channel: str, *, wanted: bool) -> None:
    choice = {"topic": topic, "channel": channel, "wanted": wanted}
    post.gym.api("client").put(PREFERENCES, {"choices": [choice]})


def test_everything_is_wanted_until_somebody_says_otherwise(post: Post) -> None:
    client = post.gym.api("client")
    shown = {row["topic"]: row for row in client.get(PREFERENCES)}
    assert shown["account"]["mandatory"] is True
    assert shown["news"] == {
        "topic": "news",
        "title": "News from the gym",
        "mandatory": False,
        "defaultChannels": ["email", "inbox"],
        "channels": {"email": True, "sms": True, "inbox": True},
    }
    choose(post, "news", "email", wanted=False)
    choose(post, "news", "email", wanted=False)
    rows = {row["topic"]: row["channels"] for row in client.get(PREFERENCES)}
    assert rows["news"] == {"email": False, "sms": True, "inbox": True}
    # Others are not touched by it.
    others = post.gym.api("coach").get(PREFERENCES)
    assert all(all(row["channels"].values()) for row in others)
    assert [post.delivery(one).channel for one in tell(post)] == ["inbox"]
    choose(post, "news", "email", wanted=True)
    assert len(tell(post)) == 2
    entries = post.gym.api("admin").get(
        "/audits", query={"entity": "notification_preference"}
    )
    assert [entry["action"] for entry in entries] == [
        "notification_preference.update",
        "notification_preference.create",
    ]


def test_an_opt_out_counts_for_what_waits(
    post: Post, server: MailServer, phones: SmsServer
) -> None:
    post.phone("client", NUMBER)
    waiting = tell(post, "email", "sms", "inbox")
    for channel in ("email", "sms", "inbox"):
        choose(post, "news", channel, wanted=False)
    assert [post.run(one) for one in waiting] == [Outcome.DONE] * 3
    rows = [post.delivery(one) for one in waiting]
    assert {(row.status, row.last_error, row.sealed) for row in rows} == {
        ("canceled", delivery.OPTED_OUT, None)
    }
    assert (server.wire, phones.got, post.inbox_of("client")) == ([], [], [])
    for one in waiting:
        post.gym.api("admin").fail(
            "POST",
            f"/notifications/{one}/resend",
            expect=409,
            code="NOTIFICATION_NOT_RESENDABLE",
        )


def test_nobody_opts_out_of_what_keeps_an_account_safe(
    post: Post, server: MailServer
) -> None:
    choice = {"topic": "account", "channel": "email", "wanted": False}
    post.gym.api("client").fail(
        "PUT",
        PREFERENCES,
        json={"choices": [choice]},
        expect=422,
        code="NOTIFICATION_TOPIC_MANDATORY",
    )
    [sent] = tell(
        post, "email", topic="account", template="auth.verify", variables=LINK
    )
    assert post.run(sent) is Outcome.DONE
    assert server.messages[0]["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    ("choice", "status", "code"),
    [
        ({"topic": "x"}, 422, "NOTIFICATION_TOPIC_UNKNOWN"),
        ({"channel": "pigeon"}, 400, "VALIDATION_ERROR"),
        ({"wanted": "no"}, 400, "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_wanted(
    gym: TestGym, choice: dict[str, object], status: int, code: str
) -> None:
    given = {"topic": "news", "channel": "sms", "wanted": True, **choice}
    body = {"choices": [given]}
    gym.api("client").fail("PUT", PREFERENCES, json=body, expect=status, code=code)
    path = f"/me/inbox/{new_id()}"
    gym.api("client").fail(
        "PATCH", path, json={"read": 1}, expect=400, code="VALIDATION_ERROR"
    )
