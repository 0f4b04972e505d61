"""Forgotten and changed passwords."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.pool import QueuePool

from core.audit.models import AuditEntry
from core.auth.account_models import AuthLink, LinkPurpose
from core.auth.accounts import disable_user
from core.auth.attempts import FREE
from core.auth.links import MOST_OPEN, issue
from core.auth.models import AuthSession
from core.auth.repository import users
from core.clock import frozen_at, utc_now
from core.testing.kit import PASSWORD, TestGym
from tests.core.auth.browser import Browser
from tests.core.auth.postbox import Letter, Postbox

NEW = "Nine-Lamps-Glow-42"
RESET = "/auth/password/reset"
CHANGE = "/auth/password/change"


def forget(gym: TestGym, role: str = "client") -> Letter:
    gym.user(role)
    post = Postbox(gym)
    post.letters()
    gym.api().post("/auth/password/forgot", {"login": gym.email(role)}, expect=202)
    return post.letter()


def log_in(gym: TestGym, password: str, **more: str) -> Any:
    sent = {"login": gym.email("client"), "password": password}
    return gym.api().raw("POST", "/auth/login", json=sent, headers=more)


def events(gym: TestGym, action: str) -> list[str | None]:
    with gym.unit() as session:
        found = select(AuditEntry.entity_id).where(AuditEntry.action == action)
        return list(session.scalars(found))


def test_a_forgotten_password_is_replaced(gym: TestGym) -> None:
    letter = forget(gym)
    assert (letter.template, letter.to) == ("auth.reset", gym.email("client"))
    assert letter.variables["minutes"] == 15
    body = {"token": letter.token, "newPassword": NEW}
    answer = gym.api().post(RESET, body, expect=200)
    assert answer["status"] == "changed"
    assert "accessToken" not in answer
    assert log_in(gym, PASSWORD).status_code == 401
    assert log_in(gym, NEW).status_code == 200
    assert events(gym, "auth.password_reset") == [str(gym.user("client"))]


def test_every_log_in_ends_with_a_reset(gym: TestGym) -> None:
    devices = [gym.api_for(gym.user("client")) for _device in range(2)]
    for device in devices:
        device.get("/me")
    body = {"token": forget(gym).token, "newPassword": NEW}
    gym.api().post(RESET, body, expect=200)
    for device in devices:
        device.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")


def test_a_link_works_once_however_many_try_at_once(gym: TestGym) -> None:
    token = forget(gym).token

    def one(number: int) -> int:
        body = {"token": token, "newPassword": f"Nine-Lamps-Glow-{number}!"}
        with frozen_at(now):
            return gym.api().raw("POST", RESET, json=body).status_code

    now = utc_now()
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(one, range(10, 14)))
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 410}


def test_a_link_runs_out_after_fifteen_minutes(gym: TestGym) -> None:
    body = {"token": forget(gym).token, "newPassword": NEW}
    with frozen_at(utc_now() + timedelta(minutes=15)):
        gym.api().fail("POST", RESET, json=body, expect=410, code="AUTH_LINK_SPENT")


def test_a_weak_password_leaves_the_link_good(gym: TestGym) -> None:
    token = forget(gym).token
    gym.api().fail(
        "POST",
        RESET,
        json={"token": token, "newPassword": "Client-Person-42!"},
        expect=422,
        code="AUTH_PASSWORD_WEAK",
    )
    gym.api().post(RESET, {"token": token, "newPassword": NEW}, expect=200)


def test_a_new_password_ends_the_other_links(gym: TestGym) -> None:
    first, second = forget(gym), forget(gym)
    gym.api().post(RESET, {"token": second.token, "newPassword": NEW}, expect=200)
    body = {"token": first.token, "newPassword": "Ten-Towers-Hum-43!"}
    gym.api().fail("POST", RESET, json=body, expect=410, code="AUTH_LINK_SPENT")


def test_links_are_good_for_their_purpose_and_gym_alone(
    gym: TestGym, other_gym: TestGym
) -> None:
    with gym.unit():
        verify = issue(gym.user("client"), LinkPurpose.VERIFY)
        contact = issue(gym.user("client"), LinkPurpose.CONTACT)
    reset = forget(gym).token
    for api, token in (
        (gym.api(), verify),
        (gym.api(), contact),
        (other_gym.api(), reset),
        (gym.api(), gym.token_for(gym.user("client"))[:200]),
    ):
        body = {"token": token, "newPassword": NEW}
        api.fail("POST", RESET, json=body, expect=404, code="NOT_FOUND")
    gym.api().fail(
        "GET", "/auth/verify", query={"token": reset}, expect=404, code="NOT_FOUND"
    )


def test_a_shut_account_stays_shut(gym: TestGym) -> None:
    token, post = forget(gym).token, Postbox(gym)
    post.letters()
    with gym.unit():
        disable_user(gym.user("client"))
    body = {"token": token, "newPassword": NEW}
    gym.api().fail("POST", RESET, json=body, expect=410, code="AUTH_LINK_SPENT")
    gym.api().post("/auth/password/forgot", {"login": gym.email("client")}, expect=202)
    assert post.letters() == []
    assert log_in(gym, NEW).status_code == 401


def test_guessing_links_is_counted(gym: TestGym) -> None:
    good = forget(gym).token
    with frozen_at(utc_now()):
        for number in range(FREE):
            body = {"token": f"guess-{number}", "newPassword": NEW}
            gym.api().fail("POST", RESET, json=body, expect=404, code="NOT_FOUND")
        body = {"token": good, "newPassword": NEW}
        gym.api().fail("POST", RESET, json=body, expect=429, code="AUTH_LOCKED")
    with frozen_at(utc_now() + timedelta(seconds=2)):
        gym.api().post(RESET, body, expect=200)


def test_a_reset_does_not_pass_the_second_factor(gym: TestGym) -> None:
    """The log-in that follows asks for it; nothing of it is touched."""
    api = gym.api("client")
    secret = api.post("/auth/totp/setup", expect=200)["secret"]
    code = pyotp.TOTP(secret).now()
    api.post("/auth/totp/confirm", {"code": code}, expect=200)
    body = {"token": forget(gym).token, "newPassword": NEW}
    gym.api().post(RESET, body, expect=200)
    answer = log_in(gym, NEW)
    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "AUTH_TOTP_REQUIRED"


def test_whoever_reset_is_on_a_known_device(gym: TestGym) -> None:
    """Strangers who guess cannot keep a member out who just set a password."""
    body = {"token": forget(gym).token, "newPassword": NEW}
    device = gym.api().post(RESET, body, expect=200)["deviceToken"]
    with frozen_at(utc_now()):
        for _try in range(FREE):
            log_in(gym, "Wrong-Lamp-42!")
        assert log_in(gym, NEW).status_code == 429
        assert log_in(gym, NEW, **{"X-Device": device}).status_code == 200


def test_forgetting_tells_nothing(
    gym: TestGym, count_queries: Callable[[], Any]
) -> None:
    gym.api("client").get("/me")  # from here on the gym is known
    answers, sent = [], []
    names = [gym.email("client"), "no@body.example", "nobody"]
    for name in names:
        with count_queries() as counted:
            answer = gym.api().raw(
                "POST", "/auth/password/forgot", json={"login": name}
            )
        answers.append((answer.status_code, answer.get_json()["data"]))
        sent.append(counted.statements)
    assert answers[0] == answers[1] == answers[2]
    assert sent[0] == sent[1] == sent[2]
    assert not any("FROM users" in statement for statement in sent[0])
    assert len(Postbox(gym).letters()) == 1


def test_user_names_are_understood(gym: TestGym) -> None:
    with gym.unit():
        users.get(gym.user("client")).username = "climber"
    post = Postbox(gym)
    gym.api().post("/auth/password/forgot", {"login": "Climber"}, expect=202)
    assert post.letter().to == gym.email("client")


@pytest.mark.parametrize(
    "sent", [{}, {"login": "a", "email": "b@c.example"}, {"login": ""}, {"x": 1}]
)
def test_malformed_wishes_are_refused(gym: TestGym, sent: dict[str, Any]) -> None:
    answer = gym.api().raw("POST", "/auth/password/forgot", json=sent)
    assert answer.status_code in {400, 422}


def test_a_mailbox_is_not_filled_and_a_good_link_is_always_there(gym: TestGym) -> None:
    gym.user("client")
    post = Postbox(gym)
    for _again in range(MOST_OPEN + 3):
        gym.api().post(
            "/auth/password/forgot", {"login": gym.email("client")}, expect=202
        )
    letters = post.letters()
    assert len(letters) == MOST_OPEN
    body = {"token": letters[-1].token, "newPassword": NEW}
    gym.api().post(RESET, body, expect=200)


def test_a_change_keeps_this_log_in_and_ends_the_others(gym: TestGym) -> None:
    here, there = gym.api("client"), gym.api_for(gym.user("client"))
    there.get("/me")
    post = Postbox(gym)
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    here.post(CHANGE, body, expect=200)
    assert here.get("/me")["id"] == str(gym.user("client"))
    there.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    assert (log_in(gym, PASSWORD).status_code, log_in(gym, NEW).status_code) == (
        401,
        200,
    )
    letter = post.letter()
    assert (letter.template, letter.to) == (
        "auth.password_changed",
        gym.email("client"),
    )
    assert events(gym, "auth.password_changed") == [str(gym.user("client"))]


def test_a_change_ends_links_on_their_way(gym: TestGym) -> None:
    token = forget(gym).token
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    gym.api("client").post(CHANGE, body, expect=200)
    gym.api().fail(
        "POST",
        RESET,
        json={"token": token, "newPassword": "Ten-Towers-Hum-43!"},
        expect=410,
        code="AUTH_LINK_SPENT",
    )


def test_a_change_asks_for_the_password_and_counts(gym: TestGym) -> None:
    api = gym.api("client")
    body = {"currentPassword": "Wrong-Lamp-42!", "newPassword": NEW}
    with frozen_at(utc_now()):
        for _try in range(FREE):
            api.fail(
                "POST", CHANGE, json=body, expect=401, code="AUTH_INVALID_CREDENTIALS"
            )
        body["currentPassword"] = PASSWORD
        api.fail("POST", CHANGE, json=body, expect=429, code="AUTH_LOCKED")
        assert log_in(gym, PASSWORD).status_code == 200


def test_a_weak_change_changes_nothing(gym: TestGym) -> None:
    body = {"currentPassword": PASSWORD, "newPassword": "Password123!"}
    gym.api("client").fail(
        "POST", CHANGE, json=body, expect=422, code="AUTH_PASSWORD_WEAK"
    )
    assert log_in(gym, PASSWORD).status_code == 200


def test_a_password_changed_meanwhile_is_not_overwritten(
    gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    def race(_password: str) -> str:
        with gym.unit():
            users.get(gym.user("client")).password_hash = "another"
        return "late"

    api = gym.api("client")
    monkeypatch.setattr("core.auth.recovery.hash_password", race)
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    api.fail("POST", CHANGE, json=body, expect=401, code="AUTH_INVALID_CREDENTIALS")
    with gym.unit():
        assert users.get(gym.user("client")).password_hash == "another"


def test_no_transaction_is_open_while_hashing(
    gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = gym.installation.databases.app.pool
    assert isinstance(pool, QueuePool)
    seen = []

    def watch(_password: str) -> str:
        seen.append(pool.checkedout())
        return "hash"

    token = forget(gym).token
    monkeypatch.setattr("core.auth.recovery.hash_password", watch)
    gym.api().post(RESET, {"token": token, "newPassword": NEW}, expect=200)
    assert seen == [0]


def test_the_device_stays_known_in_the_browser(gym: TestGym) -> None:
    browser = Browser.own_host(gym)
    browser.log_in(mode="cookie")
    answer = browser.send(
        "POST",
        CHANGE,
        json={"currentPassword": PASSWORD, "newPassword": NEW},
        headers=browser.csrf(),
    )
    assert answer.status_code == 200
    assert "deviceToken" not in answer.get_json()["data"]
    with frozen_at(utc_now()):
        for _try in range(FREE):
            log_in(gym, "Wrong-Lamp-42!")
        assert browser.log_in(password=NEW).status_code == 200


def test_strangers_change_nothing(gym: TestGym) -> None:
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    gym.api().fail("POST", CHANGE, json=body, expect=401, code="AUTH_REQUIRED")


def test_nothing_secret_is_left_behind(gym: TestGym) -> None:
    token = forget(gym).token
    gym.api().post(RESET, {"token": token, "newPassword": NEW}, expect=200)
    with gym.unit() as session:
        links = session.scalars(select(AuthLink)).all()
        ended = session.scalars(
            select(AuthSession.revoked_at).where(
                AuthSession.user_id == gym.user("client")
            )
        ).all()
        told = session.scalars(select(AuditEntry)).all()
    assert all(link.used_at for link in links)
    assert all(ended)
    for row in told:
        assert "argon2" not in f"{row.before} {row.after}"
        assert token not in f"{row.before} {row.after}"
