"""Reaching what the composition root put on the application."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, cast
from uuid import UUID

from flask import current_app

from core.context import Actor, Gym, current
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.errors import AuthRequired
from core.http.pipeline import Palestra
from tenants.archive import Home
from tenants.directory import Directory
from tenants.operators import OperatorDesk

TAG = "Operator"


class Installed(Home, Protocol):
    """What the operator's routes need of the installation that serves them."""

    directory: Directory

    def in_gym(
        self, tenant_id: UUID, *, actor: Actor
    ) -> AbstractContextManager[tuple[TenantSession, Gym]]:
        """Opens a unit of work inside a gym, with its context."""

    def purge_plugin(self, plugin_id: str) -> None:
        """Drops the tables of a plugin that no gym has on."""

    def usage_of(self, gym: Gym) -> Mapping[str, Any]:
        """What core and plugins tell of the current gym's use."""


def installed() -> Installed:
    """The installation that serves this request."""
    return cast("Installed", current_app.extensions["palestra"])


def operator_units() -> UnitOfWork:
    """Units of work on the operator's connection."""
    return installed().units("operator")


def directory() -> Directory:
    """The registry of gyms."""
    return installed().directory


def desk() -> OperatorDesk:
    """Those who run the installation.

    Raises:
        TypeError: The application was composed with others.
    """
    found = cast("Palestra", current_app).platform.operators
    if not isinstance(found, OperatorDesk):
        raise TypeError("These routes need an OperatorDesk.")
    return found


def operator_id() -> UUID:
    """The operator who calls.

    Raises:
        AuthRequired: Nobody is logged in.
    """
    found = current().actor.user_id
    if found is None:
        raise AuthRequired
    return found
