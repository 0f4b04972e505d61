"""Who calls: the token or cookie read, and the rights of this moment behind it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from flask import Request
from sqlalchemy import select

from core.access import Permission
from core.auth.apikeys import text as api_key_text
from core.auth.apikeys.callers import KeyCallers
from core.auth.cookies import SAFE_METHODS, SessionCookies, require_csrf
from core.auth.keys import KeyRing
from core.auth.models import AuthSession, User, UserStatus
from core.auth.passwords import allow_parallel
from core.auth.repository import users
from core.auth.tokens import AccessTokens
from core.auth.totp.repository import is_enabled
from core.auth.totp.service import SecondFactors, is_required
from core.clock import utc_now
from core.config import AuthSettings, Settings
from core.context import Actor, Gym
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.errors import AuthRequired
from core.http.ports import Claims, KeyClaims, TokenClaims
from core.rbac.roles import NOTHING, Roles

_MAX_ACTORS: Final = 20_000
_MAX_SESSIONS: Final = 64

_STANDING = Statement(select(User.role, User.status).where(User.id == given("id")))
_ENDS = Statement(
    select(AuthSession.expires_at).where(
        AuthSession.id == given("session_id"),
        AuthSession.user_id == given("user_id"),
        AuthSession.revoked_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class _Cached:
    """A user's actor without a session, and one for each log-in seen to be live.

    Attributes:
        user_version: The version it is valid for, as is ``gym_version``.
        sessions: Log-in session → when it ends by itself, and its actor.
    """

    user_version: int
    gym_version: int
    actor: Actor
    sessions: Mapping[UUID, tuple[datetime, Actor]]


class JwtIdentity:
    """Knows callers by their access tokens and API keys.

    Implements ``core.http.ports.Identity``. What it caches about a user is valid for
    exactly one version of the user and one of the gym, which the request's opening
    message reads, so a change of rights needs no message between processes.

    Args:
        settings: Of the installation.
        keys: The keys that sign tokens.
        permissions: Gives every permission that core and plugins declare, by name.

    Attributes:
        tokens: Issues and verifies access tokens.
        roles: What each role may do.
        api_keys: Knows callers by their API keys.
        cookies: The log-ins that browsers keep.
        second_factors: What some people log in with besides a password.
        settings: How long tokens live.
    """

    def __init__(
        self,
        settings: Settings,
        keys: KeyRing,
        permissions: Callable[[], Mapping[str, Permission]],
    ) -> None:
        self.keys = keys
        self.tokens = AccessTokens(settings, keys)
        self.roles = Roles(permissions)
        self.api_keys = KeyCallers(self.roles)
        self.cookies = SessionCookies(settings)
        self.second_factors = SecondFactors(settings)
        self.settings: AuthSettings = settings.auth
        self._cache: dict[tuple[UUID, UUID], _Cached] = {}
        self._lock = threading.Lock()
        allow_parallel(settings.auth.parallel_hashes)

    def identify(self, request: Request) -> Claims | None:
        """Reads the bearer token or the cookie; None when the request carries none.

        With both, the bearer token counts. An access token is verified here. Of an
        API key only the form is; the rest is in the database.

        Raises:
            AuthRequired: The token is not one of ours, or of another kind.
            TokenExpired: It has run out.
            CsrfRefused: A cookie vouches for an unsafe request that does not show
                the CSRF token.
        """
        header = request.headers.get("Authorization")
        if header is None:
            return self._from_cookie(request)
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise AuthRequired
        return self._read(token.strip())

    def role_is_held(self, role: str) -> bool:
        """Says whether somebody in the current gym has ``role``."""
        return users.any_of_role(role)

    def actor(
        self,
        session: TenantSession,
        claims: Claims,
        gym: Gym,
        version: int | None,
    ) -> Actor:
        """The user or key behind the claims, with the rights of this moment.

        Args:
            session: The request's transaction.
            claims: Of the token or key.
            gym: The gym as of its current version.
            version: The user's or key's current version; None when it is gone.

        Raises:
            AuthRequired: The user is gone or shut, the log-in has ended, or the key
                is not good.
        """
        if isinstance(claims, KeyClaims):
            return self.api_keys.actor(session, claims, gym, version)
        if version is None or claims.session_id is None:
            raise AuthRequired
        place = (claims.tenant_id, claims.user_id)
        known = self._cache.get(place)
        if (
            known is None
            or known.user_version != version
            or known.gym_version != gym.version
        ):
            known = self._load(session, claims.user_id, gym, version)
        if claims.session_id not in known.sessions:
            known = _with_session(session, known, claims)
        self._keep(place, known)
        ends, actor = known.sessions[claims.session_id]
        if ends <= utc_now():
            raise AuthRequired
        return actor

    def _from_cookie(self, request: Request) -> TokenClaims | None:
        token = self.cookies.access_token(request)
        if token is None:
            return None
        claims = self.tokens.verify(token)
        if request.method not in SAFE_METHODS:
            require_csrf(request, claims.csrf)
        return claims

    def _read(self, token: str) -> Claims:
        if not token.startswith(api_key_text.MARK):
            return self.tokens.verify(token)
        try:
            return api_key_text.read(token)
        except ValueError as error:
            raise AuthRequired from error

    def _load(
        self, session: TenantSession, user_id: UUID, gym: Gym, version: int
    ) -> _Cached:
        found = session.read_one(_STANDING, id=user_id)
        if found is None or found.status != UserStatus.ACTIVE:
            raise AuthRequired
        restricted = is_required(gym, found.role) and not is_enabled(session, user_id)
        rights = NOTHING if restricted else self.roles.rights(gym, found.role)
        actor = Actor(
            kind="user",
            user_id=user_id,
            role=found.role,
            permissions=rights.permissions,
            scope=rights.scope,
            restricted=restricted,
        )
        return _Cached(version, gym.version, actor, {})

    def _keep(self, place: tuple[UUID, UUID], known: _Cached) -> None:
        if self._cache.get(place) is known:
            return
        with self._lock:
            if len(self._cache) >= _MAX_ACTORS:
                self._cache.clear()
            self._cache[place] = known


def _with_session(
    session: TenantSession, known: _Cached, claims: TokenClaims
) -> _Cached:
    """Adds the token's log-in, which began after the user was cached."""
    ends: datetime | None = session.read_value(
        _ENDS, session_id=claims.session_id, user_id=claims.user_id
    )
    if ends is None or claims.session_id is None:
        raise AuthRequired
    held = known.sessions if len(known.sessions) < _MAX_SESSIONS else {}
    actor = replace(known.actor, session_id=claims.session_id)
    return replace(known, sessions={**held, claims.session_id: (ends, actor)})
