"""Holds installed plugins to the rules."""

from collections.abc import Iterable
from typing import Final

from core.authoring.errors import AuthoringFailed
from core.authoring.findings import Finding
from core.authoring.rules import (
    declarations,
    events,
    imports,
    names,
    revisions,
    tables,
)
from core.authoring.subject import Rule, Subject
from core.plugin.manager import Plugins

RULES: Final[tuple[Rule, ...]] = (
    declarations.manifest,
    declarations.page,
    declarations.permissions,
    declarations.settings,
    names.routes,
    names.work,
    names.templates,
    tables.tables,
    tables.people,
    revisions.named,
    revisions.own_tables,
    imports.doors,
    imports.libraries,
    events.emitted,
    events.consumed,
)


def check(plugins: Plugins, chosen: Iterable[str] = ()) -> list[Finding]:
    """Holds plugins to every rule.

    Args:
        plugins: All that are installed.
        chosen: Ids of those to check; none means all that a gym can switch. The
            registry of gyms is part of the platform and may do what no plugin may.

    Returns:
        What has to be mended, plugin by plugin.

    Raises:
        AuthoringFailed: One is not installed, or no plugin but part of the platform.
    """
    wanted = list(chosen) or [
        one.id for one in plugins.manifests if one.id not in _of_the_platform(plugins)
    ]
    for plugin_id in wanted:
        if plugins.manifest(plugin_id) is None:
            raise AuthoringFailed(f"No plugin {plugin_id} is installed.")
        if plugin_id in _of_the_platform(plugins):
            raise AuthoringFailed(f"{plugin_id} is part of the platform itself.")
    found: list[Finding] = []
    for plugin_id in wanted:
        subject = Subject.of(plugins, plugin_id)
        found += sorted({finding for rule in RULES for finding in rule(subject)})
    return found


def _of_the_platform(plugins: Plugins) -> set[str]:
    """The registry of gyms: whoever gives the directory that core asks."""
    return {
        one.id
        for one in plugins.manifests
        if one.always_on and hasattr(plugins.plugin(one.id), "tenant_directory")
    }
