"""API keys as callers: verified on every request, their use noted now and then."""

import hmac
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core.access import RowScope
from core.auth.apikeys.repository import api_keys
from core.auth.models import ApiKey
from core.clock import utc_now
from core.context import Actor, Gym
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.db.unit import UnitOfWork
from core.errors import AuthRequired, Unavailable
from core.http.ports import KeyClaims
from core.rbac.roles import Roles

NOTED_EVERY: Final = timedelta(minutes=1)
_MAX_KEYS: Final = 20_000

_STANDING = Statement(
    select(ApiKey).where(ApiKey.id == given("id"), ApiKey.revoked_at.is_(None))
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """A key as of one version of it and one of its gym."""

    key_version: int
    gym_version: int
    digest: bytes
    expires_at: datetime
    actor: Actor


class KeyCallers:
    """Knows callers by their API keys.

    Args:
        roles: Knows which permissions exist in a gym.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._cache: dict[tuple[UUID, UUID], _Known] = {}
        self._noted: dict[UUID, float] = {}
        self._lock = threading.Lock()

    def actor(
        self,
        session: TenantSession,
        claims: KeyClaims,
        gym: Gym,
        version: int | None,
    ) -> Actor:
        """The key's rights of this moment.

        Args:
            session: The request's transaction.
            claims: Of the key as it was sent.
            gym: The gym as of its current version.
            version: The key's current version; None for an id that never was one.

        Raises:
            AuthRequired: There is no such key, its secret is another, it was
                revoked or has run out.
        """
        if version is None:
            raise AuthRequired
        known = self._cache.get((gym.id, claims.key_id))
        if (
            known is None
            or known.key_version != version
            or known.gym_version != gym.version
        ):
            known = self._load(session, claims.key_id, gym, version)
        if not hmac.compare_digest(known.digest, claims.digest):
            raise AuthRequired
        if known.expires_at <= utc_now():
            raise AuthRequired("This API key has run out.")
        return known.actor

    def note_use(self, units: UnitOfWork, tenant_id: UUID, key_id: UUID) -> None:
        """Notes that a key was used, in a transaction of its own.

        At most once a minute for each key; most requests write nothing. The request
        has been answered by now, so a database that is away loses the note only.
        """
        if not self._is_due(key_id):
            return
        try:
            units.run(
                lambda _session: api_keys.used(key_id, utc_now(), NOTED_EVERY),
                tenant_id=tenant_id,
            )
        except (DBAPIError, Unavailable) as error:
            log.warning("apikey.use_not_noted", reason=type(error).__name__)

    def _is_due(self, key_id: UUID) -> bool:
        now = time.monotonic()
        with self._lock:
            before = self._noted.get(key_id, float("-inf"))
            if now - before < NOTED_EVERY.total_seconds():
                return False
            if len(self._noted) >= _MAX_KEYS:
                self._noted.clear()
            self._noted[key_id] = now
        return True

    def _load(
        self, session: TenantSession, key_id: UUID, gym: Gym, version: int
    ) -> _Known:
        row: ApiKey | None = session.read_one(_STANDING, id=key_id)
        if row is None:
            raise AuthRequired
        catalogue = self._roles.catalogue(gym)
        held = frozenset(
            name
            for name in row.permissions
            if name in catalogue and not catalogue[name].people_only
        )
        actor = Actor(
            kind="api_key",
            permissions=held,
            scope=RowScope(row.scope),
            api_key_id=key_id,
        )
        known = _Known(version, gym.version, row.digest, row.expires_at, actor)
        with self._lock:
            if len(self._cache) >= _MAX_KEYS:
                self._cache.clear()
            self._cache[gym.id, key_id] = known
        return known
