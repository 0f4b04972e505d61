"""What a gym's people may do with their own gym's plugins and settings."""

from core.access import STAFF, Permission

GYM_READ = Permission("tenants.gym.read", "See the gym's own data and limits", STAFF)
PLUGINS_READ = Permission("tenants.plugins.read", "See the plugins and their settings")
PLUGINS_UPDATE = Permission("tenants.plugins.update", "Switch and configure plugins")
SETTINGS_READ = Permission("tenants.settings.read", "See the gym's settings")
SETTINGS_UPDATE = Permission("tenants.settings.update", "Change the gym's settings")

PERMISSIONS = (
    GYM_READ,
    PLUGINS_READ,
    PLUGINS_UPDATE,
    SETTINGS_READ,
    SETTINGS_UPDATE,
)
