"""How a log-in's tokens reach the caller: in the body, or in cookies."""

from typing import Any, Final
from uuid import UUID

from flask import Response, request

from core.auth.cookies import Handed, require_csrf
from core.auth.endpoints.access import identity
from core.auth.endpoints.known_devices import remember
from core.auth.schemas import BEARER, COOKIE, TokensOut
from core.auth.sessions import Opened, session_of
from core.context import current
from core.errors import AuthRequired, Unprocessable
from core.http.envelope import success
from core.http.shapes.dumping import dumper

_TOKENS: Final = TokensOut()


def hand_out(opened: Opened, *, mode: str, remembers: bool = False) -> Response:
    """Answers with fresh tokens.

    Args:
        opened: The log-in.
        mode: ``bearer`` or ``cookie``.
        remembers: Whether the device becomes one of the account's known ones.
    """
    told = {"expires_in": identity().tokens.lifetime, "user": opened.user}
    if mode == COOKIE:
        response = _in_cookies(opened, told)
        if remembers:
            remember(opened.user, mode=mode, response=response)
        return response
    if remembers:
        told["device_token"] = remember(opened.user, mode=mode)
    told["access_token"] = _access_token(opened, None)
    told["refresh_token"] = opened.refresh_token
    return _told(told)


def presented(body: dict[str, Any]) -> tuple[str, str]:
    """The refresh token that a request presents, and the mode it came in.

    One in the body counts before one in a cookie.

    Raises:
        AuthRequired: There is none, or the cookie's is unknown.
        CsrfRefused: The cookie's came without the CSRF token of its log-in.
        Unprocessable: The named mode is not that of the token.
    """
    given = body.get("refresh_token")
    mode = COOKIE if given is None else BEARER
    if body.get("mode", mode) != mode:
        raise Unprocessable(
            details={"body": {"mode": ["bearer takes refreshToken, cookie does not."]}}
        )
    if given is not None:
        return str(given), BEARER
    return _from_cookie(), COOKIE


def logged_out() -> Response:
    """An empty answer; who came with cookies loses them."""
    response = Response(status=204)
    if "Authorization" not in request.headers:
        identity().cookies.clear(request, response)
    return response


def _from_cookie() -> str:
    """The cookie's token, held to its CSRF token before anything is used up."""
    cookies = identity().cookies
    token = cookies.refresh_token(request)
    family: UUID | None = session_of(token) if token else None
    if token is None or family is None:
        raise AuthRequired
    require_csrf(request, *cookies.every_csrf_of(family))
    return token


def _in_cookies(opened: Opened, told: dict[str, Any]) -> Response:
    cookies = identity().cookies
    csrf = cookies.csrf_of(opened.session_id)
    response = _told(told)
    handed = Handed(_access_token(opened, csrf), opened.refresh_token, csrf)
    cookies.put(request, response, handed)
    return response


def _told(told: dict[str, Any]) -> Response:
    write = dumper(_TOKENS)
    return success(write(told), closed=write.closed)


def _access_token(opened: Opened, csrf: str | None) -> str:
    return identity().tokens.issue(
        tenant_id=current().require_gym().id,
        user_id=opened.user.id,
        session_id=opened.session_id,
        csrf=csrf,
    )
