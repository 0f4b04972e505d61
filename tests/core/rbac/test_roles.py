"""What roles may do and who may give them; no database needed."""

from uuid import uuid4

import pytest

from core.access import EVERYONE, STAFF, Permission, Role, RowScope
from core.context import SYSTEM, Actor, Gym, RoleRights
from core.rbac.permissions import GRANT
from core.rbac.roles import NOTHING, Roles, covers, is_role, may_grant

CATALOGUE = {
    permission.name: permission
    for permission in (
        Permission("users.user.read", "", STAFF),
        Permission("users.user.create", "", STAFF),
        Permission("roles.role.update", ""),
        Permission("scheduling.session.read", "", EVERYONE),
        Permission("store.order.read", "", STAFF),
    )
}


def gym(**roles: RoleRights) -> Gym:
    return Gym(
        id=uuid4(),
        slug="iron",
        name="Iron",
        status="active",
        timezone="UTC",
        locale="en",
        currency="EUR",
        version=1,
        plugins=frozenset({"scheduling"}),
        roles=roles,
    )


ROLES = Roles(lambda: CATALOGUE)


def rights(scope: RowScope, *permissions: str) -> RoleRights:
    return RoleRights(frozenset(permissions), scope)


def test_defaults_are_what_permissions_declare() -> None:
    assert ROLES.rights(gym(), "team") == rights(
        RowScope.ALL,
        "users.user.read",
        "users.user.create",
        "scheduling.session.read",
    )
    assert ROLES.rights(gym(), "client") == rights(
        RowScope.OWN, "scheduling.session.read"
    )
    assert ROLES.rights(gym(), "partner") == rights(RowScope.GRANTED)


def test_permissions_of_plugins_that_are_off_do_not_exist() -> None:
    here = gym(team=rights(RowScope.ALL, "store.order.read", "users.user.read"))
    assert "store.order.read" not in ROLES.catalogue(here)
    assert ROLES.rights(here, "admin").permissions.isdisjoint({"store.order.read"})
    assert ROLES.rights(here, "team") == rights(RowScope.ALL, "users.user.read")


def test_a_gym_s_own_definition_replaces_the_defaults() -> None:
    here = gym(
        team=rights(RowScope.GRANTED, "users.user.read"),
        desk=rights(RowScope.ALL, "users.user.create", "gone.plugin.read"),
    )
    assert ROLES.rights(here, "team") == rights(RowScope.GRANTED, "users.user.read")
    assert ROLES.rights(here, "desk") == rights(RowScope.ALL, "users.user.create")
    assert is_role(here, "desk")


def test_a_role_that_nobody_defined_has_no_rights() -> None:
    assert ROLES.rights(gym(), "desk") == NOTHING
    assert not is_role(gym(), "desk")
    assert not is_role(None, "desk")
    assert is_role(None, "coach")


def test_admin_keeps_core_permissions_alone() -> None:
    assert ROLES.admin_core() == {
        "users.user.read",
        "users.user.create",
        "roles.role.update",
    }


def actor(*permissions: str, scope: RowScope = RowScope.ALL) -> Actor:
    return Actor(
        kind="user", role="team", permissions=frozenset(permissions), scope=scope
    )


@pytest.mark.parametrize("role", [*Role, "desk"])
def test_who_holds_the_permission_grants_any_role(role: str) -> None:
    here = gym(desk=rights(RowScope.ALL, "roles.role.update"))
    assert may_grant(actor(GRANT.name), here, role)
    assert may_grant(SYSTEM, here, role)


@pytest.mark.parametrize(
    ("role", "granted"),
    [
        ("admin", False),
        ("team", False),
        ("coach", True),
        ("client", True),
        ("partner", True),
        ("janitor", False),
    ],
)
def test_others_grant_people_roles_as_they_come(role: str, granted: bool) -> None:  # noqa: FBT001
    assert may_grant(actor("users.user.create"), gym(), role) is granted


def test_a_changed_role_is_granted_only_within_one_s_own_rights() -> None:
    strong = gym(coach=rights(RowScope.ALL, "roles.role.update"))
    weak = gym(coach=rights(RowScope.OWN, "users.user.read"))
    team = actor("users.user.create", "users.user.read")
    assert not may_grant(team, strong, "coach")
    assert may_grant(team, weak, "coach")


def test_reach_counts_as_a_right() -> None:
    narrow = actor("users.user.read", scope=RowScope.GRANTED)
    assert covers(narrow, {"users.user.read"}, RowScope.OWN)
    assert not covers(narrow, {"users.user.read"}, RowScope.ALL)
    assert not covers(narrow, {"users.user.create"}, RowScope.OWN)
