"""Which plugins are on in a gym, and how they are set.

A change first raises the gym's version. That takes the lock on the version's row, so
two admins who switch at once do so one after the other, each seeing what the other did.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import marshmallow as ma

from core.context import Gym, current
from core.db.session import TenantSession
from core.db.unit import session
from core.db.versions import bump
from core.errors import NotFound, Unprocessable
from core.jobs.outbox import wake
from core.plugin.manager import Plugins
from core.plugin.manifest import Manifest, wanted, working
from core.plugin.settings import plugin_settings, settings_of
from tenants import repository
from tenants.errors import PluginHasDependants
from tenants.models import Toggle


@dataclass(frozen=True, slots=True)
class PluginState:
    """One plugin as a gym's admin sees it.

    Attributes:
        enabled: Whether it works in this gym.
        state: ``on``; ``off``; or ``waiting``: switched on, but something that it
            requires is off, or the operator switched it off for every gym.
        requires: Ids of all plugins that it needs, the deepest first.
        dependants: Ids of the plugins that need it.
        settings: Its settings in wire form, defaults included.
    """

    manifest: Manifest
    enabled: bool
    state: str
    requires: Sequence[str]
    dependants: Sequence[str]
    settings: Mapping[str, Any]


class Toggles:
    """Switches and sets the plugins of the gym in context."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def list(self) -> Sequence[PluginState]:
        """Every plugin that the gym may switch, in load order."""
        stored = repository.toggles(session())
        at_work = self._working(stored)
        return [
            self._state(manifest, stored, at_work)
            for manifest in self._plugins.manifests
            if not manifest.always_on
        ]

    def get(self, plugin_id: str) -> PluginState:
        """One plugin.

        Raises:
            NotFound: No such plugin is installed.
        """
        manifest = self._manifest(plugin_id)
        stored = repository.toggles(session())
        return self._state(manifest, stored, self._working(stored))

    def change(
        self,
        plugin_id: str,
        *,
        enabled: bool | None = None,
        settings: Mapping[str, Any] | None = None,
        with_dependants: bool = False,
    ) -> PluginState:
        """Sets a plugin, switches it, or both.

        Args:
            plugin_id: Which plugin.
            enabled: On pulls in what it requires; None leaves it.
            settings: Values that replace the stored ones of the same name.
            with_dependants: Switching off also takes along what needs it.

        Raises:
            NotFound: No such plugin is installed.
            Unprocessable: The settings are not what the plugin takes.
            PluginHasDependants: It cannot go alone, and was not to take others along.
        """
        manifest = self._manifest(plugin_id)
        here = session()
        bump(here, here.require_tenant())
        stored = repository.toggles(here)
        before = self._working(stored)
        if settings is not None:
            _configure(here, manifest, stored, settings)
        if enabled is True:
            self._enable(here, plugin_id, stored)
        if enabled is False:
            self._disable(here, plugin_id, stored, with_dependants=with_dependants)
        here.flush()
        self._announce(stored, before)
        return self._state(manifest, stored, self._working(stored))

    def _working(self, stored: Mapping[str, Toggle]) -> frozenset[str]:
        quarantined = repository.quarantined(session())
        return working(self._plugins.manifests, repository.chosen(stored, quarantined))

    def _manifest(self, plugin_id: str) -> Manifest:
        manifest = self._plugins.manifest(plugin_id)
        if manifest is None or manifest.always_on:
            raise NotFound("No such plugin is installed.")
        return manifest

    def _state(
        self,
        manifest: Manifest,
        stored: Mapping[str, Toggle],
        at_work: frozenset[str],
    ) -> PluginState:
        enabled = manifest.id in at_work
        waiting = not enabled and wanted(manifest, repository.chosen(stored))
        toggle = stored.get(manifest.id)
        settings = settings_of(manifest, toggle.settings if toggle else {})
        return PluginState(
            manifest=manifest,
            enabled=enabled,
            state="on" if enabled else "waiting" if waiting else "off",
            requires=self._plugins.requirements(manifest.id),
            dependants=self._plugins.dependants(manifest.id),
            settings=manifest.settings().dump(settings) if manifest.settings else {},
        )

    def _enable(
        self, here: TenantSession, plugin_id: str, stored: dict[str, Toggle]
    ) -> None:
        for wanted_id in [*self._plugins.requirements(plugin_id), plugin_id]:
            _switch(here, wanted_id, stored, on=True)

    def _disable(
        self,
        here: TenantSession,
        plugin_id: str,
        stored: dict[str, Toggle],
        *,
        with_dependants: bool,
    ) -> None:
        on = self._working(stored)
        dependants = [d for d in self._plugins.dependants(plugin_id) if d in on]
        if dependants and not with_dependants:
            raise PluginHasDependants(details={"dependants": dependants})
        for unwanted_id in [*dependants, plugin_id]:
            _switch(here, unwanted_id, stored, on=False)

    def _announce(self, stored: Mapping[str, Toggle], before: frozenset[str]) -> None:
        """Puts the new state into the context and tells those that came on."""
        now = self._working(stored)
        gym = replace(
            current().require_gym(),
            plugins=now,
            plugin_settings=plugin_settings(
                self._plugins.manifests, repository.plugin_settings(stored)
            ),
        )
        current().gym = gym
        if now - before:
            switched_on: Gym = replace(gym, plugins=now - before)
            self._plugins.for_tenant(switched_on).enabled(gym=gym)
            for plugin_id in sorted(now - before):
                wake(plugin_id)


def _row(here: TenantSession, plugin_id: str, stored: dict[str, Toggle]) -> Toggle:
    if plugin_id not in stored:
        stored[plugin_id] = Toggle(plugin_id=plugin_id, enabled=None, settings={})
        here.add(stored[plugin_id])
    return stored[plugin_id]


def _switch(
    here: TenantSession, plugin_id: str, stored: dict[str, Toggle], *, on: bool
) -> None:
    row = _row(here, plugin_id, stored)
    if row.enabled is not on:
        row.enabled = on


def _configure(
    here: TenantSession,
    manifest: Manifest,
    stored: dict[str, Toggle],
    given: Mapping[str, Any],
) -> None:
    """Stores settings in the form they came in, once the whole of them is valid."""
    schema = manifest.settings
    kept = stored[manifest.id].settings if manifest.id in stored else {}
    known = _wire_names(schema) if schema is not None else set()
    merged = {name: kept[name] for name in kept if name in known} | dict(given)
    try:
        (schema or ma.Schema)(unknown=ma.RAISE).load(merged)
    except ma.ValidationError as error:
        raise Unprocessable(details={"body": {"settings": error.messages}}) from error
    _row(here, manifest.id, stored).settings = merged


def _wire_names(schema: Callable[[], ma.Schema]) -> set[str]:
    return {field.data_key or name for name, field in schema().load_fields.items()}
