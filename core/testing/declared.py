"""What a plugin declares, held to the rules of the house."""

from collections.abc import Iterable, Sequence

from packaging.version import Version
from sqlalchemy import func, select

from core.app import Installation
from core.authoring.rules import names, tables
from core.authoring.subject import models_of
from core.db.base import TenantModel
from core.plugin.manager import Plugins
from core.plugin.manifest import Manifest
from core.testing.kit import TestGym
from core.testing.routes import Route


def tenant_models(manifest: Manifest) -> list[type[TenantModel]]:
    """Those of the plugin's models whose rows are gyms'."""
    return [model for model in models_of(manifest) if issubclass(model, TenantModel)]


def count_rows(gym: TestGym, models: Iterable[type[TenantModel]]) -> dict[str, int]:
    """How many rows of each model a gym has."""
    with gym.unit() as session:
        return {
            model.__tablename__: session.scalar(select(func.count()).select_from(model))
            or 0
            for model in models
        }


def misnamed_permissions(manifest: Manifest, routes: Sequence[Route]) -> list[str]:
    """Permissions that another plugin could claim, or that nobody declared."""
    own = {permission.name for permission in manifest.permissions}
    faults = [name for name in own if not name.startswith(f"{manifest.id}.")]
    for route in routes:
        wanted = route.operation.permission if route.operation else None
        if wanted is not None and wanted.name not in own:
            faults.append(f"{route} asks for {wanted.name}")
    Version(manifest.version)
    return faults


def faulty_tables(manifest: Manifest, installation: Installation) -> list[str]:
    """One line for each table that breaks a rule."""
    return tables.faulty_tables(manifest, installation.plugins)


def unknown_hooks(plugin_id: str) -> list[str]:
    """Implementations of hooks that nobody specified."""
    return names.unknown_hooks(Plugins.discover(), plugin_id)
