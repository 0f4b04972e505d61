"""Reading and changing the roles of a gym."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.access import Permission, Role, RowScope
from core.context import current
from core.db.statement import Statement, given
from core.db.unit import session
from core.db.versions import bump
from core.db.writes import insert_new
from core.errors import Conflict, NotFound
from core.http.preconditions import require_version
from core.ids import new_id
from core.plugin.manifest import CORE_NAMES
from core.rbac.errors import AdminKeepsCore, PermissionUnknown, RoleInUse, RoleTooStrong
from core.rbac.models import GymRole
from core.rbac.roles import Roles, covers, owner_of
from core.rbac.scope import BUILT_IN_SCOPE

CORE = "core"

_ALL = Statement(select(GymRole))
_NAMED = select(GymRole).where(GymRole.name == given("name"))
_READ = Statement(_NAMED)
_LOCKED = Statement(_NAMED.with_for_update(), refresh=True)


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role as an admin sees it.

    Attributes:
        permissions: What it may do now, sorted.
        version: 0 for a built-in role that the gym never changed.
    """

    name: str
    title: str
    permissions: Sequence[str]
    scope: str
    built_in: bool
    version: int


@dataclass(frozen=True, slots=True)
class PermissionGroup:
    """The permissions that one plugin declares, by name; ``core`` for core's."""

    plugin: str
    permissions: Sequence[Permission]


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What a role shall be.

    Attributes:
        title: As people read it; None keeps what it is.
        permissions: All that it shall hold.
        scope: Whose rows it reaches; None keeps what it is.
    """

    title: str | None
    permissions: Sequence[str]
    scope: RowScope | None


def list_permissions(roles: Roles) -> list[PermissionGroup]:
    """The permissions that exist in this gym: core's, then plugin by plugin."""
    groups: dict[str, list[Permission]] = {CORE: []}
    for name, permission in roles.catalogue(current().require_gym()).items():
        owner = owner_of(name)
        plugin = CORE if owner in CORE_NAMES else owner
        groups.setdefault(plugin, []).append(permission)
    return [PermissionGroup(plugin, held) for plugin, held in groups.items()]


def list_roles(roles: Roles) -> list[RoleView]:
    """The built-in roles, then the gym's own by name."""
    rows = {row.name: row for row in session().read(_ALL)}
    own = sorted(rows.keys() - BUILT_IN_SCOPE.keys())
    return [
        _view(roles, name, rows.get(name))
        for name in [*(role.value for role in BUILT_IN_SCOPE), *own]
    ]


def get_role(roles: Roles, name: str) -> RoleView:
    """Returns one role.

    Raises:
        NotFound: The gym has no such role.
    """
    row = _find(name)
    if row is None and name not in BUILT_IN_SCOPE:
        raise NotFound
    return _view(roles, name, row)


def put_role(
    roles: Roles, name: str, wanted: RoleChange, *, if_match: int | None
) -> RoleView:
    """Defines a role anew, from the next request on.

    Args:
        roles: The rights of every role.
        name: A built-in role, one of the gym's own, or a new one.
        wanted: What it shall be.
        if_match: The version the caller saw.

    Raises:
        PermissionUnknown: A permission does not exist in this gym.
        AdminKeepsCore: The admin role would lose what is needed to give it back.
        RoleTooStrong: It is the caller's own role, or the caller would give away
            more than they have.
        PreconditionFailed: Somebody changed the role in the meantime.
        Conflict: Somebody defined it at the same moment.
    """
    row = _find(name, lock=True)
    require_version(row.version if row else 0, if_match)
    before = _view(roles, name, row)
    permissions = sorted(set(wanted.permissions))
    scope = wanted.scope or RowScope(before.scope)
    _require_known(roles, permissions)
    _require_leave(name, permissions, scope)
    _require_admin(roles, name, permissions, scope)
    values = {
        "title": wanted.title or before.title,
        "permissions": permissions,
        "scope": scope.value,
    }
    row = _changed(row, values) if row else _defined(name, values)
    bump(session(), session().require_tenant())
    return _view(roles, name, row)


def delete_role(
    roles: Roles, name: str, *, held: Callable[[str], bool], if_match: int | None
) -> None:
    """Removes one of the gym's own roles; a built-in one gets its defaults back.

    Args:
        roles: The rights of every role.
        name: The role.
        held: Says whether somebody has the role.
        if_match: The version the caller saw.

    Raises:
        NotFound: The gym has no such role.
        RoleInUse: Somebody holds it.
        RoleTooStrong: It is the caller's own role, or its defaults are more than the
            caller has.
        PreconditionFailed: Somebody changed the role in the meantime.
    """
    row = _find(name, lock=True)
    built_in = name in BUILT_IN_SCOPE
    if row is None and not built_in:
        raise NotFound
    require_version(row.version if row else 0, if_match)
    left = roles.defaults(current().require_gym(), name)
    _require_leave(name, sorted(left.permissions), left.scope)
    if not built_in and held(name):
        raise RoleInUse
    if row is not None:
        session().delete(row)
        session().flush()
        bump(session(), session().require_tenant())


def _changed(row: GymRole, values: Mapping[str, Any]) -> GymRole:
    for key, value in values.items():
        setattr(row, key, value)
    session().flush()
    return row


def _defined(name: str, values: Mapping[str, Any]) -> GymRole:
    rows = insert_new(session(), GymRole, [{"id": new_id(), "name": name, **values}])
    if not rows:
        raise Conflict("Somebody else has just defined this role; fetch it first.")
    return rows[0]


def _find(name: str, *, lock: bool = False) -> GymRole | None:
    found: GymRole | None = session().read_one(_LOCKED if lock else _READ, name=name)
    return found


def _view(roles: Roles, name: str, row: GymRole | None) -> RoleView:
    """The role as it will be once this unit of work has ended."""
    gym = current().require_gym()
    if row is None:
        rights = roles.rights(gym, name)
        return RoleView(
            name=name,
            title=name.title(),
            permissions=sorted(rights.permissions),
            scope=rights.scope.value,
            built_in=name in BUILT_IN_SCOPE,
            version=0,
        )
    return RoleView(
        name=name,
        title=row.title,
        permissions=sorted(set(row.permissions) & roles.catalogue(gym).keys()),
        scope=row.scope,
        built_in=name in BUILT_IN_SCOPE,
        version=row.version,
    )


def _require_known(roles: Roles, permissions: Sequence[str]) -> None:
    known = roles.catalogue(current().require_gym())
    unknown = [name for name in permissions if name not in known]
    if unknown:
        raise PermissionUnknown(details={"permissions": unknown})


def _require_leave(name: str, permissions: Sequence[str], scope: RowScope) -> None:
    actor = current().actor
    if actor.kind in {"system", "operator"} or actor.role == Role.ADMIN:
        return
    if name == actor.role or not covers(actor, permissions, scope):
        raise RoleTooStrong


def _require_admin(
    roles: Roles, name: str, permissions: Sequence[str], scope: RowScope
) -> None:
    if name != Role.ADMIN:
        return
    lost = roles.admin_core() - set(permissions)
    if lost or scope is not RowScope.ALL:
        raise AdminKeepsCore(details={"missing": sorted(lost)})
