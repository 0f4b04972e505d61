"""The gyms as this process knows them, never staler than the version probe allows."""

import threading
import time
from collections.abc import Iterator
from typing import TypeVar
from uuid import UUID

from flask import Request

from core.context import Gym
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.errors import TenantUnknown
from core.http.tenancy import PATH_SLUG
from core.plugin.directory import TenantDirectory

Name = tuple[str, str]
"""``("slug", …)`` or ``("host", …)``."""

Kept = TypeVar("Kept")

_ASK_AGAIN_S = 5.0
_MAX_NAMES = 50_000
_MAX_GYMS = 5_000


class GymCache:
    """Resolves requests to gyms and keeps each gym for exactly one version."""

    def __init__(
        self, directory: TenantDirectory, units: UnitOfWork, base_domain: str
    ) -> None:
        self._directory = directory
        self._units = units
        self._suffix = f".{base_domain.lower()}"
        self._base = base_domain.lower()
        self._known: dict[Name, UUID] = {}
        self._strays: dict[Name, float] = {}
        self._gyms: dict[UUID, Gym] = {}
        self._lock = threading.Lock()

    def resolve(self, request: Request) -> UUID | None:
        """The gym that a request addresses: host, then path prefix, then header.

        Raises:
            TenantUnknown: The request names no gym.
        """
        names = list(self._names_in(request))
        if not names:
            raise TenantUnknown
        for name in names:
            found = self._known.get(name) or self._look_up(name)
            if found is not None:
                return found
        return None

    def _look_up(self, name: Name) -> UUID | None:
        """Asks the registry, not more often than ``_ASK_AGAIN_S`` for a stray name."""
        now = time.monotonic()
        if self._strays.get(name, 0) > now:
            return None
        kind, value = name
        with self._units.open(None) as session:
            found = self._directory.find(
                session,
                slug=value if kind == "slug" else None,
                host=value if kind == "host" else None,
            )
        if found is None:
            self._remember(self._strays, name, now + _ASK_AGAIN_S)
        else:
            self._remember(self._known, name, found)
        return found

    def at_version(
        self, session: TenantSession, tenant_id: UUID, version: int | None
    ) -> Gym | None:
        """The gym as of ``version``, read in this transaction when it is newer."""
        if version is None:
            self._forget(tenant_id)
            return None
        gym = self._gyms.get(tenant_id)
        if gym is None or gym.version != version:
            gym = self._directory.load(session, tenant_id)
            if gym is None:
                self._forget(tenant_id)
                return None
            self._drop_old_names(gym)
            with self._lock:
                if len(self._gyms) >= _MAX_GYMS:
                    self._gyms.clear()
                self._gyms[tenant_id] = gym
        return gym

    def last_known(self, request: Request) -> Gym | None:
        """The gym that a request addresses, as this process last saw it.

        Asks no database and may be out of date, so it decides nothing but who may
        read a refusal.
        """
        for name in self._names_in(request):
            tenant_id = self._known.get(name)
            if tenant_id is not None:
                return self._gyms.get(tenant_id)
        return None

    def _names_in(self, request: Request) -> Iterator[Name]:
        """The names a request gives its gym, the strongest first."""
        host = request.host
        if not host.endswith("]"):
            host = host.rpartition(":")[0] or host
        host = host.lower().rstrip(".")
        if host.endswith(self._suffix):
            yield ("slug", host.removesuffix(self._suffix))
            return
        if host not in {"", self._base, "localhost", "127.0.0.1", "[::1]"}:
            yield ("host", host)
        slug = request.environ.get(PATH_SLUG) or request.headers.get("X-Tenant")
        if slug:
            yield ("slug", str(slug).lower()[:64])

    def _remember(self, names: dict[Name, Kept], name: Name, value: Kept) -> None:
        with self._lock:
            if len(names) >= _MAX_NAMES:
                names.clear()
            names[name] = value

    def _drop_old_names(self, gym: Gym) -> None:
        """Forgets slugs and domains that this gym gave up."""
        current = {("slug", gym.slug), *(("host", domain) for domain in gym.domains)}
        with self._lock:
            for name in [n for n, owner in self._known.items() if owner == gym.id]:
                if name not in current:
                    del self._known[name]

    def _forget(self, tenant_id: UUID) -> None:
        with self._lock:
            self._gyms.pop(tenant_id, None)
            for name in [n for n, owner in self._known.items() if owner == tenant_id]:
                del self._known[name]
