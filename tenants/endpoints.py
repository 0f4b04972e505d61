"""The admin's routes on the gym's own plugins, settings and data."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from flask import current_app

from core.context import Gym, current
from core.db.unit import session
from core.errors import NotFound, Unprocessable
from core.http.blueprint import Blueprint
from core.plugin.manager import Plugins
from core.plugin.settings import GymSettings, all_settings
from tenants.errors import PluginHasDependants
from tenants.permissions import (
    GYM_READ,
    PLUGINS_READ,
    PLUGINS_UPDATE,
    SETTINGS_READ,
    SETTINGS_UPDATE,
)
from tenants.resolution import Resolution
from tenants.schemas import GYM_EXAMPLE, GymView, PluginChange, PluginView
from tenants.toggles import PluginState, Toggles

TAG = "Admin & Audits"

plugins = Blueprint("admin_plugins", prefix="/admin/plugins", tag=TAG)
settings = Blueprint("admin_settings", prefix="/admin/settings", tag=TAG)
gym = Blueprint("admin_gym", prefix="/admin/gym", tag=TAG)

BLUEPRINTS = (plugins, settings, gym)

_PLUGIN_EXAMPLE = {
    "id": "scheduling",
    "title": "Scheduling",
    "summary": "Sessions, classes and calendars.",
    "version": "1.0.0",
    "category": "Features",
    "enabled": True,
    "state": "on",
    "requires": ["members"],
    "dependants": ["passes"],
    "settings": {"cancelHours": 24},
    "settingsSchema": {
        "type": "object",
        "properties": {"cancelHours": {"type": "integer", "default": 24}},
        "additionalProperties": False,
    },
}
_SETTINGS_EXAMPLE = {
    "notifications.reminders.enabled": True,
    "notifications.quietHours.start": "22:00",
    "notifications.quietHours.end": "07:00",
    "auth.selfRegistration.enabled": False,
    "auth.links.baseUrl": None,
    "auth.totp.requiredRoles": ["admin"],
    "branding.logoFileId": None,
    "branding.primaryColor": "#0b5fff",
    "branding.secondaryColor": None,
    "privacy.erase.graceDays": 0,
}


class _Platform(Protocol):
    """What these routes need of the installation that serves them."""

    plugins: Plugins
    directory: Resolution


def _platform() -> _Platform:
    return cast("_Platform", current_app.extensions["palestra"])


def _toggles() -> Toggles:
    return Toggles(_platform().plugins)


@plugins.get(
    summary="List the plugins of the gym",
    permission=PLUGINS_READ,
    returns=PluginView,
    many=True,
    example=[_PLUGIN_EXAMPLE],
)
def list_plugins() -> Sequence[PluginState]:
    """All that are installed, on or off, in the order in which they build up."""
    return _toggles().list()


@plugins.get(
    "/<plugin_id>",
    summary="Show one plugin",
    permission=PLUGINS_READ,
    returns=PluginView,
    errors=(NotFound,),
    example=_PLUGIN_EXAMPLE,
)
def show_plugin(plugin_id: str) -> PluginState:
    return _toggles().get(plugin_id)


@plugins.patch(
    "/<plugin_id>",
    summary="Switch or set a plugin",
    permission=PLUGINS_UPDATE,
    body=PluginChange,
    returns=PluginView,
    errors=(NotFound, PluginHasDependants, Unprocessable),
    example=_PLUGIN_EXAMPLE,
    request_example={"enabled": True, "settings": {"cancelHours": 24}},
)
def change_plugin(plugin_id: str, body: dict[str, Any]) -> PluginState:
    """Holds from the next request on; a plugin that is off keeps its data."""
    return _toggles().change(plugin_id, **body)


@settings.get(
    summary="Show the gym's settings",
    permission=SETTINGS_READ,
    returns=GymSettings,
    example=_SETTINGS_EXAMPLE,
)
def show_settings() -> dict[str, Any]:
    """Every setting, by its default where the gym stored none."""
    return all_settings(current().require_gym())


@settings.patch(
    summary="Change the gym's settings",
    permission=SETTINGS_UPDATE,
    body=GymSettings,
    returns=GymSettings,
    errors=(Unprocessable,),
    example=_SETTINGS_EXAMPLE,
    request_example={"notifications.reminders.enabled": False},
)
def change_settings(body: dict[str, Any]) -> dict[str, Any]:
    """Stores the settings that are given and leaves the others."""
    here = current()
    tenant_id = here.require_gym().id
    directory = _platform().directory
    directory.store_settings(session(), tenant_id, GymSettings().dump(body))
    changed: Gym | None = directory.load(session(), tenant_id)
    here.gym = changed or here.gym
    return all_settings(here.require_gym())


@gym.get(
    summary="Show the gym",
    permission=GYM_READ,
    returns=GymView,
    example=GYM_EXAMPLE,
)
def show_gym() -> dict[str, Any]:
    """Name, time zone, language, currency, domains and limits are the operator's."""
    return _platform().directory.describe(session(), current().require_gym())
