"""What core's role routes ask for."""

from core.access import STAFF, Permission

READ = Permission("roles.role.read", "See roles and permissions", STAFF)
UPDATE = Permission("roles.role.update", "Change what roles may do", people_only=True)
GRANT = Permission(
    "roles.role.grant", "Give any role, admin included", people_only=True
)

PERMISSIONS: tuple[Permission, ...] = (READ, UPDATE, GRANT)
