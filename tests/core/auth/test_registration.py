"""Signing up, being invited, and verifying addresses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.audit.models import AuditEntry
from core.auth.account_models import AuthAttempt, AuthLink, AuthRequest, LinkPurpose
from core.auth.accounts import disable_user
from core.auth.links import MOST_OPEN, address_of
from core.auth.repository import users
from core.clock import frozen_at, utc_now
from core.privacy.retaining import retain
from core.testing.kit import PASSWORD, TestGym
from core.testing.plugin import QueryCount
from plugins.members.models import Client
from tests.core.auth.postbox import Postbox
from tests.performance.counting import RUNS, calls_of

STRONG = "Nine-Lamps-Glow-42"
OTHER = "Ten-Towers-Hum-43!"


@pytest.fixture
def open_gym(gym: TestGym) -> TestGym:
    """A gym where clients may sign up."""
    settings = {"auth.selfRegistration.enabled": True}
    gym.api("admin").patch("/admin/settings", settings)
    return gym


def wish(gym: TestGym, **more: Any) -> dict[str, Any]:
    return {
        "email": f"new@{gym.slug}.example",
        "name": "Nia New",
        "password": STRONG,
        **more,
    }


def log_in(gym: TestGym, login: str, password: str) -> int:
    sent = {"login": login, "password": password}
    return gym.api().raw("POST", "/auth/login", json=sent).status_code


def test_nobody_signs_up_where_the_gym_does_not_allow_it(gym: TestGym) -> None:
    gym.api().fail(
        "POST",
        "/auth/register",
        json=wish(gym),
        expect=403,
        code="AUTH_REGISTRATION_OFF",
    )
    assert Postbox(gym).letters() == []


def test_an_account_opens_once_its_address_is_verified(open_gym: TestGym) -> None:
    gym, post = open_gym, Postbox(open_gym)
    made = gym.api().post("/auth/register", wish(gym, phone="+49 30 123456"))
    assert made == {"status": "pending"}
    letter = post.letter()
    assert (letter.template, letter.to) == ("auth.verify", wish(gym)["email"])
    assert log_in(gym, letter.to, STRONG) == 401
    with gym.unit():
        user = users.by_login(letter.to)
        assert user is not None
        assert (user.role, user.status, user.password_hash) == (
            "client",
            "invited",
            None,
        )
    verified = gym.api().get("/auth/verify", query={"token": letter.token})
    assert verified == {"status": "verified"}
    assert log_in(gym, letter.to, STRONG) == 200
    api = gym.api_for(user.id)
    found = {row["type"]: row for row in api.get("/me/contacts")}
    assert (found["email"]["isPrimary"], found["email"]["isVerified"]) == (True, True)
    assert (found["phone"]["value"], found["phone"]["isVerified"]) == (
        "+4930123456",
        False,
    )


def test_new_clients_get_their_profile(open_gym: TestGym) -> None:
    gym = open_gym
    gym.api().post("/auth/register", wish(gym))
    Postbox(gym).answer()
    person = {"email": f"b@{gym.slug}.example", "name": "B", "role": "client"}
    made = gym.api("team").post("/auth/register", person)
    with gym.unit() as session:
        user = users.by_login(wish(gym)["email"])
        assert user is not None
        profiles = set(session.scalars(select(Client.id)))
    assert {str(user.id), made["id"]} <= set(map(str, profiles))


def test_a_known_address_gets_the_same_answer_and_another_letter(
    open_gym: TestGym,
) -> None:
    gym, post = open_gym, Postbox(open_gym)
    gym.user("client")
    answers = [
        gym.api().raw("POST", "/auth/register", json=wish(gym, email=email))
        for email in (gym.email("client").upper(), f"x@{gym.slug}.example")
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].get_json()["data"] == answers[1].get_json()["data"]
    assert {name for name, _value in answers[0].headers} == {
        name for name, _value in answers[1].headers
    }
    first, second = post.letters()
    assert (first.template, first.to) == (
        "auth.registration_exists",
        gym.email("client"),
    )
    assert second.template == "auth.verify"
    assert log_in(gym, gym.email("client"), PASSWORD) == 200


def test_both_cost_a_hash(open_gym: TestGym, monkeypatch: pytest.MonkeyPatch) -> None:
    gym, hashed = open_gym, list[str]()
    gym.user("client")

    def noted(password: str) -> str:
        hashed.append(password)
        return "hash"

    monkeypatch.setattr("core.auth.registration.hash_password", noted)
    for email in (gym.email("client"), f"x@{gym.slug}.example"):
        gym.api().post("/auth/register", wish(gym, email=email))
    assert hashed == [STRONG, STRONG]


def test_no_statement_asks_for_the_address(
    open_gym: TestGym, count_queries: Any
) -> None:
    """The same statements are sent, so the same time is spent."""
    gym = open_gym
    gym.user("client")
    gym.api().post("/auth/register", wish(gym))  # from here on the gym is known
    sent = []
    for email in (gym.email("client"), f"x@{gym.slug}.example"):
        with count_queries() as counted:
            gym.api().post("/auth/register", wish(gym, email=email))
        sent.append(counted.statements)
    assert sent[0] == sent[1]
    assert not any("FROM users" in statement for statement in sent[0])


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"role": "admin"}, 403, "USER_ROLE_NOT_GRANTABLE"),
        ({"role": "coach"}, 403, "USER_ROLE_NOT_GRANTABLE"),
        ({"password": None}, 400, "VALIDATION_ERROR"),
        ({"password": "Password123!"}, 422, "AUTH_PASSWORD_WEAK"),
        ({"password": "Nia-New-Nine-42!"}, 201, None),
        ({"username": "nia"}, 422, "UNPROCESSABLE"),
        ({"status": "active"}, 400, "VALIDATION_ERROR"),
        ({"tenantId": "01a00000-0000-7000-8000-000000000001"}, 400, "VALIDATION_ERROR"),
    ],
)
def test_people_choose_nothing_but_themselves(
    open_gym: TestGym, more: dict[str, Any], status: int, code: str | None
) -> None:
    answer = open_gym.api().raw("POST", "/auth/register", json=wish(open_gym, **more))
    assert answer.status_code == status
    assert answer.get_json().get("error", {}).get("code") == code


def test_a_password_is_needed(open_gym: TestGym) -> None:
    sent = wish(open_gym)
    del sent["password"]
    open_gym.api().fail(
        "POST", "/auth/register", json=sent, expect=422, code="UNPROCESSABLE"
    )


def test_staff_say_which_role(gym: TestGym) -> None:
    gym.api("admin").fail(
        "POST",
        "/auth/register",
        json={"email": "a@b.example", "name": "A"},
        expect=422,
        code="UNPROCESSABLE",
    )


def test_a_bad_token_is_not_taken_for_none(open_gym: TestGym) -> None:
    api = open_gym.api()
    api.token = "no-token"
    api.fail(
        "POST", "/auth/register", json=wish(open_gym), expect=401, code="AUTH_REQUIRED"
    )


def test_each_link_carries_the_password_chosen_with_it(open_gym: TestGym) -> None:
    """Somebody signs up with a foreign address; its owner does later."""
    gym, post = open_gym, Postbox(open_gym)
    gym.api().post("/auth/register", wish(gym, password=OTHER))
    stranger = post.letter()
    gym.api().post("/auth/register", wish(gym))
    owner = post.letter()
    gym.api().get("/auth/verify", query={"token": owner.token})
    assert log_in(gym, owner.to, STRONG) == 200
    assert log_in(gym, owner.to, OTHER) == 401
    gym.api().fail(
        "GET",
        "/auth/verify",
        query={"token": stranger.token},
        expect=410,
        code="AUTH_LINK_SPENT",
    )
    assert log_in(gym, owner.to, OTHER) == 401


def test_a_verification_link_lives_fifteen_minutes(open_gym: TestGym) -> None:
    gym, post = open_gym, Postbox(open_gym)
    gym.api().post("/auth/register", wish(gym))
    letter, now = post.letter(), utc_now()
    assert letter.variables["minutes"] == 15
    with frozen_at(now + timedelta(minutes=15)):
        gym.api().fail(
            "GET",
            "/auth/verify",
            query={"token": letter.token},
            expect=410,
            code="AUTH_LINK_SPENT",
        )
    with frozen_at(now + timedelta(minutes=14)):
        for _again in range(2):  # mail programs look first
            gym.api().get("/auth/verify", query={"token": letter.token})


def test_unknown_links_are_404(gym: TestGym, other_gym: TestGym) -> None:
    person = {"email": "i@iron.example", "name": "I", "role": "client"}
    gym.api("admin").post("/auth/register", person)
    invite = Postbox(gym).letter()
    for api, token in (
        (gym.api(), "x"),
        (gym.api(), invite.token),  # an invitation verifies nothing by itself
        (other_gym.api(), invite.token),
    ):
        api.fail(
            "GET",
            "/auth/verify",
            query={"token": token},
            expect=404,
            code="NOT_FOUND",
        )


def test_a_shut_account_is_not_opened_by_its_link(open_gym: TestGym) -> None:
    gym, post = open_gym, Postbox(open_gym)
    gym.api().post("/auth/register", wish(gym))
    letter = post.letter()
    with gym.unit():
        user = users.by_login(letter.to)
        assert user is not None
        disable_user(user.id)
    gym.api().fail(
        "GET",
        "/auth/verify",
        query={"token": letter.token},
        expect=410,
        code="AUTH_LINK_SPENT",
    )
    gym.api().post("/auth/register", wish(gym))
    assert post.letters() == []


def test_resending_is_for_those_who_wait_and_tells_nobody(open_gym: TestGym) -> None:
    gym, post = open_gym, Postbox(open_gym)
    gym.api().post("/auth/register", wish(gym))
    post.letter()
    answers = [
        gym.api().post("/auth/verify/resend", {"email": email}, expect=202)
        for email in (wish(gym)["email"], gym.email("admin"), "no@body.example")
    ]
    assert answers[0] == answers[1] == answers[2]
    again = post.letter()
    gym.api().get("/auth/verify", query={"token": again.token})
    assert log_in(gym, again.to, STRONG) == 200


def test_a_mailbox_is_not_filled(open_gym: TestGym) -> None:
    gym, post = open_gym, Postbox(open_gym)
    gym.user("client")
    for _again in range(MOST_OPEN + 2):
        gym.api().post("/auth/register", wish(gym))
        gym.api().post("/auth/verify/resend", {"email": wish(gym)["email"]}, expect=202)
        gym.api().post("/auth/register", wish(gym, email=gym.email("client")))
    templates = [letter.template for letter in post.letters()]
    assert templates.count("auth.verify") == MOST_OPEN
    assert templates.count("auth.registration_exists") == MOST_OPEN


def test_staff_invite_and_the_invited_choose_a_password(gym: TestGym) -> None:
    post = Postbox(gym)
    person = {"email": f"i@{gym.slug}.example", "name": "I", "role": "coach"}
    made = gym.api("team").post("/auth/register", person)
    assert made["status"] == "invited"
    letter = post.letter()
    assert (letter.template, letter.variables["days"]) == ("auth.invite", 3)
    body = {"token": letter.token, "newPassword": STRONG}
    with frozen_at(utc_now() + timedelta(hours=71)):
        gym.api().post("/auth/password/reset", body, expect=200)
    assert log_in(gym, letter.to, STRONG) == 200
    gym.api().fail(
        "POST",
        "/auth/password/reset",
        json=body,
        expect=410,
        code="AUTH_LINK_SPENT",
    )


def test_with_a_password_nobody_is_invited(gym: TestGym) -> None:
    person = wish(gym, role="client")
    gym.api("team").post("/auth/register", person)
    assert Postbox(gym).letters() == []


def test_links_lead_to_the_front_end_that_the_gym_names(gym: TestGym) -> None:
    post = Postbox(gym)
    base = {"auth.links.baseUrl": "https://app.north.example/in/"}
    gym.api("admin").patch("/admin/settings", base)
    person = {"email": f"i@{gym.slug}.example", "name": "I", "role": "coach"}
    gym.api("team").post("/auth/register", person)
    assert post.letter().link.startswith("https://app.north.example/in/welcome?token=")


def test_links_never_follow_the_request_s_host(gym: TestGym) -> None:
    post = Postbox(gym)
    sent = {"login": gym.email("admin")}
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    gym.api().post("/auth/password/forgot", sent, expect=202, headers=headers)
    letter = post.letter()
    public = gym.installation.settings.server.public_url
    assert letter.link.startswith(f"{public}/t/{gym.slug}/api/v1/docs#token=")
    verify = address_of(gym.gym, public, LinkPurpose.VERIFY, "t")
    assert verify == f"{public}/t/{gym.slug}/api/v1/auth/verify?token=t"


def test_front_ends_are_web_addresses(gym: TestGym) -> None:
    for wrong in ("javascript:alert(1)", "https://x.example/?a=", "ftp://x.example"):
        gym.api("admin").fail(
            "PATCH",
            "/admin/settings",
            json={"auth.links.baseUrl": wrong},
            expect=400,
            code="VALIDATION_ERROR",
        )


def test_tokens_are_stored_as_digests(open_gym: TestGym) -> None:
    gym, post = open_gym, Postbox(open_gym)
    gym.api().post("/auth/register", wish(gym))
    token = post.letter().token
    assert len(token) >= 43
    with gym.unit() as session:
        link = session.scalars(select(AuthLink)).one()
        assert token.encode() not in link.token_hash
        assert session.scalars(select(AuthRequest)).all() == []


def test_what_ran_out_is_forgotten(open_gym: TestGym) -> None:
    gym, post = open_gym, Postbox(open_gym)
    gym.api().post("/auth/register", wish(gym))
    post.letter()
    gym.api().post("/auth/register", wish(gym))
    log_in(gym, "nobody", "x")
    with frozen_at(utc_now() + timedelta(days=31)), gym.unit() as session:
        retain(lambda work: work())
        for model in (AuthLink, AuthRequest, AuthAttempt):
            assert session.scalars(select(model)).all() == []


def test_signing_up_is_on_record(open_gym: TestGym) -> None:
    gym, post = open_gym, Postbox(open_gym)
    gym.api().post("/auth/register", wish(gym))
    gym.api().get("/auth/verify", query={"token": post.letter().token})
    with gym.unit() as session:
        user = users.by_login(wish(gym)["email"])
        assert user is not None
        rows = session.scalars(
            select(AuditEntry.action).where(
                AuditEntry.entity_id == str(user.id), AuditEntry.entity == "user"
            )
        ).all()
    assert {"auth.registered", "auth.verified"} <= set(rows)


def test_forgetting_costs_the_same_for_everybody(
    open_gym: TestGym, count_queries: Callable[[], QueryCount]
) -> None:
    """What takes time is counted; a clock would tell of the machine as well."""
    gym = open_gym
    with gym.unit():
        disable_user(gym.user("coach"))

    def forget(login: str) -> None:
        gym.api().post("/auth/password/forgot", {"login": login}, expect=202)

    def cost(login: str) -> tuple[list[str], int]:
        forget(login)  # fills what is kept from one request to the next
        with count_queries() as counted:
            forget(login)
        return counted.statements, min(
            calls_of(lambda: forget(login)) for _ in range(RUNS)
        )

    known, *others = [
        cost(login)
        for login in (gym.email("client"), gym.email("coach"), f"n@{gym.slug}.example")
    ]
    for other in others:
        assert other[0] == known[0]
        assert abs(other[1] - known[1]) < 100  # of some 1600, none of which waits
