"""What the routes of integrations ask of whoever calls them."""

from core.access import ADMIN_ONLY, Permission

READ_INTEGRATIONS = Permission(
    "integrations.integration.read",
    "See which outside services the gym has set up; never their secrets.",
    ADMIN_ONLY,
)
CHANGE_INTEGRATIONS = Permission(
    "integrations.integration.update",
    "Set up outside services, and remove them.",
    ADMIN_ONLY,
)
TEST_INTEGRATIONS = Permission(
    "integrations.integration.test", "Try out outside services.", ADMIN_ONLY
)

PERMISSIONS = (READ_INTEGRATIONS, CHANGE_INTEGRATIONS, TEST_INTEGRATIONS)
