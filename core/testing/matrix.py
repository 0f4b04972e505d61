"""Who may call which route: every kind of caller, and what a route must answer it.

What is expected follows from what the route declares, never from what it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from werkzeug.test import TestResponse

from core.access import Permission, Role
from core.auth.accounts import disable_user
from core.auth.jwk import ALGORITHM
from core.auth.keys import KeyRing
from core.clock import utc_now
from core.http.operation import Operation
from core.sdk.users import create_user
from core.testing.kit import PASSWORD, ApiClient, TestGym

_HOUR = 3600

Verdict = tuple[int | None, str | None]
"""Status and error code; ``ADMITTED`` where the route itself decides."""

ADMITTED: Verdict = (None, None)
STRANGER: Verdict = (401, "AUTH_REQUIRED")
EXPIRED: Verdict = (401, "AUTH_TOKEN_EXPIRED")
FOREIGN: Verdict = (403, "TENANT_MISMATCH")
REFUSED: Verdict = (403, "FORBIDDEN")

_AT_THE_DOOR = {STRANGER, EXPIRED, FOREIGN}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls.

    Attributes:
        name: As a failure shows it.
        api: The client that calls.
        role: The built-in role, for those who are logged in and good.
        verdict: What every guarded route answers those who are not.
        operator: Whether it is one who runs the installation: good on the operator's
            routes, and a stranger in every gym.
    """

    name: str
    api: ApiClient
    role: Role | None = None
    verdict: Verdict = STRANGER
    operator: bool = False


def callers(gym: TestGym, other_gym: TestGym) -> list[Caller]:
    """Every kind of caller of ``gym``: good ones by role, then all that are not."""
    good = [Caller(role.value, gym.api(role), role) for role in Role]
    token = gym.api(Role.ADMIN).token
    assert token is not None
    bad = {
        "a tampered token": _tampered(token),
        "an unsigned token": _unsigned(token),
        "no token at all": "",
        "a refresh token": _refresh_token(gym),
        **{name: _signed(gym, token, claims) for name, claims in _OTHER_KINDS.items()},
    }
    ran_out = int(utc_now().timestamp()) - _HOUR
    return [
        *good,
        Caller("a stranger", gym.api()),
        *(Caller(name, ApiClient(gym.app, gym.slug, one)) for name, one in bad.items()),
        Caller("a disabled admin", _disabled(gym)),
        Caller("an admin who logged out", _logged_out(gym)),
        Caller(
            "an admin whose token ran out",
            ApiClient(gym.app, gym.slug, _signed(gym, token, {"exp": ran_out})),
            verdict=EXPIRED,
        ),
        Caller(
            "another gym's admin",
            ApiClient(gym.app, gym.slug, other_gym.api(Role.ADMIN).token),
            verdict=FOREIGN,
        ),
    ]


_OTHER_KINDS: Mapping[str, Mapping[str, Any]] = {
    "a token of another type": {"type": "refresh"},
    "a token for another audience": {"aud": "palestra:invite"},
    "a token of another issuer": {"iss": "https://elsewhere.example"},
    "a token from the future": {"iat": 4_000_000_000},
    "a token that never ends": {"exp": None},
    "a token of nobody": {"sub": None},
    "a token without a log-in": {"sid": "00000000-0000-7000-8000-000000000000"},
}
"""Tokens that we signed, yet that open nothing: claims that differ, or are missing."""


def expected(operation: Operation, caller: Caller) -> Verdict:
    """What the route must answer at its door.

    Raises:
        LookupError: Nothing is known of routes of this reach: say it here first.
    """
    if operation.reach not in _REACHES:
        raise LookupError(f"Nobody said who may call {operation.reach} routes.")
    return _REACHES[operation.reach](operation, caller)


def _of_gym(operation: Operation, caller: Caller) -> Verdict:
    if operation.public or (operation.strangers_too and caller.api.token is None):
        return ADMITTED
    if caller.role is None:
        return caller.verdict
    return ADMITTED if _holds(caller.role, operation.permission) else REFUSED


def _of_installation(operation: Operation, _caller: Caller) -> Verdict:
    """Routes of the process know no gym and none of its users."""
    return ADMITTED if operation.public else STRANGER


def _of_operator(operation: Operation, caller: Caller) -> Verdict:
    """No user of any gym is the operator of all gyms, whatever their role."""
    return ADMITTED if operation.public or caller.operator else STRANGER


_REACHES: Mapping[str, Callable[[Operation, Caller], Verdict]] = {
    "gym": _of_gym,
    "installation": _of_installation,
    "operator": _of_operator,
}


def found(response: TestResponse) -> Verdict:
    """What the route answered at its door; ``ADMITTED`` when it let the caller in."""
    body = response.get_json(silent=True)
    error = body.get("error") if isinstance(body, dict) else None
    verdict = (response.status_code, error["code"] if error else None)
    if verdict in _AT_THE_DOOR:
        return verdict
    # A route may answer FORBIDDEN about a row; at the door it names the permission.
    if verdict == REFUSED and error and "permission" in error.get("details", {}):
        return REFUSED
    return ADMITTED


def _holds(role: Role, permission: Permission | None) -> bool:
    return permission is None or role in permission.roles


def _signed(gym: TestGym, token: str, claims: Mapping[str, Any]) -> str:
    """A token with other claims and a good signature of ours."""
    keys: KeyRing = gym.app.extensions["palestra-keys"]
    key = keys.signer()
    payload = jwt.decode(token, options={"verify_signature": False}) | dict(claims)
    present = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(
        present, key.private, algorithm=ALGORITHM, headers={"kid": key.kid}
    )


def _unsigned(token: str) -> str:
    payload = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(payload, "", algorithm="none")


def _tampered(token: str) -> str:
    """The same token with another letter in its signature."""
    head, letter, tail = token[:-20], token[-20], token[-19:]
    return head + ("A" if letter != "A" else "B") + tail


def _refresh_token(gym: TestGym) -> str:
    login = {"login": gym.email(Role.ADMIN), "password": PASSWORD}
    answer = gym.api().post("/auth/login", login, expect=200)
    token: str = answer["refreshToken"]
    return token


def _second_admin(gym: TestGym, name: str) -> ApiClient:
    with gym.unit():
        user = create_user(
            email=f"{name}@{gym.slug}.example", name=name, role=Role.ADMIN
        )
        user.status = "active"
        user_id = user.id
    return gym.api_for(user_id)


def _disabled(gym: TestGym) -> ApiClient:
    api = _second_admin(gym, "disabled")
    user_id = jwt.decode(api.token or "", options={"verify_signature": False})["sub"]
    with gym.unit():
        disable_user(user_id)
    return api


def _logged_out(gym: TestGym) -> ApiClient:
    api = _second_admin(gym, "gone")
    api.post("/auth/logout", expect=204)
    return api
