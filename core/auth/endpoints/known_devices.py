"""The device token on its way: a cookie for browsers, a header for other programs."""

from typing import Any, Final

from flask import Response, request

from core.auth.devices import CHALLENGE_HEADER, HEADER, Devices, Guard
from core.auth.endpoints.access import settings
from core.auth.models import User
from core.auth.schemas import COOKIE
from core.context import current
from core.http.tenancy import PATH_SLUG

NAME: Final = "palestra_device"
MAX_TOKEN: Final = 128
"""Characters; ours have 96."""

_SECONDS: Final = 400 * 24 * 3600
"""The longest that browsers keep a cookie."""

DEVICE: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The `deviceToken` of an earlier log-in on this device.",
    "schema": {"type": "string", "maxLength": MAX_TOKEN},
}
CHALLENGE: Final[dict[str, Any]] = {
    "name": CHALLENGE_HEADER,
    "in": "header",
    "required": False,
    "description": "The answer to the challenge of `AUTH_CHALLENGE_REQUIRED`.",
    "schema": {"type": "string", "maxLength": 4096},
}


def guard() -> Guard:
    """Counts this request's log-in."""
    return Guard.of(
        settings(),
        device=request.headers.get(HEADER) or request.cookies.get(_name()),
        answer=request.headers.get(CHALLENGE_HEADER),
    )


def remember(user: User, *, mode: str, response: Response | None = None) -> str | None:
    """Makes this device one of the account's.

    Args:
        user: Who proved to be the account's owner.
        mode: How tokens travel; in the cookie mode it is set as a cookie.
        response: Where the cookie goes.

    Returns:
        The device token where the caller keeps it; None where the browser does.
    """
    if user.password_hash is None:
        return None
    gym = current().require_gym()
    token = Devices.of(settings()).token(gym.id, user.id, user.password_hash)
    if mode != COOKIE or response is None:
        return token
    response.set_cookie(
        _name(),
        token,
        max_age=_SECONDS,
        path=request.script_root or "/",
        secure=settings().http.secure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return None


def _name() -> str:
    """The cookie's name; with the slug where a header alone names the gym."""
    if PATH_SLUG in request.environ:
        return NAME
    return f"{NAME}_{current().require_gym().slug}"
