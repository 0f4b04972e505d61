"""Messages that staff sends later, and calls off."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.clock import as_rfc3339, utc_now
from core.ids import new_id
from core.jobs.models import JobState
from core.jobs.runner import Outcome
from core.notifications import scheduling
from core.testing.kit import TestGym
from tests.core.notifications.conftest import Post, tell
from tests.core.notifications.mailserver import MailServer

PATH = "/notifications/schedule"


def wish(gym: TestGym, **changes: Any) -> dict[str, Any]:
    given = {
        "userIds": [str(gym.user("client"))],
        "template": "notifications.message",
        "variables": {"title": "Open day", "text": "Bring a friend."},
        "at": as_rfc3339(utc_now() + timedelta(days=1)),
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def test_it_waits_for_its_time(post: Post, server: MailServer) -> None:
    team = post.gym.api("team")
    body = wish(post.gym)
    made = team.post(PATH, body)
    assert made["people"] == 1
    rows = {row.channel: row for row in map(post.delivery, map(UUID, made["ids"]))}
    assert {*rows} == {"email", "inbox"}
    assert post.job(rows["email"].id).run_at == rows["email"].due_at
    assert as_rfc3339(rows["email"].due_at) == body["at"]
    assert post.run(rows["email"].id) is Outcome.DONE
    assert len(server.wire) == 1


def test_to_everybody_of_a_role(gym: TestGym, post: Post) -> None:
    assert post.gym is gym
    made = gym.api("admin").post(
        PATH, wish(gym, userIds=None, role="coach", channels=["inbox"])
    )
    assert (made["people"], len(made["ids"])) == (1, 1)
    assert post.delivery(UUID(made["ids"][0])).user_id == gym.user("coach")


def test_the_same_request_twice_is_one(gym: TestGym) -> None:
    admin, body = gym.api("admin"), wish(gym)
    key = {"Idempotency-Key": "open-day"}
    first = admin.post(PATH, body, headers=key)
    assert admin.post(PATH, body, headers=key) == first
    assert len(admin.get("/notifications")) == len(first["ids"])


def test_what_waits_is_called_off(
    post: Post, server: MailServer, other_gym: TestGym
) -> None:
    team = post.gym.api("team")
    one, other = team.post(PATH, wish(post.gym))["ids"]
    path = f"/notifications/{one}"
    other_gym.api("admin").fail(
        "DELETE", path, expect=404, code="NOTIFICATION_NOT_FOUND"
    )
    post.gym.api("coach").fail("DELETE", path, expect=403, code="FORBIDDEN")
    team.delete(path)
    row = post.delivery(UUID(one))
    assert (row.status, row.sealed) == ("canceled", None)
    assert post.run(UUID(one)) is Outcome.DONE
    assert server.wire == []
    team.fail("DELETE", path, expect=409, code="NOTIFICATION_NOT_CANCELABLE")
    # Neither what is on its way, nor what has gone.
    post.queue(UUID(other), state=JobState.RUNNING)
    for _ in range(2):
        team.fail(
            "DELETE",
            f"/notifications/{other}",
            expect=409,
            code="NOTIFICATION_NOT_CANCELABLE",
        )
        post.run(UUID(other))


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"at": "2020-01-01T00:00:00Z"}, 422, "UNPROCESSABLE"),
        ({"at": "2999-01-01T00:00:00Z"}, 422, "UNPROCESSABLE"),
        ({"at": "tomorrow"}, 400, "VALIDATION_ERROR"),
        ({"template": "auth.reset"}, 422, "NOTIFICATION_TOPIC_MANDATORY"),
        ({"template": "no.such"}, 422, "NOTIFICATION_TEMPLATE_UNKNOWN"),
        ({"variables": {"title": "x"}}, 422, "UNPROCESSABLE"),
        ({"variables": {"title": "x", "text": "y" * 33_000}}, 422, "UNPROCESSABLE"),
        ({"userIds": [str(new_id())]}, 422, "NOTIFICATION_RECIPIENT_UNKNOWN"),
        ({"userIds": []}, 400, "VALIDATION_ERROR"),
        ({"userIds": None}, 422, "UNPROCESSABLE"),
        ({"role": "client"}, 422, "UNPROCESSABLE"),
        ({"userIds": None, "role": "nobody"}, 422, "UNPROCESSABLE"),
        ({"channels": ["pigeon"]}, 400, "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_scheduled(
    gym: TestGym, changes: dict[str, Any], status: int, code: str
) -> None:
    body = wish(gym, **changes)
    gym.api("admin").fail("POST", PATH, json=body, expect=status, code=code)
    assert gym.api("admin").get("/notifications") == []


def test_people_of_another_gym_and_too_many(
    gym: TestGym, other_gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = gym.api("admin")
    body = wish(gym, userIds=[str(gym.user("client")), str(other_gym.user("client"))])
    admin.fail(
        "POST", PATH, json=body, expect=422, code="NOTIFICATION_RECIPIENT_UNKNOWN"
    )
    body = wish(gym, userIds=[str(new_id()) for _ in range(201)])
    admin.fail("POST", PATH, json=body, expect=400, code="VALIDATION_ERROR")
    monkeypatch.setattr(scheduling, "MAX_PEOPLE", 0)
    body = wish(gym, userIds=None, role="client")
    admin.fail("POST", PATH, json=body, expect=422, code="UNPROCESSABLE")
    gym.api("coach").fail("POST", PATH, json=body, expect=403, code="FORBIDDEN")


def test_it_costs_few_statements_a_person(
    gym: TestGym, post: Post, count_queries: Any
) -> None:
    assert post.gym is gym
    people = [gym.user(role) for role in ("client", "coach", "team")]
    about = {"channels": ["inbox"]}
    for one in people[:1]:
        tell(post, "inbox", user_id=one)
    admin, one_body = gym.api("admin"), wish(gym, userIds=[str(people[0])], **about)
    all_body = wish(gym, userIds=[str(one) for one in people], **about)
    with count_queries() as for_one:
        admin.post(PATH, one_body)
    with count_queries() as for_three:
        admin.post(PATH, all_body)
    assert len(for_three) - len(for_one) <= 4
