"""The routes of roles and permissions."""

import re
from typing import Any, Protocol, cast

from flask import current_app

from core.errors import Conflict, NotFound, PreconditionFailed, ValidationFailed
from core.http.blueprint import Blueprint
from core.http.pipeline import Palestra
from core.rbac import service
from core.rbac.errors import (
    AdminKeepsCore,
    PermissionUnknown,
    RoleInUse,
    RoleTooStrong,
)
from core.rbac.permissions import READ, UPDATE
from core.rbac.roles import Roles
from core.rbac.schemas import PermissionGroupOut, RoleBody, RoleOut
from core.rbac.service import PermissionGroup, RoleChange, RoleView

permissions = Blueprint("permissions", prefix="/permissions", tag="Roles")
roles = Blueprint("roles", prefix="/roles", tag="Roles")

_NAME = re.compile(r"\A[a-z][a-z0-9_-]{1,39}\Z")
_ROLE = {
    "name": "front-desk",
    "title": "Front desk",
    "permissions": ["users.user.create", "users.user.read"],
    "scope": "all",
    "builtIn": False,
    "version": 1,
}


class _KnowsRoles(Protocol):
    """What these routes need of the platform's identity."""

    roles: Roles

    def role_is_held(self, role: str) -> bool:
        """Says whether somebody in the current gym has ``role``."""


def _identity() -> _KnowsRoles:
    return cast("_KnowsRoles", cast("Palestra", current_app).platform.identity)


def _roles() -> Roles:
    return _identity().roles


@permissions.get(
    summary="Permissions",
    permission=READ,
    returns=PermissionGroupOut,
    many=True,
    example=[
        {
            "plugin": "core",
            "permissions": [
                {
                    "name": "users.user.read",
                    "summary": "See the gym's accounts",
                    "roles": ["admin", "team"],
                    "peopleOnly": False,
                }
            ],
        }
    ],
)
def list_permissions() -> list[PermissionGroup]:
    """Core's, then those of each plugin that is on, by name."""
    return service.list_permissions(_roles())


@roles.get(
    summary="Roles", permission=READ, returns=RoleOut, many=True, example=[_ROLE]
)
def index() -> list[RoleView]:
    """The built-in ones, then the gym's own."""
    return service.list_roles(_roles())


@roles.get(
    "/<string:name>",
    summary="One role",
    permission=READ,
    returns=RoleOut,
    versioned=True,
    errors=[NotFound],
    example=_ROLE,
)
def show(name: str) -> RoleView:
    """Version 0 is a built-in role that was never changed."""
    return service.get_role(_roles(), name)


@roles.put(
    "/<string:name>",
    summary="Define a role",
    permission=UPDATE,
    body=RoleBody,
    returns=RoleOut,
    versioned=True,
    errors=[
        AdminKeepsCore,
        Conflict,
        PermissionUnknown,
        PreconditionFailed,
        RoleTooStrong,
    ],
    example=_ROLE,
    request_example={
        "title": "Front desk",
        "permissions": ["users.user.create", "users.user.read"],
        "scope": "all",
    },
    parameters=[
        {
            "in": "path",
            "name": "name",
            "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{1,39}$"},
            "example": "front-desk",
        }
    ],
)
def define(name: str, body: dict[str, Any], if_match: int | None) -> RoleView:
    """Replaces or adds a role; effective with everybody's next request."""
    if not _NAME.match(name):
        raise ValidationFailed(
            "A role is named by 2 to 40 lower-case letters, digits, - and _."
        )
    wanted = RoleChange(body.get("title"), body["permissions"], body.get("scope"))
    return service.put_role(_roles(), name, wanted, if_match=if_match)


@roles.delete(
    "/<string:name>",
    summary="Remove a role",
    permission=UPDATE,
    status=204,
    versioned=True,
    errors=[NotFound, PreconditionFailed, RoleInUse, RoleTooStrong],
)
def remove(name: str, if_match: int | None) -> None:
    """A role of the gym's own goes; a built-in one gets its defaults back."""
    service.delete_role(
        _roles(), name, held=_identity().role_is_held, if_match=if_match
    )


blueprints: list[Blueprint] = [permissions, roles]
