"""Defaults that depend on other settings."""

from typing import Any, Final
from urllib.parse import urlsplit

from core.config.groups import Environment, LogFormat

_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


def is_plain_localhost(url: str) -> bool:
    """Whether a URL is plain HTTP to this very machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    local = host in _LOOPBACK or host.endswith(".localhost")
    return parts.scheme == "http" and local


def fill_derived(values: dict[str, Any]) -> None:
    """Put in, where nothing is set, what follows from other settings.

    Args:
        values: The value of every variable by name; changed in place.
    """
    environment = values["PALESTRA_ENV"]
    url = values["PALESTRA_PUBLIC_URL"] or f"http://localhost:{values['PORT']}"
    values["PALESTRA_PUBLIC_URL"] = url.rstrip("/")
    format_ = (
        LogFormat.CONSOLE if environment is Environment.DEVELOPMENT else LogFormat.JSON
    )
    derived = {
        "PALESTRA_CORS_ORIGINS": (),
        "PALESTRA_ENCRYPTION_KEYS_FORMER": (),
        "PALESTRA_OUTBOUND_ALLOW_NETWORKS": (),
        "PALESTRA_COOKIE_SECURE": not is_plain_localhost(url),
        "PALESTRA_LOG_FORMAT": format_,
        "PALESTRA_MAIL_FROM": f"no-reply@{values['PALESTRA_BASE_DOMAIN']}",
        "PALESTRA_UPLOADS_DIR": values["PALESTRA_HOME"] / "uploads",
    }
    if environment is not Environment.PRODUCTION:
        # One role for everything is good enough to try things out; the walls that
        # need separate roles stand in production only, and a warning says so.
        derived["PALESTRA_DATABASE_OWNER_URL"] = values["DATABASE_URL"]
        derived["PALESTRA_DATABASE_OPERATOR_URL"] = values["DATABASE_URL"]
    for name, value in derived.items():
        if values[name] is None:
            values[name] = value
