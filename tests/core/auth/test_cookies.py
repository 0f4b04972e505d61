"""Log-ins that the browser keeps: attributes, paths, CSRF, refresh, log-out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Response
from werkzeug.test import EnvironBuilder

from core.auth.cookies import Handed, SessionCookies
from core.auth.identity import JwtIdentity
from core.auth.sessions import GRACE
from core.clock import frozen_at, utc_now
from core.config import Settings
from core.testing.kit import TestGym
from tests.core.auth.browser import Browser, code_of, cookies_of

FORTNIGHT = str(14 * 86_400)
NAMES = ("palestra_access", "palestra_refresh", "palestra_csrf")
WAYS = {
    "host": Browser.own_host,
    "path": Browser.own_path,
    "header": Browser.own_header,
}


@pytest.fixture(params=WAYS)
def browser(request: pytest.FixtureRequest, gym: TestGym) -> Browser:
    """A browser that addresses its gym in one of the three ways."""
    made: Browser = WAYS[request.param](gym)
    return made


def with_http(gym: TestGym, **changes: Any) -> SessionCookies:
    settings: Settings = gym.installation.settings
    return SessionCookies(replace(settings, http=replace(settings.http, **changes)))


def written(cookies: SessionCookies, base_url: str) -> dict[str, dict[str, str]]:
    request = gym_request(base_url)
    response = Response()
    cookies.put(request, response, Handed("a", "r", "c"))
    return cookies_of(response)  # type: ignore[arg-type]  # it reads headers alone


def gym_request(base_url: str) -> Any:
    return EnvironBuilder(base_url=base_url).get_request()


def test_on_its_own_host_cookies_are_host_only(gym: TestGym) -> None:
    response = Browser.own_host(gym).log_in()
    assert response.status_code == 200
    cookies = cookies_of(response)
    assert cookies.keys() == set(NAMES)
    for kept in cookies.values():
        assert kept["SameSite"] == "Lax"
        assert kept["Max-Age"] == FORTNIGHT
        assert "Domain" not in kept
    access, refresh, csrf = (cookies[name] for name in NAMES)
    assert "HttpOnly" in access
    assert "HttpOnly" in refresh
    assert "HttpOnly" not in csrf
    assert access["Path"] == csrf["Path"] == "/"
    assert refresh["Path"] == "/api/v1/auth/refresh"


def test_on_a_shared_host_cookies_keep_to_the_gym_s_path(gym: TestGym) -> None:
    cookies = cookies_of(Browser.own_path(gym).log_in())
    access, refresh, csrf = (cookies[name] for name in NAMES)
    assert access["Path"] == csrf["Path"] == f"/t/{gym.slug}"
    assert refresh["Path"] == f"/t/{gym.slug}/api/v1/auth/refresh"


def test_where_a_header_names_the_gym_so_do_the_cookies(gym: TestGym) -> None:
    cookies = cookies_of(Browser.own_header(gym).log_in())
    assert cookies.keys() == {f"{name}_{gym.slug}" for name in NAMES}


def test_cookies_need_https_unless_this_is_plain_localhost(gym: TestGym) -> None:
    for secure in (True, False):
        cookies = with_http(gym, secure_cookies=secure)
        for kept in written(cookies, "https://north.gyms.example").values():
            assert ("Secure" in kept) is secure


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("gyms.example", "gyms.example"),
        ("north.gyms.example:8443", "gyms.example"),
        ("NORTH.gyms.example", "gyms.example"),
        ("north-gym.example", None),
        ("evilgyms.example", None),
        ("127.0.0.1:8000", None),
    ],
)
def test_the_configured_domain_is_used_on_its_own_hosts(
    gym: TestGym, host: str, domain: str | None
) -> None:
    cookies = with_http(gym, cookie_domain="gyms.example")
    for kept in written(cookies, f"http://{host}").values():
        assert kept.get("Domain") == domain


def test_the_body_holds_no_token(browser: Browser) -> None:
    response = browser.log_in()
    data = response.get_json()["data"]
    assert data.keys() == {"expiresIn", "user"}
    text = response.get_data(as_text=True)
    for kept in cookies_of(response).values():
        assert kept["value"] not in text
    assert response.headers["Cache-Control"] == "no-store"


def test_cookies_log_in(browser: Browser) -> None:
    assert code_of(browser.send("GET", "/me")) == (401, "AUTH_REQUIRED")
    user = browser.log_in().get_json()["data"]["user"]
    assert browser.send("GET", "/me").get_json()["data"]["id"] == user["id"]
    assert browser.send("HEAD", "/me").status_code == 200


def test_a_page_elsewhere_learns_the_csrf_token_from_the_header(
    browser: Browser,
) -> None:
    response = browser.log_in()
    assert {"X-CSRF-Token": response.headers["X-CSRF-Token"]} == browser.csrf()


def test_writes_show_the_csrf_token(browser: Browser) -> None:
    browser.log_in()
    body = {"alias": "Ada"}
    refused = browser.send("PATCH", "/me", json=body)
    assert code_of(refused) == (403, "AUTH_CSRF")
    done = browser.send("PATCH", "/me", json=body, headers=browser.csrf())
    assert done.get_json()["data"]["alias"] == "Ada"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("sent", [None, "", "foreign", "cut", "more", "ünï", "\u20ac"])
def test_no_other_csrf_token_will_do(
    gym: TestGym, other_gym: TestGym, method: str, sent: str | None
) -> None:
    paths = {
        "POST": "/auth/logout-all",
        "PUT": "/users/me",
        "PATCH": "/me",
        "DELETE": f"/auth/sessions/{gym.id}",
    }
    browser, elsewhere = Browser.own_host(gym), Browser.own_host(other_gym)
    browser.log_in()
    elsewhere.log_in()
    own = browser.csrf()["X-CSRF-Token"]
    headers = {
        "foreign": elsewhere.csrf()["X-CSRF-Token"],
        "cut": own[:-1],
        "more": f"{own}{own}",
    }
    wire = headers.get(sent or "", sent)
    given = {} if wire is None else {"X-CSRF-Token": _on_the_wire(wire)}
    refused = browser.send(method, paths[method], json={}, headers=given)
    assert code_of(refused) == (403, "AUTH_CSRF")
    assert browser.send("GET", "/me").status_code == 200


def _on_the_wire(text: str) -> str:
    """A header as a server hands it on: bytes read as Latin-1."""
    return text.encode().decode("latin-1")


def test_another_log_in_s_csrf_token_will_not_do(gym: TestGym) -> None:
    first, second = Browser.own_host(gym), Browser.own_host(gym)
    first.log_in()
    second.log_in()
    refused = first.send("POST", "/auth/logout", headers=second.csrf())
    assert code_of(refused) == (403, "AUTH_CSRF")


def test_a_bearer_token_in_a_cookie_changes_nothing(gym: TestGym) -> None:
    browser = Browser.own_host(gym)
    browser.client.set_cookie(
        "palestra_access",
        gym.token_for(gym.user("client")),
        domain=f"{browser.base[7:]}",
    )
    assert browser.send("GET", "/me").status_code == 200
    for sent in ("", "None", "x"):
        refused = browser.send("POST", "/auth/logout", headers={"X-CSRF-Token": sent})
        assert code_of(refused) == (403, "AUTH_CSRF")


@pytest.mark.parametrize("token", ["x", "a.b.c", "pk_x", "ünï"])
def test_a_malformed_cookie_is_401(gym: TestGym, token: str) -> None:
    browser = Browser.own_host(gym)
    browser.client.set_cookie("palestra_access", token, domain=browser.base[7:])
    assert code_of(browser.send("GET", "/me")) == (401, "AUTH_REQUIRED")


def test_a_refresh_token_is_no_access_cookie(gym: TestGym) -> None:
    browser = Browser.own_host(gym)
    refresh = cookies_of(browser.log_in())["palestra_refresh"]["value"]
    browser.client.set_cookie("palestra_access", refresh, domain=browser.base[7:])
    assert code_of(browser.send("GET", "/me")) == (401, "AUTH_REQUIRED")


def test_the_bearer_token_counts_before_the_cookie(gym: TestGym) -> None:
    browser = Browser.own_host(gym)
    browser.log_in("client")
    bearer = {"Authorization": f"Bearer {gym.token_for(gym.user('coach'))}"}
    me = browser.send("GET", "/me", headers=bearer).get_json()["data"]
    assert me["id"] == str(gym.user("coach"))
    changed = browser.send("PATCH", "/me", json={"alias": "C"}, headers=bearer)
    assert changed.get_json()["data"]["id"] == str(gym.user("coach"))
    wrong = {"Authorization": "Bearer x"}
    assert code_of(browser.send("GET", "/me", headers=wrong)) == (401, "AUTH_REQUIRED")


def test_an_expired_cookie_says_so(browser: Browser) -> None:
    browser.log_in()
    with frozen_at(utc_now() + timedelta(minutes=16)):
        answer = code_of(browser.send("GET", "/me"))
    assert answer == (401, "AUTH_TOKEN_EXPIRED")


def test_refreshing_rotates_the_cookies(browser: Browser) -> None:
    before = cookies_of(browser.log_in())
    with frozen_at(utc_now() + timedelta(minutes=16)):
        response = browser.send(
            "POST", "/auth/refresh", json={}, headers=browser.csrf()
        )
        assert response.status_code == 200
        assert response.get_json()["data"].keys() == {"expiresIn", "user"}
        assert browser.send("GET", "/me").status_code == 200
    after = cookies_of(response)
    assert after.keys() == before.keys()
    for name, kept in after.items():
        same = name.startswith("palestra_csrf")
        assert (kept["value"] == before[name]["value"]) is same
        assert kept["Path"] == before[name]["Path"]


@pytest.mark.parametrize("sent", [None, "", "x", "ünï"])
def test_refreshing_needs_the_csrf_token_and_is_not_used_up_without(
    gym: TestGym, sent: str | None
) -> None:
    browser = Browser.own_host(gym)
    browser.log_in()
    headers = {} if sent is None else {"X-CSRF-Token": _on_the_wire(sent)}
    refused = browser.send("POST", "/auth/refresh", json={}, headers=headers)
    assert code_of(refused) == (403, "AUTH_CSRF")
    with frozen_at(utc_now() + GRACE * 2):
        done = browser.send("POST", "/auth/refresh", json={}, headers=browser.csrf())
        assert done.status_code == 200


def test_a_stolen_refresh_cookie_used_again_ends_the_log_in(gym: TestGym) -> None:
    browser, thief = Browser.own_host(gym), Browser.own_host(gym)
    kept = cookies_of(browser.log_in())["palestra_refresh"]
    csrf = browser.csrf()
    browser.send("POST", "/auth/refresh", json={}, headers=csrf)
    thief.client.set_cookie(
        "palestra_refresh", kept["value"], domain=thief.base[7:], path=kept["Path"]
    )
    with frozen_at(utc_now() + GRACE * 2):
        stolen = thief.send("POST", "/auth/refresh", json={}, headers=csrf)
        assert code_of(stolen) == (401, "AUTH_TOKEN_REUSED")
        assert code_of(browser.send("GET", "/me")) == (401, "AUTH_REQUIRED")


def test_refreshing_without_any_token_is_401(browser: Browser) -> None:
    for body in ({}, {"mode": "cookie"}):
        answer = browser.send("POST", "/auth/refresh", json=body)
        assert code_of(answer) == (401, "AUTH_REQUIRED")


@pytest.mark.parametrize(
    "body", [{"mode": "bearer"}, {"mode": "cookie", "refreshToken": "x"}]
)
def test_mode_and_token_agree(gym: TestGym, body: dict[str, str]) -> None:
    answer = Browser.own_host(gym).send("POST", "/auth/refresh", json=body)
    assert code_of(answer) == (422, "UNPROCESSABLE")


def test_a_token_in_the_body_counts_before_the_cookie(gym: TestGym) -> None:
    browser = Browser.own_host(gym)
    browser.log_in("client")
    other = Browser.own_host(gym).log_in("coach", mode="bearer").get_json()["data"]
    sent = {"refreshToken": other["refreshToken"]}
    response = browser.send("POST", "/auth/refresh", json=sent)
    assert response.get_json()["data"]["user"]["id"] == str(gym.user("coach"))
    assert cookies_of(response) == {}


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all"])
def test_logging_out_ends_the_log_in_and_clears_the_cookies(
    browser: Browser, path: str
) -> None:
    before = cookies_of(browser.log_in())
    csrf = browser.csrf()
    response = browser.send("POST", path, headers=csrf)
    assert response.status_code == 204
    cleared = cookies_of(response)
    assert cleared.keys() == before.keys()
    for name, kept in cleared.items():
        assert (kept["value"], kept["Max-Age"]) == ("", "0")
        assert kept["Path"] == before[name]["Path"]
    assert code_of(browser.send("GET", "/me")) == (401, "AUTH_REQUIRED")
    for name, kept in before.items():
        browser.client.set_cookie(
            name, kept["value"], domain=browser.base[7:], path=kept["Path"]
        )
    assert code_of(browser.send("GET", "/me")) == (401, "AUTH_REQUIRED")
    again = browser.send("POST", "/auth/refresh", json={}, headers=csrf)
    assert code_of(again) == (401, "AUTH_REQUIRED")


def test_logging_out_with_a_bearer_token_sets_no_cookie(gym: TestGym) -> None:
    response = gym.api("client").raw("POST", "/auth/logout")
    assert cookies_of(response) == {}


@pytest.mark.parametrize("way", ["path", "header"])
def test_gyms_on_one_host_never_mix(gym: TestGym, other_gym: TestGym, way: str) -> None:
    here, there = WAYS[way](gym), WAYS[way](other_gym)
    there.client = here.client
    here.log_in("client")
    assert code_of(there.send("GET", "/me")) == (401, "AUTH_REQUIRED")
    there.log_in("coach")
    for browser, user in ((here, gym.user("client")), (there, other_gym.user("coach"))):
        me = browser.send("GET", "/me").get_json()["data"]
        assert me["id"] == str(user)
        alias = browser.send(
            "PATCH", "/me", json={"alias": "A"}, headers=browser.csrf()
        )
        assert alias.status_code == 200
    here.send("POST", "/auth/logout", headers=here.csrf())
    assert there.send("GET", "/me").status_code == 200


def test_a_cookie_of_another_gym_is_refused(gym: TestGym, other_gym: TestGym) -> None:
    here, there = Browser.own_host(gym), Browser.own_host(other_gym)
    token = cookies_of(here.log_in())["palestra_access"]["value"]
    there.client.set_cookie("palestra_access", token, domain=there.base[7:])
    assert code_of(there.send("GET", "/me")) == (403, "TENANT_MISMATCH")


def test_the_csrf_token_is_not_told_by_the_session_s_id(gym: TestGym) -> None:
    identity = gym.app.platform.identity
    assert isinstance(identity, JwtIdentity)
    key_of_another = replace(
        gym.installation.settings,
        auth=replace(gym.installation.settings.auth, encryption_key=b"x" * 32),
    )
    other = SessionCookies(key_of_another)
    assert identity.cookies.csrf_of(gym.id) != other.csrf_of(gym.id)
    assert len(other.csrf_of(gym.id)) == 43
