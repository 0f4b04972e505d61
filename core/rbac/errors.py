"""Refusals about roles."""

from core.errors import Conflict, Forbidden, Unprocessable


class PermissionUnknown(Unprocessable):
    """The role would hold a permission that nothing here declares."""

    code = "ROLE_PERMISSION_UNKNOWN"
    message = "Some of these permissions do not exist in this gym."


class AdminKeepsCore(Unprocessable):
    """The admin role would lose what is needed to give it back."""

    code = "ROLE_ADMIN_LOCKED"
    message = "The admin role keeps its core permissions and reaches the whole gym."


class RoleInUse(Conflict):
    """Somebody still holds the role that would be removed."""

    code = "ROLE_IN_USE"
    message = "Give those who hold this role another one first."


class RoleTooStrong(Forbidden):
    """The caller would give away more than they have, or change their own role."""

    code = "ROLE_NOT_YOURS"
    message = "You may not change this role, or not to more than you hold yourself."
