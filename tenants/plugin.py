"""What the registry of gyms registers: routes, commands and the directory."""

from collections.abc import Sequence

import click

from core.http.blueprint import Blueprint
from core.plugin.directory import TenantDirectory
from core.plugin.manager import Plugins
from core.plugin.manifest import Manifest
from core.plugin.spec import hookimpl
from tenants.cli import tenants
from tenants.directory import Directory
from tenants.endpoints import BLUEPRINTS
from tenants.operator_cli import operators
from tenants.permissions import PERMISSIONS
from tenants.platform import BLUEPRINTS as PLATFORM


class Tenants:
    """The registry; it serves every gym and is no gym's to switch off."""

    manifest = Manifest(
        id="tenants",
        title="Gyms",
        summary="The registry of gyms, their plugins and their settings.",
        version="1.0.0",
        category="Platform",
        always_on=True,
        permissions=PERMISSIONS,
        models="tenants.models",
    )

    @hookimpl
    def blueprints(self) -> Sequence[Blueprint]:
        return (*BLUEPRINTS, *PLATFORM)

    @hookimpl
    def commands(self) -> Sequence[click.Command]:
        return (tenants, operators)

    @hookimpl
    def tenant_directory(
        self, plugins: Plugins, languages: Sequence[str]
    ) -> TenantDirectory:
        return Directory(plugins, languages)


plugin = Tenants()
