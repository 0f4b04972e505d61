"""Settings: the only place that reads the environment of the process."""

from core.config.errors import SettingsError
from core.config.groups import (
    DatabaseSettings,
    Environment,
    HttpSettings,
    JobSettings,
    LogFormat,
    LogLevel,
    LogSettings,
    ServerSettings,
)
from core.config.monitoring import MetricsSettings
from core.config.outbound import OutboundSettings
from core.config.reference import render_reference
from core.config.registry import VARIABLES
from core.config.services import (
    AuthSettings,
    CalendarSettings,
    LanguageSettings,
    MessagingSettings,
    PaymentSettings,
    StorageSettings,
    TranslationProvider,
)
from core.config.settings import Settings, tell_metrics_folder
from core.config.upkeep import BackupSettings
from core.config.variables import Variable

__all__ = [
    "VARIABLES",
    "AuthSettings",
    "BackupSettings",
    "CalendarSettings",
    "DatabaseSettings",
    "Environment",
    "HttpSettings",
    "JobSettings",
    "LanguageSettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "MessagingSettings",
    "MetricsSettings",
    "OutboundSettings",
    "PaymentSettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "StorageSettings",
    "TranslationProvider",
    "Variable",
    "render_reference",
    "tell_metrics_folder",
]
