"""No kind of token stands in for another: each kind, in each place."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from itertools import product
from secrets import token_bytes
from typing import Any, cast
from uuid import UUID

import jwt
import pytest
from werkzeug.test import TestResponse

from core.auth import cookies
from core.auth.account_models import LinkPurpose
from core.auth.identity import JwtIdentity
from core.auth.links import issue
from core.testing.kit import PASSWORD, ApiClient, TestGym


class Tokens:
    """One of every kind, all of the gym's admin and all good in their own place."""

    def __init__(self, gym: TestGym) -> None:
        self.gym = gym
        self.admin = gym.user("admin")
        self.identity = cast("JwtIdentity", gym.app.platform.identity)

    def logged_in(self) -> dict[str, Any]:
        body = {"login": self.gym.email("admin"), "password": PASSWORD}
        tokens: dict[str, Any] = self.gym.api().post("/auth/login", body, expect=200)
        return tokens

    def signed(self, **changed: str) -> str:
        """What the access token says but for ``changed``, signed by our own key."""
        real = self.logged_in()["accessToken"]
        claims = jwt.decode(real, options={"verify_signature": False})
        key = self.identity.keys.signer()
        return jwt.encode(
            {**claims, **changed}, key.private, "RS256", headers={"kid": key.kid}
        )

    def api_key(self) -> str:
        wanted = {"name": "Export", "permissions": ["users.user.read"]}
        key: str = self.gym.api("admin").post("/api-keys", wanted)["key"]
        return key

    def link(self) -> str:
        """Good for choosing a new password."""
        with self.gym.unit():
            return issue(self.admin, LinkPurpose.RESET)

    def csrf(self) -> str:
        session_id = jwt.decode(
            self.logged_in()["accessToken"], options={"verify_signature": False}
        )["sid"]
        return self.identity.cookies.csrf_of(UUID(session_id))


KINDS: dict[str, Callable[[Tokens], str]] = {
    "access": lambda tokens: tokens.logged_in()["accessToken"],
    "refresh": lambda tokens: tokens.logged_in()["refreshToken"],
    "api key": Tokens.api_key,
    "api key, cut": lambda tokens: tokens.api_key()[:-1],
    "csrf": Tokens.csrf,
    "device": lambda tokens: tokens.logged_in()["deviceToken"],
    "link in a mail": Tokens.link,
    # Whether opaque or signed, its form alone must never make it something else.
    "opaque": lambda _tokens: urlsafe_b64encode(token_bytes(32)).rstrip(b"=").decode(),
    "signed link": lambda tokens: tokens.signed(type="link", aud="palestra:link"),
    "signed refresh": lambda tokens: tokens.signed(
        type="refresh", aud="palestra:refresh"
    ),
    "half a log-in": lambda tokens: tokens.signed(type="mfa", aud="palestra:mfa"),
    "another type": lambda tokens: tokens.signed(type="link"),
    "another audience": lambda tokens: tokens.signed(aud="palestra:link"),
    "another issuer": lambda tokens: tokens.signed(iss="https://elsewhere.example"),
    "user id": lambda tokens: str(tokens.admin),
}


def as_bearer(gym: TestGym, token: str) -> TestResponse:
    return ApiClient(gym.app, gym.slug, token).raw("GET", "/users")


def as_basic(gym: TestGym, token: str) -> TestResponse:
    sent = b64encode(f"x:{token}".encode()).decode()
    headers = {"Authorization": f"Basic {sent}"}
    return gym.api().raw("GET", "/users", headers=headers)


def as_access_cookie(gym: TestGym, token: str) -> TestResponse:
    # Where the header names the gym, the name of the cookie does too.
    cookie = f"{cookies.ACCESS}_{gym.slug}={token}"
    client = gym.app.test_client(use_cookies=False)
    headers = {"X-Tenant": gym.slug, "Cookie": cookie}
    return client.get("/api/v1/users", headers=headers)


def as_refresh_token(gym: TestGym, token: str) -> TestResponse:
    return gym.api().raw("POST", "/auth/refresh", json={"refreshToken": token})


Send = Callable[[TestGym, str], TestResponse]

PLACES: dict[str, tuple[Send, set[str]]] = {
    "Authorization: Bearer": (as_bearer, {"access", "api key"}),
    "Authorization: Basic": (as_basic, set()),
    "access cookie": (as_access_cookie, {"access"}),
    "refresh body": (as_refresh_token, {"refresh"}),
}


@pytest.mark.parametrize(("place", "kind"), list(product(PLACES, KINDS)))
def test_a_token_is_good_in_its_own_place_only(
    gym: TestGym, place: str, kind: str
) -> None:
    send, belongs = PLACES[place]
    token = KINDS[kind](Tokens(gym))
    response = send(gym, token)
    if kind in belongs:
        assert response.status_code == 200, response.get_json()
    else:
        assert response.status_code == 401, response.get_json()
        assert response.get_json()["error"]["code"] == "AUTH_REQUIRED"
