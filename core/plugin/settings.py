"""The settings of a gym: typed, with dotted names (``auth.totp.requiredRoles``).

A gym stores only what differs; everything else is the default declared here. Name,
time zone, language and currency are no settings: the operator's registry holds them.
The plugins' own settings are declared in their manifests; ``settings_of`` reads them.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import marshmallow as ma
import structlog

from core.access import Role
from core.context import Gym, current
from core.db.services import service
from core.http.schema import RuleBroken, Schema, Text, snake_case
from core.plugin.manifest import Manifest
from core.plugin.purposes import FileCheck

log = structlog.get_logger(__name__)

_TIME = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_COLOR = "^#[0-9a-fA-F]{6}$"
_WEB = "^https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?$"


def _roles_exist(names: list[str]) -> None:
    unknown = sorted(set(names) - {*Role, *current().require_gym().roles})
    if unknown:
        raise RuleBroken(f"This gym has no such role: {', '.join(unknown)}.")


def _logo_is_ready(file_id: UUID | None) -> None:
    if file_id is not None and not service(FileCheck).is_ready(file_id, "logo"):
        raise RuleBroken("There is no logo of this id that is ready to be shown.")


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One setting.

    Attributes:
        name: As it stands on the wire.
        field: Its type and bounds.
        default: Its value, in Python, where the gym stored none.
        summary: What it does, as an admin reads it.
        check: Holds a new value to the gym's present state. A stored one is not held
            to it: what was right then stays in force.
    """

    name: str
    field: ma.fields.Field[Any]
    default: Any
    summary: str
    check: Callable[[Any], None] | None = None

    @property
    def attribute(self) -> str:
        """Its name among Python values: dots and capitals become underscores."""
        return snake_case(self.name.replace(".", "_"))

    def value(self, stored: Mapping[str, Any]) -> Any:
        """Its value, given what a gym stored.

        A stored value that is no longer valid counts as none: an upgrade may narrow
        a setting, and the gym must stay reachable to correct it.
        """
        if self.name not in stored:
            return self.default
        try:
            return self.field.deserialize(stored[self.name])
        except ma.ValidationError:
            return self.default


KEYS = {
    key.name: key
    for key in (
        SettingKey(
            "notifications.reminders.enabled",
            ma.fields.Boolean(),
            default=True,
            summary="Whether reminders are sent at all.",
        ),
        SettingKey(
            "notifications.quietHours.start",
            Text(maximum=5, pattern=_TIME, allow_none=True),
            default=None,
            summary="From when no text messages are sent, HH:MM in the gym's time "
            "zone; takes effect when the end is set too.",
        ),
        SettingKey(
            "notifications.quietHours.end",
            Text(maximum=5, pattern=_TIME, allow_none=True),
            default=None,
            summary="Until when no text messages are sent, HH:MM in the gym's time "
            "zone.",
        ),
        SettingKey(
            "auth.selfRegistration.enabled",
            ma.fields.Boolean(),
            default=False,
            summary="Whether clients may sign up by themselves.",
        ),
        SettingKey(
            "auth.links.baseUrl",
            Text(maximum=300, pattern=_WEB, allow_none=True),
            default=None,
            summary="Address of the front end that links in mails lead to; verify, "
            "reset and welcome are put behind it. None leads to the API itself.",
        ),
        SettingKey(
            "auth.totp.requiredRoles",
            ma.fields.List(Text(maximum=64), validate=ma.validate.Length(max=50)),
            default=[],
            summary="Roles that must log in with a second factor.",
            check=_roles_exist,
        ),
        SettingKey(
            "privacy.erase.graceDays",
            ma.fields.Integer(validate=ma.validate.Range(min=0, max=30)),
            default=0,
            summary="Days between a request to erase a person and the erasure; until "
            "then it can be taken back.",
        ),
        SettingKey(
            "branding.logoFileId",
            ma.fields.UUID(allow_none=True),
            default=None,
            summary="The file that holds the gym's logo.",
            check=_logo_is_ready,
        ),
        SettingKey(
            "branding.primaryColor",
            Text(maximum=7, pattern=_COLOR, allow_none=True),
            default=None,
            summary="The gym's main colour, #RRGGBB.",
        ),
        SettingKey(
            "branding.secondaryColor",
            Text(maximum=7, pattern=_COLOR, allow_none=True),
            default=None,
            summary="The gym's second colour, #RRGGBB.",
        ),
    )
}
"""Every setting by its name on the wire."""


def setting(gym: Gym, name: str) -> Any:
    """The value of one setting in ``gym``.

    Raises:
        KeyError: No such setting is declared.
    """
    return KEYS[name].value(gym.settings)


def all_settings(gym: Gym) -> dict[str, Any]:
    """Every setting's value in ``gym``, by attribute, as ``GymSettings`` dumps it."""
    return {key.attribute: key.value(gym.settings) for key in KEYS.values()}


def _fields(keys: Iterable[SettingKey]) -> dict[str, ma.fields.Field[Any]]:
    fields = {}
    for key in keys:
        field = deepcopy(key.field)
        field.data_key = key.name
        if key.check is not None:
            field.validators = [*field.validators, key.check]
        field.metadata = {
            **field.metadata,
            "description": key.summary,
            "default": key.default,
        }
        fields[key.attribute] = field
    return fields


GymSettings: type[Schema] = type("GymSettings", (Schema,), _fields(KEYS.values()))
"""The wire shape of the settings: a flat object, any part of it in a PATCH."""


def settings_of(manifest: Manifest, stored: Mapping[str, Any]) -> dict[str, Any]:
    """A plugin's settings in Python form, defaults filled in.

    Stored values that the schema no longer accepts are left out and logged: an
    upgrade may narrow a setting, and the gym must stay reachable to correct it.

    Args:
        manifest: The plugin's.
        stored: What a gym stored, in wire form.
    """
    if manifest.settings is None:
        return {}
    try:
        loaded = manifest.settings(unknown=ma.EXCLUDE).load(stored)
    except ma.ValidationError as error:
        refused = sorted(set(error.messages_dict) & set(stored))
        log.warning("settings.outdated", plugin=manifest.id, keys=refused)
        loaded = error.valid_data
    return dict(loaded)


def plugin_settings(
    manifests: Iterable[Manifest], stored: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The settings of every plugin that has any, in Python form, by plugin id."""
    return {
        manifest.id: settings_of(manifest, stored.get(manifest.id, {}))
        for manifest in manifests
        if manifest.settings is not None
    }
