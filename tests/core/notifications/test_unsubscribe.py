"""One click in a mail program ends messages about a topic (RFC 8058)."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select

from core.auth.accounts import update_user
from core.config import Settings
from core.config.secrets import master_keys, retire, rotate_master
from core.db.unit import session
from core.http import cursor
from core.ids import new_id
from core.jobs.runner import Outcome
from core.notifications.models import Preference
from core.notifications.office import link_key, post_office
from core.testing.kit import TestGym
from tests.core.notifications.conftest import Post, tell
from tests.core.notifications.mailserver import MailServer

PATH = "/notifications/unsubscribe"
ONE_CLICK: dict[str, Any] = {
    "data": "List-Unsubscribe=One-Click",
    "content_type": "application/x-www-form-urlencoded",
}


@pytest.fixture
def link(post: Post, server: MailServer) -> str:
    """The address in a message to the client."""
    [sent] = tell(post, "email")
    assert post.run(sent) is Outcome.DONE
    return str(server.messages[-1]["List-Unsubscribe"]).strip("<>")


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


def unwanted(gym: TestGym) -> list[tuple[UUID, str, str]]:
    with gym.unit():
        rows = session().scalars(select(Preference).where(~Preference.wanted))
        return [(row.user_id, row.topic, row.channel) for row in rows]


def test_the_headers_as_they_travel(post: Post, server: MailServer, link: str) -> None:
    [wire] = server.wire
    lines = wire.split(b"\r\n")
    # No encoded words: mail programs look for the address as it is.
    assert f"List-Unsubscribe: <{link}>".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    parts = urlsplit(link)
    assert parts.path == f"/t/{post.gym.slug}/api/v1{PATH}"
    assert not parts.fragment


def test_one_click_without_logging_in(post: Post, link: str) -> None:
    stranger = post.gym.api()
    answers = [
        # The whole address, as a mail program sends it: no header names the gym.
        post.gym.app.test_client().post(
            link.partition("://")[2].partition("/")[1]
            + link.partition("://")[2].partition("/")[2],
            **ONE_CLICK,
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "Set-Cookie" not in answers[0].headers
    client = post.gym.user("client")
    assert unwanted(post.gym) == [(client, "news", "email")]
    assert [post.delivery(one).channel for one in tell(post)] == ["inbox"]
    # Opted in again and out again, by the same link.
    choice = {"topic": "news", "channel": "email", "wanted": True}
    preferences = "/me/notification-preferences"
    post.gym.api("client").put(preferences, {"choices": [choice]})
    assert unwanted(post.gym) == []
    token = {"token": token_of(link)}
    assert stranger.raw("POST", PATH, query=token, **ONE_CLICK).status_code == 200
    assert unwanted(post.gym) == [(client, "news", "email")]


def test_looking_changes_nothing(post: Post, link: str) -> None:
    shown = post.gym.api().raw("GET", PATH, query={"token": token_of(link)})
    assert shown.status_code == 200
    page = shown.get_data(as_text=True)
    assert '<form method="post">' in page
    assert "News from the gym" in page
    assert "script" not in shown.headers["Content-Security-Policy"]
    assert unwanted(post.gym) == []


def test_a_link_opens_nothing_else(post: Post, other_gym: TestGym, link: str) -> None:
    token = token_of(link)
    flipped = ("B" if token[0] == "A" else "A") + token[1:]
    with post.gym.unit():
        key = post_office().signing_key()
    scope = str(post.gym.id)
    client = str(post.gym.user("client"))
    other_purpose = cursor.sign(
        key, [client, "news", "email"], purpose="inbox", scope=scope
    )
    other_key = cursor.sign(
        bytes(32), [client, "news", "email"], purpose="unsubscribe", scope=scope
    )
    wrong = [(post.gym, one) for one in (flipped, token[:-4], "x", other_purpose)]
    wrong += [(post.gym, other_key), (other_gym, token)]
    for gym, given in wrong:
        for method in ("GET", "POST"):
            gym.api().fail(
                method,
                PATH,
                query={"token": given},
                expect=422,
                code="NOTIFICATION_UNSUBSCRIBE_INVALID",
            )
    assert unwanted(post.gym) == unwanted(other_gym) == []


def test_a_link_of_somebody_who_is_gone_is_answered_like_any(post: Post) -> None:
    with post.gym.unit():
        token = cursor.sign(
            post_office().signing_key(),
            [str(new_id()), "news", "email"],
            purpose="unsubscribe",
            scope=str(post.gym.id),
        )
    answer = post.gym.api().raw("POST", PATH, query={"token": token})
    assert answer.status_code == 200
    assert unwanted(post.gym) == []


def test_a_name_forges_no_header(post: Post, server: MailServer) -> None:
    with post.gym.unit("admin"):
        name = "Eve\r\nBcc: all@example.com\r\nList-Unsubscribe: <https://evil>"
        update_user(post.gym.user("client"), {"name": name}, if_match=None)
    [sent] = tell(post, "email", variables={"title": "A\r\nBcc: x@y.z", "text": "T"})
    assert post.run(sent) is Outcome.DONE
    [got] = server.messages
    assert got["Bcc"] is None
    assert len(got.get_all("List-Unsubscribe") or []) == 1
    assert "evil" not in got["List-Unsubscribe"]
    assert got["Subject"].startswith("A Bcc: x@y.z")
    assert server.envelopes == [
        ("mail@gyms.example", [f"client@{post.gym.slug}.example"])
    ]


def test_links_outlive_the_master_key(tmp_path: Path) -> None:
    named = {"PALESTRA_ENV": "test", "PALESTRA_HOME": str(tmp_path)}
    settings = Settings.load(named)
    before = link_key(settings).read()
    assert rotate_master(settings)
    assert link_key(settings).reseal()
    retire(settings, master_keys(settings)[1])
    assert len(master_keys(settings)) == 1
    assert link_key(settings).read() == before
