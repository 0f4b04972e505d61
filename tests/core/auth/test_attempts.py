"""Guessing: what is counted, how much of it gets through, and who is shut out."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.audit.models import AuditEntry
from core.auth import attempts
from core.auth.account_models import AuthAttempt
from core.auth.attempts import FREE, LOCK_AFTER, forgive, pause, reserve
from core.auth.devices import Devices
from core.auth.errors import AuthLocked
from core.auth.repository import users
from core.clock import frozen_at, utc_now
from core.context import current
from core.ids import new_id
from core.plugin.manager import Plugins, TenantHooks
from core.plugin.manifest import Manifest
from core.plugin.spec import hookimpl
from core.privacy.retaining import retain
from core.testing.kit import PASSWORD, TestGym
from core.testing.plugin import QueryCount
from tests.core.auth.browser import Browser

LOGIN = "/auth/login"
WRONG = "Wrong-Lamp-42!"


def guess(gym: TestGym, login: str, **headers: str) -> int:
    sent = {"login": login, "password": WRONG}
    return gym.api().raw("POST", LOGIN, json=sent, headers=headers).status_code


def enter(gym: TestGym, **headers: str) -> int:
    sent = {"login": gym.email("client"), "password": PASSWORD}
    return gym.api().raw("POST", LOGIN, json=sent, headers=headers).status_code


def shut(gym: TestGym, login: str) -> None:
    with frozen_at(utc_now()):
        assert [guess(gym, login) for _try in range(FREE + 1)] == [401] * FREE + [429]


def test_the_pause_grows_and_never_becomes_permanent() -> None:
    seconds = [int(pause(count).total_seconds()) for count in range(1, 18)]
    assert seconds[: FREE - 1] == [0] * (FREE - 1)
    assert seconds[FREE - 1 : LOCK_AFTER - 1] == [1, 2, 4, 8, 16]
    assert seconds[LOCK_AFTER - 1 :] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert pause(10**9) == timedelta(hours=1)


def test_the_database_pauses_as_the_formula_says(gym: TestGym) -> None:
    now = utc_now()
    for count in range(1, LOCK_AFTER + 10):
        with frozen_at(now), gym.unit() as session:
            reservation = reserve("login", "somebody")
            row = session.scalars(select(AuthAttempt)).one()
        assert reservation.failures == count
        assert row.shut_until == (now + pause(count) if pause(count) else None)
        with frozen_at(now + pause(count) - timedelta(seconds=1)), gym.unit():
            if pause(count):
                with pytest.raises(AuthLocked) as refused:
                    reserve("login", "somebody")
                assert refused.value.headers["Retry-After"] == "1"
        now += pause(count)


def test_of_many_guesses_at_once_as_many_are_hashed_as_are_free(
    gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    gym.user("client")
    hashed: list[str] = []

    def noted(_known: str | None, password: str) -> bool:
        hashed.append(password)
        return False

    monkeypatch.setattr("core.auth.login.matches", noted)
    now = utc_now()

    def one(_number: int) -> int:
        with frozen_at(now):
            return guess(gym, gym.email("client"))

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(one, range(40)))
    assert len(hashed) == FREE
    assert sorted(statuses) == [401] * FREE + [429] * (40 - FREE)


def test_a_failed_request_does_not_give_its_attempt_back(gym: TestGym) -> None:
    gym.user("client")
    for count in range(1, 4):
        guess(gym, gym.email("client"))
        with gym.unit() as session:
            assert session.scalars(select(AuthAttempt.failures)).one() == count


def test_the_right_password_is_not_even_looked_at_while_shut(gym: TestGym) -> None:
    gym.user("client")
    with frozen_at(utc_now()):
        shut(gym, gym.email("client"))
        assert enter(gym) == 429


def test_retry_after_is_true(gym: TestGym) -> None:
    gym.user("client")
    now = utc_now()
    with frozen_at(now):
        shut(gym, gym.email("client"))
        answer = gym.api().raw(
            "POST", LOGIN, json={"login": gym.email("client"), "password": PASSWORD}
        )
    assert answer.get_json()["error"]["code"] == "AUTH_LOCKED"
    wait = timedelta(seconds=int(answer.headers["Retry-After"]))
    with frozen_at(now + wait):
        assert enter(gym) == 200


def test_unknown_names_are_shut_in_the_same_words(gym: TestGym) -> None:
    gym.user("client")
    with frozen_at(utc_now()):
        answers = []
        for login in (gym.email("client"), f"nobody@{gym.slug}.example", "nobody"):
            shut(gym, login)
            sent = {"login": login, "password": WRONG}
            answer = gym.api().raw("POST", LOGIN, json=sent)
            body = answer.get_json()
            answers.append((body["error"], answer.headers["Retry-After"]))
    assert answers[0] == answers[1] == answers[2]


def test_an_address_is_counted_the_same_before_and_after_it_has_an_account(
    gym: TestGym,
) -> None:
    login = f"late@{gym.slug}.example"
    with frozen_at(utc_now()):
        shut(gym, login)
        gym.api("admin").post(
            "/auth/register",
            {"email": login, "name": "L", "role": "client", "password": PASSWORD},
        )
        assert guess(gym, login.upper()) == 429


def test_two_names_of_one_account_do_not_double_the_guesses(gym: TestGym) -> None:
    with gym.unit():
        users.get(gym.user("client")).username = "climber"
    with frozen_at(utc_now()):
        shut(gym, gym.email("client"))
        assert guess(gym, "CLIMBER") == 429


def test_names_are_not_to_be_read_from_the_table(gym: TestGym) -> None:
    guess(gym, "secret@person.example")
    with gym.unit() as session:
        row = session.scalars(select(AuthAttempt)).one()
    assert b"secret" not in row.subject
    assert row.subject != attempts._digest(  # noqa: SLF001 — what must not be stored
        "login", "secret@person.example"
    )


def test_a_success_begins_the_count_anew(gym: TestGym) -> None:
    for _round in range(3):
        with frozen_at(utc_now()):
            gym.user("client")
            statuses = [guess(gym, gym.email("client")) for _try in range(FREE - 1)]
            assert statuses == [401] * (FREE - 1)
            assert enter(gym) == 200
    with gym.unit() as session:
        assert session.scalar(select(func.count(AuthAttempt.id))) == 0


def test_an_old_count_is_forgotten(gym: TestGym) -> None:
    now = utc_now()
    with frozen_at(now), gym.unit():
        for _try in range(FREE - 1):
            reserve("login", "x")
    with frozen_at(now + timedelta(hours=25)), gym.unit():
        assert attempts.failures_of("login", "x") == 0
        assert reserve("login", "x").failures == 1
        assert "auth_attempts" not in retain(lambda work: work())
    with frozen_at(now + timedelta(hours=50)), gym.unit():
        assert retain(lambda work: work())["auth_attempts"] == 1


def test_one_gym_s_counts_are_not_another_s(gym: TestGym, other_gym: TestGym) -> None:
    with frozen_at(utc_now()):
        shut(gym, "nobody@iron.example")
        assert guess(other_gym, "nobody@iron.example") == 401


def test_kinds_are_counted_apart(gym: TestGym) -> None:
    with frozen_at(utc_now()), gym.unit():
        person = new_id()
        last = [reserve("totp", person) for _try in range(FREE)][-1]
        with pytest.raises(AuthLocked):
            reserve("totp", person)
        reserve("password", person)
        forgive(last)
        assert reserve("totp", person).failures == 1


def test_a_member_s_device_is_not_shut_by_strangers(gym: TestGym) -> None:
    sent = {"login": gym.email("client"), "password": PASSWORD}
    gym.user("client")
    device = gym.api().post(LOGIN, sent, expect=200)["deviceToken"]
    with frozen_at(utc_now()):
        shut(gym, gym.email("client"))
        assert enter(gym) == 429
        assert enter(gym, **{"X-Device": device}) == 200
        assert enter(gym) == 429  # the member's success frees nobody else


def test_a_known_device_has_a_count_of_its_own(gym: TestGym) -> None:
    sent = {"login": gym.email("client"), "password": PASSWORD}
    gym.user("client")
    device = gym.api().post(LOGIN, sent, expect=200)["deviceToken"]
    with frozen_at(utc_now()):
        statuses = [
            guess(gym, gym.email("client"), **{"X-Device": device})
            for _try in range(FREE + 1)
        ]
        assert statuses == [401] * FREE + [429]
        assert enter(gym) == 200


def test_a_device_of_one_account_is_a_stranger_to_others(gym: TestGym) -> None:
    mine = {"login": gym.email("client"), "password": PASSWORD}
    gym.user("client")
    device = gym.api().post(LOGIN, mine, expect=200)["deviceToken"]
    forged = device[:-1] + ("0" if device[-1] != "0" else "1")
    with frozen_at(utc_now()):
        shut(gym, gym.email("coach"))
        for token in (device, forged, "", "zz", "00" * 48, "ü"):
            header = {"X-Device": token.encode().decode("latin-1")}
            assert guess(gym, gym.email("coach"), **header) == 429


def test_devices_are_bound_to_gym_account_and_password() -> None:
    devices, gym_id, user_id = Devices(b"k" * 32), new_id(), new_id()
    token = devices.token(gym_id, user_id, "hash")
    assert devices.read(token, gym_id, user_id, "hash")
    assert not devices.read(token, new_id(), user_id, "hash")
    assert not devices.read(token, gym_id, new_id(), "hash")
    assert not devices.read(token, gym_id, user_id, "other")
    assert not Devices(b"j" * 32).read(token, gym_id, user_id, "hash")


def test_the_browser_keeps_its_device_in_a_cookie(gym: TestGym) -> None:
    browser = Browser.own_host(gym)
    answer = browser.log_in(mode="cookie")
    (cookie,) = [
        line
        for line in answer.headers.getlist("Set-Cookie")
        if line.startswith("palestra_device")
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "deviceToken" not in answer.get_json()["data"]
    with frozen_at(utc_now()):
        shut(gym, gym.email("client"))
        assert browser.log_in(mode="cookie").status_code == 200


def test_a_lock_is_on_record_once(gym: TestGym) -> None:
    gym.user("client")
    now = utc_now()
    for count in range(1, LOCK_AFTER + 1):
        with frozen_at(now):
            assert guess(gym, gym.email("client")) == 401
        now += pause(count)
    with frozen_at(now - timedelta(seconds=5)):
        assert guess(gym, gym.email("client")) == 429
    with gym.unit() as session:
        rows = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "auth.locked")
        ).all()
    assert [row.after for row in rows] == [
        {"kind": "login", "failures": LOCK_AFTER, "seconds": 60}
    ]
    assert rows[0].entity_id == str(gym.user("client"))


class Riddler:
    manifest = Manifest(id="riddler", title="R", summary="Asks.", version="1")

    @hookimpl
    def login_challenge(self) -> None: ...


def test_failures_are_read_only_for_a_plugin_that_asks(
    gym: TestGym, count_queries: Callable[[], QueryCount]
) -> None:
    gym.user("client")
    with count_queries() as seen:
        assert guess(gym, gym.email("client")) == 401
    about = [one for one in seen.statements if "auth_attempts" in one]
    assert [one.split()[0] for one in about] == ["INSERT"]
    plugins = Plugins([Riddler()])
    with gym.unit():
        here = current().require_gym()
    for on in ({"riddler"}, set[str]()):
        hooks = plugins.for_tenant(replace(here, plugins=frozenset(on)))
        assert hooks.hears("login_challenge") is bool(on)
        assert not hooks.hears("usage_figures")


def test_a_plugin_can_ask_for_a_challenge(
    gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    gym.user("client")
    asked: list[Mapping[str, Any]] = []
    real = TenantHooks.__getattr__

    def challenge(**given: Any) -> dict[str, str] | None:
        asked.append(given)
        solved = given["failures"] < 2 or given["answer"] == "42"
        return None if solved else {"kind": "riddle"}

    monkeypatch.setattr(
        TenantHooks,
        "__getattr__",
        lambda self, name: challenge if name == "login_challenge" else real(self, name),
    )
    monkeypatch.setattr(TenantHooks, "hears", lambda _self, _name: True)
    login = gym.email("client")
    assert [guess(gym, login) for _try in range(3)] == [401, 401, 403]
    error = gym.api().fail(
        "POST",
        LOGIN,
        json={"login": login, "password": PASSWORD},
        expect=403,
        code="AUTH_CHALLENGE_REQUIRED",
    )
    assert error["details"] == {"kind": "riddle"}
    assert enter(gym, **{"X-Challenge": "42"}) == 200
    assert [one["failures"] for one in asked] == [0, 1, 2, 2, 2]
    assert asked[0]["address"] == "127.0.0.1"
