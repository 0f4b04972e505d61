"""Every variable there is, read off the fields of the settings."""

from dataclasses import dataclass, fields, replace
from typing import Any, Final, get_type_hints

from core.config.groups import (
    DatabaseSettings,
    HttpSettings,
    JobSettings,
    LogSettings,
    ServerSettings,
)
from core.config.monitoring import MetricsSettings
from core.config.outbound import OutboundSettings
from core.config.services import (
    AuthSettings,
    CalendarSettings,
    LanguageSettings,
    MessagingSettings,
    PaymentSettings,
    StorageSettings,
)
from core.config.upkeep import BackupSettings
from core.config.variables import Variable


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsGroups:
    """The settings, group by group."""

    server: ServerSettings
    database: DatabaseSettings
    jobs: JobSettings
    http: HttpSettings
    auth: AuthSettings
    messaging: MessagingSettings
    outbound: OutboundSettings
    storage: StorageSettings
    language: LanguageSettings
    calendar: CalendarSettings
    payment: PaymentSettings
    backup: BackupSettings
    log: LogSettings
    metrics: MetricsSettings


def _fields_of(group: str, kind: type[Any]) -> dict[str, Variable]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        item.name: replace(
            hints[item.name].__metadata__[0], group=group, secret=not item.repr
        )
        for item in fields(kind)
    }


_TYPES: Final[dict[str, type[Any]]] = get_type_hints(SettingsGroups)
_FIELDS: Final = {name: _fields_of(name, kind) for name, kind in _TYPES.items()}

VARIABLES: Final[dict[str, Variable]] = {
    variable.name: variable for group in _FIELDS.values() for variable in group.values()
}
"""Every declared variable by name, in the order of the documentation."""


def build_groups(values: dict[str, Any]) -> SettingsGroups:
    """Put the values of all variables, by name, into their typed places."""
    return SettingsGroups(
        **{
            group: _TYPES[group](
                **{name: values[variable.name] for name, variable in members.items()}
            )
            for group, members in _FIELDS.items()
        }
    )
