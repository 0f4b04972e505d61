"""Logging in and out, refreshing, registering."""

from typing import Any
from uuid import UUID

from flask import Response, request

from core.auth.endpoints.access import identity
from core.auth.endpoints.handing import hand_out, logged_out, presented
from core.auth.endpoints.known_devices import CHALLENGE, DEVICE, guard
from core.auth.errors import AuthLocked, ChallengeRequired, TokenReused
from core.auth.login import log_in
from core.auth.schemas import (
    LoginBody,
    RefreshBody,
    SessionOut,
    TokensOut,
)
from core.auth.sessions import end_own, list_own, rotate
from core.auth.totp.errors import TotpInvalid, TotpRequired
from core.context import current
from core.errors import (
    AuthRequired,
    CsrfRefused,
    InvalidCredentials,
    NotFound,
    Unprocessable,
)
from core.http.blueprint import Blueprint
from core.http.pipeline import step

auth = Blueprint("auth", prefix="/auth", tag="Authentication")

_USER = {
    "id": "01a00000-0000-7000-8000-000000000001",
    "email": "ada@example.com",
    "username": None,
    "name": "Ada Example",
    "phone": "+4930123456",
    "role": "client",
    "status": "active",
    "locale": "en",
    "alias": None,
    "avatarUrl": None,
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-01T09:00:00Z",
    "version": 1,
}
_TOKENS = {
    "accessToken": "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9…",
    "refreshToken": "q8J3v0rXw1nD4m…",
    "expiresIn": 900,
    "user": _USER,
}


@auth.post(
    "/login",
    summary="Log in",
    public=True,
    stepwise=True,
    body=LoginBody,
    returns=TokensOut,
    errors=[
        AuthLocked,
        ChallengeRequired,
        InvalidCredentials,
        TotpInvalid,
        TotpRequired,
        Unprocessable,
    ],
    parameters=[DEVICE, CHALLENGE],
    example=_TOKENS,
    request_example={"login": "ada@example.com", "password": "Nine-Lamps-Glow-42"},
)
def login(body: dict[str, Any]) -> Response:
    """Gives an access token and a refresh token for an e-mail or user name.

    In the mode `cookie` they are set as cookies and the body holds neither. An account
    with a second factor needs its code as `totp`.

    After failures the account is shut for a growing time (429 `AUTH_LOCKED`). A device
    on which one has logged in is counted apart: the browser keeps a cookie for that,
    others send the `deviceToken` of the last answer as `X-Device`.
    """
    names = [body[key] for key in ("login", "email") if key in body]
    if len(names) != 1:
        raise Unprocessable(
            details={"body": {"login": ["Give either login or email."]}}
        )
    opened = log_in(
        login=names[0],
        password=body["password"],
        user_agent=request.headers.get("User-Agent"),
        settings=identity().settings,
        step=step,
        second_factor=lambda user_id: identity().second_factors.challenge(
            user_id, body.get("totp"), step
        ),
        guard=guard(),
    )
    return hand_out(opened, mode=body["mode"], remembers=True)


@auth.post(
    "/refresh",
    summary="Exchange a refresh token",
    public=True,
    body=RefreshBody,
    returns=TokensOut,
    errors=[AuthRequired, CsrfRefused, TokenReused, Unprocessable],
    example=_TOKENS,
    request_example={"refreshToken": "q8J3v0rXw1nD4m…"},
)
def refresh(body: dict[str, Any]) -> Response:
    """Uses the token up and gives its successor, in the same mode.

    Within ten seconds the token just used answers the same successor again, for two
    tabs that race; used again later, it ends the log-in it belongs to.
    """
    token, mode = presented(body)
    return hand_out(rotate(token, identity().settings), mode=mode)


@auth.post(
    "/logout",
    summary="End this log-in",
    signed_in=True,
    during_setup=True,
    status=204,
)
def logout() -> Response:
    """Its tokens are void from the next request on; cookies are cleared."""
    end_own(current().actor.session_id)
    return logged_out()


@auth.post(
    "/logout-all",
    summary="End all my log-ins",
    signed_in=True,
    during_setup=True,
    status=204,
)
def logout_all() -> Response:
    """The tokens of every device are void from the next request on."""
    end_own()
    return logged_out()


@auth.get(
    "/sessions",
    summary="My log-ins",
    signed_in=True,
    returns=SessionOut,
    many=True,
    example=[
        {
            "id": "01a00000-0000-7000-8000-000000000002",
            "createdAt": "2026-03-01T09:00:00Z",
            "lastUsedAt": "2026-03-02T07:30:00Z",
            "expiresAt": "2026-05-30T09:00:00Z",
            "address": "203.0.113.7",
            "userAgent": "Mozilla/5.0",
            "current": True,
        }
    ],
)
def sessions() -> list[dict[str, Any]]:
    """Those that have not ended, the last used first."""
    return list_own()


@auth.delete(
    "/sessions/<uuid:session_id>",
    summary="End one of my log-ins",
    signed_in=True,
    status=204,
    errors=[NotFound],
)
def end_session(session_id: UUID) -> None:
    """Its tokens are void from the next request on."""
    end_own(session_id)
