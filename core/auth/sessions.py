"""Log-in sessions and the rotation of their refresh tokens.

A refresh token is good for one use. Using it gives a successor that can be computed
again from the used token and a salt kept beside it, so that a second tab racing with
the first gets the very same successor; the salt and the digest alone give nothing.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from core.audit.recorder import record_event
from core.auth.errors import TokenReused
from core.auth.models import AuthSession, RefreshToken, User, UserStatus
from core.auth.repository import auth_sessions, refresh_tokens, users
from core.clock import utc_now
from core.config import AuthSettings
from core.context import current
from core.db.unit import session
from core.db.versions import bump
from core.db.writes import append
from core.errors import AuthRequired, NotFound
from core.ids import new_id

GRACE: Final = timedelta(seconds=10)
"""How long the token just used still answers, for two tabs that race."""
MAX_USER_AGENT: Final = 400

_PURPOSE: Final = b"palestra refresh successor"


@dataclass(frozen=True, slots=True)
class Opened:
    """A log-in with a fresh refresh token, which exists nowhere else in the clear."""

    user: User
    session_id: UUID
    refresh_token: str


@dataclass(frozen=True, slots=True)
class _Family:
    """A log-in as far as its refresh tokens go by it."""

    id: UUID
    user_id: UUID
    expires_at: datetime


def open_session(
    user: User, settings: AuthSettings, *, user_agent: str | None
) -> Opened:
    """Begins a log-in session with its first refresh token."""
    now = utc_now()
    family = _Family(new_id(), user.id, now + settings.refresh_absolute_ttl)
    row = {
        "id": family.id,
        "user_id": user.id,
        "created_at": now,
        "last_used_at": now,
        "address": current().address,
        "user_agent": (user_agent or "")[:MAX_USER_AGENT] or None,
        "expires_at": family.expires_at,
    }
    token = _encode(secrets.token_bytes(32))
    # What else changed in this unit of work comes first, as in any flush.
    session().flush()
    append(session(), AuthSession, [row])
    _keep(token, family, settings, parent=None)
    record_event("auth.login", "user", user.id, {"session": family.id}, user_id=user.id)
    return Opened(user, family.id, token)


def rotate(token: str, settings: AuthSettings) -> Opened:
    """Uses a refresh token and gives its successor.

    Raises:
        AuthRequired: The token is unknown or has ended, its log-in or account is
            shut, or it is an older token of a family that was just rotated.
        TokenReused: It was used before, longer ago than two racing tabs explain;
            the whole family is revoked, and that is kept although the call fails.
    """
    digest, now = digest_of(token), utc_now()
    salt = secrets.token_bytes(32)
    won = refresh_tokens.rotate(digest, now, salt)
    row = won or refresh_tokens.by_hash(digest)
    if row is None:
        raise AuthRequired
    family = auth_sessions.find(row.session_id)
    if family is None or family.revoked_at is not None or family.expires_at <= now:
        raise AuthRequired
    user = users.find(family.user_id)
    if user is None or user.status != UserStatus.ACTIVE:
        raise AuthRequired
    if won is None:
        return Opened(user, family.id, _same_again(token, row))
    auth_sessions.use(family.id, now)
    successor = successor_of(token, salt)
    held = _Family(family.id, family.user_id, family.expires_at)
    _keep(successor, held, settings, parent=row.id)
    return Opened(user, family.id, successor)


def session_of(token: str) -> UUID | None:
    """The log-in that a refresh token belongs to, whether or not it is still good."""
    row = refresh_tokens.by_hash(digest_of(token))
    return row.session_id if row is not None else None


def end_own(session_id: UUID | None = None) -> None:
    """Ends one log-in of the caller, or all of them, from the next request on.

    Raises:
        NotFound: The caller has no such log-in, or it has ended.
    """
    user_id = current().actor.user_id
    if user_id is None:
        raise AuthRequired
    if not end_sessions(user_id, only=session_id) and session_id is not None:
        raise NotFound


def list_own() -> list[dict[str, Any]]:
    """The caller's log-ins that have not ended, the last used first."""
    actor = current().actor
    if actor.user_id is None:
        raise AuthRequired
    return [
        {
            "id": row.id,
            "created_at": row.created_at,
            "last_used_at": row.last_used_at,
            "expires_at": row.expires_at,
            "address": row.address,
            "user_agent": row.user_agent,
            "current": row.id == actor.session_id,
        }
        for row in auth_sessions.live(actor.user_id, utc_now())
    ]


def end_sessions(user_id: UUID, *, only: UUID | None = None) -> int:
    """Ends log-ins of a person and makes their access tokens void at commit.

    Returns:
        How many log-ins were live.
    """
    ended = auth_sessions.end(user_id, utc_now(), only)
    if ended:
        bump(session(), user_id)
    return ended


def digest_of(token: str) -> bytes:
    """What is stored of a token; it has 256 random bits, so no salt is needed."""
    return hashlib.sha256(token.encode()).digest()


def successor_of(token: str, salt: bytes) -> str:
    """The token that follows ``token``: HMAC-SHA256 under it, over the salt."""
    return _encode(hmac.digest(token.encode(), _PURPOSE + salt, "sha256"))


def _same_again(token: str, row: RefreshToken) -> str:
    """Answers a token that lost the race, or was used before.

    Raises:
        AuthRequired: It has run out, or its successor was used as well.
        TokenReused: It was used longer ago than the grace.
    """
    if row.rotated_at is None or row.successor_salt is None:
        raise AuthRequired  # not used, so it was its own end that refused it
    if utc_now() - row.rotated_at > GRACE:
        end_sessions(row.user_id, only=row.session_id)
        told = {"session": row.session_id}
        record_event("auth.token_reused", "user", row.user_id, told)
        raise TokenReused
    successor = successor_of(token, row.successor_salt)
    child = refresh_tokens.by_hash(digest_of(successor))
    if child is None or child.rotated_at is not None:
        raise AuthRequired
    return successor


def _keep(
    token: str,
    family: _Family,
    settings: AuthSettings,
    *,
    parent: UUID | None,
) -> None:
    now = utc_now()
    row = {
        "user_id": family.user_id,
        "session_id": family.id,
        "token_hash": digest_of(token),
        "parent_id": parent,
        "created_at": now,
        "expires_at": min(now + settings.refresh_ttl, family.expires_at),
    }
    append(session(), RefreshToken, [row])


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
