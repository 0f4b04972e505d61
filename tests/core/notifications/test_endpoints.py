"""The notification routes: the list, sending again, samples."""

from datetime import timedelta
from uuid import UUID

import pytest

from core.clock import frozen_at, utc_now
from core.ids import new_id
from core.jobs.runner import Outcome
from core.notifications.service import send_mail
from core.testing.kit import TestGym
from tests.core.notifications.conftest import LINK, Post
from tests.core.notifications.mailserver import MailServer


@pytest.fixture
def three(post: Post, server: MailServer) -> list[UUID]:
    """One sent, one failed, one waiting; a second apart."""
    made = []
    start = utc_now() - timedelta(minutes=5)
    for number, template in enumerate(["auth.verify", "auth.reset", "auth.verify"]):
        with post.gym.unit(), frozen_at(start + timedelta(seconds=number)):
            made.append(
                send_mail(
                    template=template, variables=LINK, to_address="mia@example.com"
                )
            )
    assert post.run(made[0]) is Outcome.DONE
    server.replies.append("554 no")
    assert post.run(made[1]) is Outcome.DONE
    return made


def test_staff_sees_what_was_sent_without_addresses(
    gym: TestGym, three: list[UUID]
) -> None:
    rows = gym.api("team").get("/notifications")
    assert [row["id"] for row in rows] == [str(one) for one in reversed(three)]
    assert [row["status"] for row in rows] == ["pending", "failed", "sent"]
    assert rows[1]["to"] == "m***@example.com"
    assert rows[1]["lastError"] == "The mail server: 554 no"
    assert rows[2]["sentAt"].endswith("Z")
    assert "mia" not in str(rows)
    assert "s3cret" not in str(rows)
    for role in ("coach", "client", "partner"):
        gym.api(role).fail("GET", "/notifications", expect=403, code="FORBIDDEN")


def test_they_are_filtered_sorted_and_paged(gym: TestGym, three: list[UUID]) -> None:
    admin = gym.api("admin")

    def ids(**query: object) -> list[str]:
        return [row["id"] for row in admin.get("/notifications", query=query)]

    first, second, third = map(str, three)
    assert ids(status="failed") == [second]
    assert ids(template="auth.verify", sort="createdAt") == [first, third]
    assert ids(limit=1, page=2) == [second]
    answer = admin.raw("GET", "/notifications", query={"limit": 1, "sort": "template"})
    assert answer.get_json()["meta"]["pagination"]["total"] == 3
    for query in ({"status": "no"}, {"sort": "toAddress"}):
        admin.fail(
            "GET", "/notifications", query=query, expect=400, code="VALIDATION_ERROR"
        )
    stray = {"cursor": "x.y"}
    admin.fail("GET", "/notifications", query=stray, expect=422, code="UNPROCESSABLE")


@pytest.mark.parametrize("sort", ["createdAt", "createdAt:desc"])
def test_a_cursor_reads_on(gym: TestGym, three: list[UUID], sort: str) -> None:
    seen: list[str] = []
    query: dict[str, object] = {"limit": 1, "sort": sort}
    while True:
        answer = gym.api("admin").raw("GET", "/notifications", query=query).get_json()
        seen += [row["id"] for row in answer["data"]]
        following = answer["meta"]["pagination"].get("nextCursor")
        if following is None:
            break
        query = {"limit": 1, "cursor": following}
    ordered = [str(one) for one in three]
    assert seen == (ordered if sort == "createdAt" else ordered[::-1])


def test_what_failed_is_sent_again(
    post: Post, gym: TestGym, three: list[UUID], server: MailServer
) -> None:
    sent, failed, waiting = three
    team = gym.api("team")
    again = team.post(f"/notifications/{failed}/resend", expect=200)
    assert again["status"] == "pending"
    assert post.run(failed) is Outcome.DONE
    assert len(server.wire) == 2
    for one in (sent, waiting):
        team.fail(
            "POST",
            f"/notifications/{one}/resend",
            expect=409,
            code="NOTIFICATION_NOT_RESENDABLE",
        )
    path = f"/notifications/{new_id()}/resend"
    team.fail("POST", path, expect=404, code="NOTIFICATION_NOT_FOUND")
    gym.api("coach").fail("POST", path, expect=403, code="FORBIDDEN")


def test_another_gym_sees_and_sends_nothing(
    gym: TestGym, other_gym: TestGym, three: list[UUID]
) -> None:
    assert gym.id != other_gym.id
    admin = other_gym.api("admin")
    assert admin.get("/notifications") == []
    path = f"/notifications/{three[1]}/resend"
    admin.fail("POST", path, expect=404, code="NOTIFICATION_NOT_FOUND")


def test_a_sample_goes_to_the_caller_or_where_told(
    post: Post, gym: TestGym, server: MailServer
) -> None:
    admin = gym.api("admin")
    own = admin.post("/notifications/test", {"template": "auth.invite"})
    assert own["to"] == f"a***@{gym.slug}.example"
    body = {"template": "auth.reset", "to": "proof@example.com", "locale": "de"}
    other = admin.post("/notifications/test", body)
    assert other["userId"] is None
    for one in (own, other):
        assert post.run(UUID(one["id"])) is Outcome.DONE
    first, second = server.messages
    assert str(first["To"]) == f"Ada Admin <admin@{gym.slug}.example>"
    assert second["Content-Language"] == "de"
    actions = admin.get("/audits", query={"action": "notification.sample"})
    assert {entry["entityId"] for entry in actions} == {own["id"], other["id"]}


def test_samples_that_cannot_be(gym: TestGym, post: Post) -> None:
    assert post.gym is gym
    admin = gym.api("admin")
    path = "/notifications/test"
    admin.fail(
        "POST",
        path,
        json={"template": "auth.nothing"},
        expect=422,
        code="NOTIFICATION_TEMPLATE_UNKNOWN",
    )
    for wrong in ({"to": "nobody"}, {"locale": "x"}, {"more": 1}):
        body = {"template": "auth.verify", **wrong}
        admin.fail("POST", path, json=body, expect=400, code="VALIDATION_ERROR")
    body = {"template": "auth.verify"}
    gym.api("coach").fail("POST", path, json=body, expect=403, code="FORBIDDEN")
