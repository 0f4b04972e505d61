"""Who is asking, in which gym, under which trace id: ambient for one unit of work."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from core.access import RowScope

ActorKind = Literal["anonymous", "user", "api_key", "system", "operator"]


@dataclass(frozen=True, slots=True)
class RoleRights:
    """What a role may do, and whose rows it reaches."""

    permissions: frozenset[str]
    scope: RowScope


@dataclass(frozen=True, slots=True)
class Gym:
    """A gym as the process knows it, valid for exactly one ``version``.

    Attributes:
        version: The number that the version probe compares; any change to the
            gym's settings, toggles or roles raises it.
        plugins: Ids of the plugins that are switched on.
        plugin_settings: Per plugin, its settings with defaults filled in.
        settings: The gym's own stored settings, without defaults.
        limits: What its plan limits: ``members``, ``staff``, ``storageBytes``,
            ``requestsPerMinute``; a missing name is unlimited.
        roles: The roles that this gym has changed or added, by name.
    """

    id: UUID
    slug: str
    name: str
    status: str
    timezone: str
    locale: str
    currency: str
    version: int
    domains: frozenset[str] = frozenset()
    plugins: frozenset[str] = frozenset()
    plugin_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, RoleRights] = field(default_factory=dict)
    cors_origins: frozenset[str] = frozenset()
    limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The gym's time zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        user_id: The user, or None for the system, API keys and strangers.
        role: The user's role in this gym.
        permissions: What the role or key may do here, enabled plugins only.
        scope: Whose rows it reaches.
        session_id: The log-in session that the token belongs to.
        api_key_id: The API key that acts instead of a user.
        restricted: The user must set up a second factor before anything else.
    """

    kind: ActorKind = "anonymous"
    user_id: UUID | None = None
    role: str | None = None
    permissions: frozenset[str] = frozenset()
    scope: RowScope = RowScope.OWN
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    restricted: bool = False

    @property
    def holder_id(self) -> UUID | None:
        """The user or API key; None for the system and for strangers."""
        return self.user_id or self.api_key_id

    def may(self, permission: str) -> bool:
        """Says whether the actor holds ``permission``; the system always does."""
        return self.kind in {"system", "operator"} or permission in self.permissions


ANONYMOUS = Actor()
SYSTEM = Actor(kind="system", scope=RowScope.ALL)
OPERATOR = Actor(kind="operator", scope=RowScope.ALL)


@dataclass(slots=True)
class Context:
    """One unit of work: a request, a job or a command.

    Attributes:
        hooks_for: Gives the hooks as a gym hears them.
        started: When a request came, on the clock of ``time.perf_counter``.
        route: The rule that its path fits.
    """

    trace_id: str
    actor: Actor = ANONYMOUS
    gym: Gym | None = None
    address: str | None = None
    hooks_for: Callable[[Gym], Any] | None = None
    started: float = 0.0
    route: str | None = None

    def require_gym(self) -> Gym:
        """Returns the gym.

        Raises:
            LookupError: The unit of work runs outside every gym.
        """
        if self.gym is None:
            raise LookupError("This code needs a gym, and none is set.")
        return self.gym


def hooks() -> Any:
    """The hooks of the plugins that are on in the current gym.

    Raises:
        LookupError: No unit of work is open, or it runs outside every gym.
    """
    here = current()
    if here.hooks_for is None:
        raise LookupError("No plugins can be called from here.")
    return here.hooks_for(here.require_gym())


_current: ContextVar[Context | None] = ContextVar("palestra_context", default=None)


def current() -> Context:
    """Returns the context of this unit of work.

    Raises:
        LookupError: No unit of work is open.
    """
    context = _current.get()
    if context is None:
        raise LookupError("No unit of work is open here.")
    return context


def current_or_none() -> Context | None:
    """Returns the context, or None outside every unit of work."""
    return _current.get()


@contextmanager
def use(context: Context) -> Iterator[Context]:
    """Makes ``context`` the current one for the length of the block."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
