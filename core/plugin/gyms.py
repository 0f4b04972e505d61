"""The gyms as this process knows them, never staler than the version probe allows."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
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

_ASK_AGAIN_S = 5.0
_LATELY_S = 1.0
_MAX_STRAYS = 50_000
_MAX_GYMS = 20_000


@dataclass(slots=True)
class _Kept:
    """What is kept of a gym: itself once it was read, and names that lead to it.

    Attributes:
        true_at: When the database last said that it is as it was read.
    """

    gym: Gym | None = None
    true_at: float = 0.0
    names: set[Name] = field(default_factory=set)


class GymCache:
    """Resolves requests to gyms and keeps each gym for exactly one version.

    Kept are the gyms that were asked for last. Forgetting one costs what is kept of
    it, however many others there are.
    """

    def __init__(
        self, directory: TenantDirectory, units: UnitOfWork, base_domain: str
    ) -> None:
        self._directory = directory
        self._units = units
        self._suffix = f".{base_domain.lower()}"
        self._base = base_domain.lower()
        self._known: dict[Name, UUID] = {}
        self._strays: OrderedDict[Name, float] = OrderedDict()
        self._kept: OrderedDict[UUID, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        """Held by whoever changes one of the three."""

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
        with self._lock:
            if found is None:
                self._note_stray(name, now + _ASK_AGAIN_S)
            else:
                self._known[name] = found
                self._entry(found).names.add(name)
        return found

    def at_version(
        self, session: TenantSession, tenant_id: UUID, version: int | None
    ) -> Gym | None:
        """The gym as of ``version``, read in this transaction when it is newer."""
        if version is None:
            self._forget(tenant_id)
            return None
        gym = self._last_read(tenant_id, version)
        if gym is None:
            gym = self._directory.load(session, tenant_id)
            if gym is None:
                self._forget(tenant_id)
                return None
            self._keep(gym)
        return gym

    def lately(self, tenant_id: UUID) -> Gym | None:
        """The gym as it was within the last second; None where nobody has looked."""
        kept = self._kept.get(tenant_id)
        if kept is None or time.monotonic() - kept.true_at > _LATELY_S:
            return None
        return kept.gym

    def last_known(self, request: Request) -> Gym | None:
        """The gym that a request addresses, as this process last saw it.

        Asks no database and may be out of date, so it decides nothing but who may
        read a refusal.
        """
        for name in self._names_in(request):
            tenant_id = self._known.get(name)
            if tenant_id is not None:
                kept = self._kept.get(tenant_id)
                return None if kept is None else kept.gym
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

    def _last_read(self, tenant_id: UUID, version: int) -> Gym | None:
        """The gym if it was read at this version; it counts as asked for now."""
        with self._lock:
            kept = self._kept.get(tenant_id)
            if kept is None:
                return None
            self._kept.move_to_end(tenant_id)
            if kept.gym is None or kept.gym.version != version:
                return None
            kept.true_at = time.monotonic()
            return kept.gym

    def _keep(self, gym: Gym) -> None:
        """Keeps a gym as it was just read, without the names that it gave up."""
        current = {("slug", gym.slug), *(("host", domain) for domain in gym.domains)}
        with self._lock:
            kept = self._entry(gym.id)
            kept.gym, kept.true_at = gym, time.monotonic()
            self._drop_names(gym.id, kept.names - current)
            kept.names &= current

    def _forget(self, tenant_id: UUID) -> None:
        with self._lock:
            kept = self._kept.pop(tenant_id, None)
            if kept is not None:
                self._drop_names(tenant_id, kept.names)

    # The following are called under the lock.

    def _entry(self, tenant_id: UUID) -> _Kept:
        """What is kept of a gym; for a new one, that asked for longest ago goes."""
        kept = self._kept.setdefault(tenant_id, _Kept())
        self._kept.move_to_end(tenant_id)
        if len(self._kept) > _MAX_GYMS:
            oldest, forgotten = self._kept.popitem(last=False)
            self._drop_names(oldest, forgotten.names)
        return kept

    def _drop_names(self, tenant_id: UUID, names: set[Name]) -> None:
        """Forgets names of a gym, but for those that lead to another by now."""
        for name in names:
            if self._known.get(name) == tenant_id:
                del self._known[name]

    def _note_stray(self, name: Name, until: float) -> None:
        """Notes a name that leads nowhere; beyond the limit the oldest one goes."""
        self._strays[name] = until
        self._strays.move_to_end(name)
        if len(self._strays) > _MAX_STRAYS:
            self._strays.popitem(last=False)
