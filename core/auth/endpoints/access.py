"""Reaching what the composition root put on the application."""

from typing import Protocol, cast

from flask import current_app

from core.auth.identity import JwtIdentity
from core.config import Settings
from core.http.pipeline import Palestra


def identity() -> JwtIdentity:
    """The installation's identity.

    Raises:
        TypeError: The application was composed with another kind.
    """
    found = cast("Palestra", current_app).platform.identity
    if not isinstance(found, JwtIdentity):
        raise TypeError("These routes need a JwtIdentity.")
    return found


class _Installed(Protocol):
    @property
    def settings(self) -> Settings: ...


def settings() -> Settings:
    """The installation's settings."""
    return cast("_Installed", current_app.extensions["palestra"]).settings
