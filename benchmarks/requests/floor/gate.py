"""Who calls which gym, and whether they may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from benchmarks.requests.floor import database, service, vault
from benchmarks.requests.floor.errors import (
    Refused,
    forbidden,
    not_the_floors,
    unauthenticated,
)
from benchmarks.requests.floor.vault import Claims
from benchmarks.requests.floor.wire import Actor, Gym, Request
from core.clock import utc_now

_MAX_KNOWN: Final = 20_000
_PLUGINS: Final = ("members", "scheduling", "passes")
"""In load order; the others require the first."""

_STAFF = frozenset({"admin", "team"})
_COACHES = _STAFF | {"coach"}
_EVERYONE = _COACHES | {"client"}
_DEFAULTS: Final[Mapping[str, frozenset[str]]] = {
    "audits.entry.read": frozenset({"admin"}),
    "passes.passes.manage": _STAFF,
    "passes.passes.redeem": _EVERYONE,
    "scheduling.sessions.create": _EVERYONE,
    "scheduling.sessions.manage": _COACHES,
    "scheduling.sessions.override": _STAFF,
    "scheduling.sessions.read": _EVERYONE | {"partner"},
    "scheduling.sessions.update": _EVERYONE,
}
"""The permissions that the works ask for, and the roles that hold them."""

_SCOPES: Final = {
    "admin": "all",
    "team": "all",
    "coach": "granted",
    "client": "own",
    "partner": "granted",
}

_GYM_BY_SLUG = "SELECT id FROM tenants_gyms WHERE slug = %s"
_GYM = (
    "SELECT slug, status, timezone, limits, cors_origins FROM tenants_gyms"
    " WHERE id = %s"
)
_TOGGLES = "SELECT plugin_id, enabled, settings FROM tenants_toggles WHERE tenant_id=%s"
_QUARANTINE = "SELECT plugin_id FROM tenants_quarantine WHERE plugin_id = ANY(%s)"
_SETTING = "SELECT value FROM tenants_settings WHERE tenant_id = %s AND key = %s"
_ROLES = "SELECT name, permissions, scope FROM roles WHERE tenant_id = %s"
_USER = "SELECT role, status FROM users WHERE tenant_id = %s AND id = %s"
_TOTP = (
    "SELECT 1 FROM totp_factors WHERE tenant_id = %s AND user_id = %s"
    " AND confirmed_at IS NOT NULL"
)
_SESSION = (
    "SELECT expires_at FROM auth_sessions WHERE tenant_id = %s AND id = %s"
    " AND user_id = %s AND revoked_at IS NULL"
)


@dataclass(slots=True)
class _Known:
    """An actor at one version of the user and one of the gym, with live log-ins."""

    user_version: int
    gym_version: int
    actor: Actor
    sessions: dict[str, datetime] = field(default_factory=dict)


_slugs: dict[str, str] = {}
_gyms: dict[str, Gym] = {}
_actors: dict[tuple[str, str], _Known] = {}


def resolve(request: Request) -> None:
    """Finds the gym that the request names."""
    slug = request.environ.get("HTTP_X_TENANT", "").lower()
    tenant = _slugs.get(slug)
    if tenant is None:
        found = database.row(_GYM_BY_SLUG, (slug,))
        if found is None:
            raise _no_such_gym()
        tenant = _slugs[slug] = str(found[0])
    request.tenant = tenant


def identify(request: Request) -> Claims | None:
    """Reads the bearer token, held to the gym; None without one."""
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated()
    claims = vault.verify(token.strip(), request.at)
    if claims.tenant != request.tenant:
        message = "This token belongs to another gym."
        raise Refused(403, "TENANT_MISMATCH", message)
    return claims


def enter(request: Request, claims: Claims | None, versions: dict[str, int]) -> None:
    """Notes gym and actor as they are under the versions just read."""
    version = versions.get(request.tenant)
    if version is None:
        raise _no_such_gym()
    gym = _gyms.get(request.tenant)
    if gym is None or gym.version != version:
        gym = _gyms[request.tenant] = _load_gym(request.tenant, version)
    request.entered = gym
    if gym.status != "active":
        raise Refused(403, "TENANT_SUSPENDED", "This gym is suspended.")
    if gym.per_minute is not None:
        service.hold_gym(request, gym.per_minute)
    service.meter(request)
    if claims is not None:
        request.actor = _actor(gym, claims, versions.get(claims.user))


def authorize(request: Request, plugin: str | None, permission: str) -> None:
    """Refuses a feature that is off, and whoever lacks the permission."""
    if plugin is not None and plugin not in request.gym.plugins:
        message = "This feature is switched off in this gym."
        raise Refused(404, "PLUGIN_DISABLED", message)
    if request.actor is None:
        raise unauthenticated()
    if request.actor.restricted:
        raise not_the_floors("second factors")
    if permission not in request.actor.permissions:
        raise forbidden(details={"permission": permission})


def require_client(request: Request, client_id: str) -> None:
    """Refuses rows about a client whom the actor does not reach."""
    actor = request.caller()
    if actor.scope == "all" or client_id == actor.user_id:
        return
    if actor.scope == "granted":
        values = (request.tenant, actor.user_id, client_id, utc_now())
        if database.row(_GRANTED, values) is not None:
            return
    raise forbidden("This client is not yours to see.")


_GRANTED = (
    "SELECT client_id FROM client_grants WHERE tenant_id = %s AND user_id = %s"
    " AND client_id = %s AND (expires_at IS NULL OR expires_at > %s) LIMIT 1"
)


def _actor(gym: Gym, claims: Claims, version: int | None) -> Actor:
    if version is None:
        raise unauthenticated()
    place = (claims.tenant, claims.user)
    known = _actors.get(place)
    if (
        known is None
        or known.user_version != version
        or known.gym_version != gym.version
    ):
        if len(_actors) >= _MAX_KNOWN:
            _actors.clear()
        actor = _load_actor(gym, claims.user)
        known = _actors[place] = _Known(version, gym.version, actor)
    ends = known.sessions.get(claims.session)
    if ends is None:
        found = database.row(_SESSION, (gym.id, claims.session, claims.user))
        if found is None:
            raise unauthenticated()
        ends = known.sessions[claims.session] = found[0]
    if ends <= utc_now():
        raise unauthenticated()
    return known.actor


def _load_actor(gym: Gym, user_id: str) -> Actor:
    found = database.row(_USER, (gym.id, user_id))
    if found is None or found[1] != "active":
        raise unauthenticated()
    role = found[0]
    restricted = role in gym.required_roles and not has_second_factor(gym.id, user_id)
    defaults = (
        frozenset(name for name, roles in _DEFAULTS.items() if role in roles),
        _SCOPES.get(role, "own"),
    )
    granted, scope = gym.roles.get(role, defaults)
    held = frozenset(name for name in granted if _is_on(gym, name))
    return Actor(user_id, role, held, scope, restricted)


def has_second_factor(tenant: str, user_id: str) -> bool:
    """Says whether logging in as this user takes a second factor."""
    return database.row(_TOTP, (tenant, user_id)) is not None


def _is_on(gym: Gym, permission: str) -> bool:
    owner = permission.partition(".")[0]
    return owner not in _PLUGINS or owner in gym.plugins


def _load_gym(tenant: str, version: int) -> Gym:
    found = database.row(_GYM, (tenant,))
    if found is None:
        raise _no_such_gym()
    slug, status, timezone, limits, origins = found
    toggles = {
        plugin: (enabled, settings)
        for plugin, enabled, settings in database.rows(_TOGGLES, (tenant,))
    }
    required = database.row(_SETTING, (tenant, "auth.totp.requiredRoles"))
    return Gym(
        id=tenant,
        slug=slug,
        status=status,
        zone=ZoneInfo(timezone),
        version=version,
        plugins=_plugins(toggles),
        scheduling=toggles.get("scheduling", (None, {}))[1],
        required_roles=frozenset(required[0] if required else ()),
        roles={
            name: (frozenset(permissions), scope)
            for name, permissions, scope in database.rows(_ROLES, (tenant,))
        },
        origins=frozenset(origins),
        per_minute=limits.get("requestsPerMinute"),
    )


def _plugins(toggles: Mapping[str, tuple[bool | None, Any]]) -> frozenset[str]:
    off = {one for (one,) in database.rows(_QUARANTINE, (list(_PLUGINS),))}
    on = {
        plugin
        for plugin in _PLUGINS
        if plugin not in off and toggles.get(plugin, (None, {}))[0] is not False
    }
    return frozenset(on if "members" in on else ())


def _no_such_gym() -> Refused:
    message = "No such gym. Name one by host, by /t/<slug>, or by X-Tenant."
    return Refused(404, "TENANT_UNKNOWN", message)
