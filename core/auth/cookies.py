"""Cookie mode: a log-in that the browser keeps, and the CSRF token beside it.

Three cookies: the access token, the refresh token, and the CSRF token, which alone is
readable for scripts. On a host of a gym's own they are host-only; below ``/t/<slug>``
they are limited to that path. Where gyms share a host and are told apart by
``X-Tenant``, the browser cannot keep the cookies apart, so their names carry the slug.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Request, Response

from core.config import Settings
from core.config.secrets import derive_keys
from core.errors import CsrfRefused
from core.http.blueprint import API
from core.http.tenancy import PATH_SLUG

ACCESS: Final = "palestra_access"
REFRESH: Final = "palestra_refresh"
CSRF: Final = "palestra_csrf"
CSRF_HEADER: Final = "X-CSRF-Token"

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""They change nothing, so a page elsewhere gains nothing by having them sent."""

REFRESH_PATH: Final = f"{API}/auth/refresh"

_SLUG: Final = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Handed:
    """What goes into the cookies of one log-in."""

    access: str
    refresh: str
    csrf: str


class SessionCookies:
    """Writes, reads and clears the cookies of log-ins.

    Args:
        settings: Whether cookies need HTTPS, their domain, how long they are kept.
    """

    def __init__(self, settings: Settings) -> None:
        self._secure = settings.http.secure_cookies
        self._domain = settings.http.cookie_domain
        # All three as long as the refresh token: with the access token's cookie
        # gone, its end could not be told from never having logged in.
        self._seconds = int(settings.auth.refresh_ttl.total_seconds())
        self._settings = settings

    def csrf_of(self, session_id: UUID) -> str:
        """The CSRF token of a log-in: HMAC-SHA256 over its id, the same until its end.

        It does not change when tokens are refreshed, so that a tab which read the
        cookie a moment before another one refreshed is not refused.
        """
        return self.every_csrf_of(session_id)[0]

    def every_csrf_of(self, session_id: UUID) -> list[str]:
        """That token, then those that former master keys gave the log-in."""
        return [
            urlsafe_b64encode(hmac.digest(key, session_id.bytes, "sha256"))
            .rstrip(b"=")
            .decode()
            for key in derive_keys(self._settings, "csrf")
        ]

    def put(self, request: Request, response: Response, handed: Handed) -> None:
        """Sets the cookies, and tells the CSRF token in a header too.

        A page of another origin cannot read the cookies of this host; where the gym
        allows its origin, it reads the header.
        """
        self._set(request, response, ACCESS, handed.access)
        self._set(request, response, REFRESH, handed.refresh)
        self._set(request, response, CSRF, handed.csrf)
        response.headers[CSRF_HEADER] = handed.csrf

    def clear(self, request: Request, response: Response) -> None:
        """Has the browser drop the cookies."""
        for kind in (ACCESS, REFRESH, CSRF):
            self._set(request, response, kind, None)

    def access_token(self, request: Request) -> str | None:
        """The access token that the browser sent along."""
        return request.cookies.get(_name(request, ACCESS)) or None

    def refresh_token(self, request: Request) -> str | None:
        """The refresh token that the browser sent along."""
        return request.cookies.get(_name(request, REFRESH)) or None

    def _set(
        self, request: Request, response: Response, kind: str, value: str | None
    ) -> None:
        response.set_cookie(
            _name(request, kind),
            value or "",
            max_age=self._seconds if value else 0,
            expires=None if value else 0,
            path=_path(request, kind),
            domain=self._domain_for(request),
            secure=self._secure,
            httponly=kind != CSRF,
            samesite="Lax",
        )

    def _domain_for(self, request: Request) -> str | None:
        """The configured domain, where this host is in it; else host-only.

        A browser drops a cookie for a domain that its host is not in, as a gym's own
        domain is not in the platform's.
        """
        host = request.host.rpartition(":")[0] or request.host
        wanted = self._domain
        if wanted is not None and f".{host.lower()}".endswith(f".{wanted}"):
            return wanted
        return None


def require_csrf(request: Request, *expected: str | None) -> None:
    """Holds an unsafe request to the CSRF token of its log-in.

    Args:
        request: The request that cookies vouch for.
        expected: The token of the log-in, in every form that still holds; None for a
            token that was issued for another way than cookies, and so is refused.

    Raises:
        CsrfRefused: The header is missing, empty or another.
    """
    sent = request.headers.get(CSRF_HEADER, "")
    # Bytes, because a text beyond ASCII cannot be compared in constant time.
    raw = sent.encode("utf-8", "surrogatepass")
    if not any(one and hmac.compare_digest(raw, one.encode()) for one in expected):
        raise CsrfRefused


def _name(request: Request, kind: str) -> str:
    """The cookie's name; with the slug where a header alone names the gym."""
    if PATH_SLUG in request.environ:
        return kind
    slug = request.headers.get("X-Tenant", "").lower()
    return f"{kind}_{slug}" if _SLUG.fullmatch(slug) else kind


def _path(request: Request, kind: str) -> str:
    mount = request.script_root
    return mount + REFRESH_PATH if kind == REFRESH else mount or "/"
