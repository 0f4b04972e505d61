"""What core's account routes ask for."""

from core.access import STAFF, Permission

READ = Permission("users.user.read", "See the gym's accounts", STAFF)
CREATE = Permission("users.user.create", "Open accounts", STAFF)
UPDATE = Permission("users.user.update", "Change and disable accounts", STAFF)
END_SESSIONS = Permission("users.session.revoke", "End another person's log-ins")
RESET_TOTP = Permission(
    "users.totp.reset", "Switch another person's second factor off", people_only=True
)

MANAGE_KEYS = Permission("auth.apikeys.manage", "Manage API keys", people_only=True)

PERMISSIONS: tuple[Permission, ...] = (
    READ,
    CREATE,
    UPDATE,
    END_SESSIONS,
    RESET_TOTP,
    MANAGE_KEYS,
)
