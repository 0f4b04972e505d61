"""What each role may do, and who may give it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from core.access import Permission, Role, RowScope
from core.context import Actor, Gym, RoleRights
from core.plugin.manifest import CORE_NAMES
from core.rbac.permissions import GRANT
from core.rbac.scope import BUILT_IN_SCOPE

NOTHING: Final = RoleRights(frozenset(), RowScope.OWN)
"""The rights of a role that no longer exists."""

_PEOPLE: Final = frozenset({Role.COACH, Role.CLIENT, Role.PARTNER})
"""Roles whose defaults give nothing that whoever opens accounts could misuse."""
_WIDTH: Final = {RowScope.OWN: 0, RowScope.GRANTED: 1, RowScope.ALL: 2}


class Roles:
    """The rights of every role, in every gym.

    Args:
        permissions: Gives every permission that core and plugins declare, by name.
    """

    def __init__(self, permissions: Callable[[], Mapping[str, Permission]]) -> None:
        self._permissions = permissions

    def catalogue(self, gym: Gym) -> dict[str, Permission]:
        """The permissions that exist in a gym: core's and its enabled plugins'."""
        return {
            name: permission
            for name, permission in sorted(self._permissions().items())
            if _is_on(gym, name)
        }

    def rights(self, gym: Gym, role: str) -> RoleRights:
        """What ``role`` may do in ``gym`` at this moment.

        A gym's own definition replaces the defaults. A role that is neither built in
        nor defined has no rights.
        """
        catalogue = self.catalogue(gym)
        changed = gym.roles.get(role)
        if changed is not None:
            held = changed.permissions & catalogue.keys()
            return RoleRights(frozenset(held), changed.scope)
        return self.defaults(gym, role)

    def defaults(self, gym: Gym, role: str) -> RoleRights:
        """What ``role`` may do in ``gym`` where the gym says nothing of it."""
        if role not in BUILT_IN_SCOPE:
            return NOTHING
        built_in = Role(role)
        return RoleRights(
            frozenset(n for n, p in self.catalogue(gym).items() if built_in in p.roles),
            BUILT_IN_SCOPE[built_in],
        )

    def admin_core(self) -> frozenset[str]:
        """Core's permissions that the admin role never loses."""
        return frozenset(
            name
            for name, permission in self._permissions().items()
            if Role.ADMIN in permission.roles and owner_of(name) in CORE_NAMES
        )


def owner_of(permission: str) -> str:
    """The first segment: a plugin's id, or a name of core's."""
    return permission.partition(".")[0]


def is_role(gym: Gym | None, role: str) -> bool:
    """Says whether a role is built in or the gym's own."""
    return role in BUILT_IN_SCOPE or (gym is not None and role in gym.roles)


def may_grant(actor: Actor, gym: Gym, role: str) -> bool:
    """Says whether the actor may give ``role``, and manage those who hold it.

    Who holds ``roles.role.grant`` may give any. Others may give coach, client and
    partner as they come, and roles that the gym defined only where these allow no
    more than they have themselves; else a new account would be a way up. An API key
    gives no role of the gym's own making.
    """
    if actor.may(GRANT.name):
        return True
    changed = gym.roles.get(role)
    if changed is None:
        return role in _PEOPLE
    if actor.kind == "api_key" and role not in BUILT_IN_SCOPE:
        return False
    return covers(actor, changed.permissions, changed.scope)


def covers(actor: Actor, permissions: Iterable[str], scope: RowScope) -> bool:
    """Says whether the actor holds all of ``permissions`` and reaches as far."""
    return set(permissions) <= actor.permissions and (
        _WIDTH[scope] <= _WIDTH[actor.scope]
    )


def _is_on(gym: Gym, permission: str) -> bool:
    owner = owner_of(permission)
    return owner in CORE_NAMES or owner in gym.plugins
