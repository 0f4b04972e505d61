"""Finding, ordering and calling plugins."""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

import pluggy
import structlog
from packaging.specifiers import SpecifierSet

from core.context import Gym
from core.db.migrate import Stream
from core.plugin.manifest import Manifest, ManifestError
from core.plugin.spec import PROJECT, CoreHooks

GROUP = "palestra.plugins"

_MOST_HEARD: Final = 256
"""Sets of plugins whose hooks are remembered; gyms choose them."""

log = structlog.get_logger(__name__)


class Plugin(Protocol):
    """What an entry point of the group names: an object with a manifest.

    Attributes:
        manifest: Its declaration. Hook implementations are its other attributes.
    """

    manifest: Manifest


class PluginLoadError(RuntimeError):
    """A plugin cannot be loaded; the message is one line that says which and why.

    Attributes:
        plugin_id: Which.
    """

    def __init__(self, message: str, plugin_id: str) -> None:
        super().__init__(message)
        self.plugin_id = plugin_id


class TenantHooks:
    """Hooks as one gym hears them: plugins that are off there are silent."""

    def __init__(self, manager: pluggy.PluginManager, silent: Sequence[Plugin]) -> None:
        self._manager = manager
        self._silent = silent
        self._callers: dict[str, pluggy.HookCaller] = {}

    def __getattr__(self, name: str) -> pluggy.HookCaller:
        caller = self._callers.get(name)
        if caller is None:
            caller = self._manager.subset_hook_caller(name, self._silent)
            self._callers[name] = caller
        return caller

    def hears(self, name: str) -> bool:
        """Whether a plugin that is on has something to say to a hook.

        Ask where the call alone needs what costs a statement.
        """
        return bool(getattr(self, name).get_hookimpls())


class Plugins:
    """The plugins of this installation, in the order they load."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(CoreHooks)
        ordered = in_order(list(plugins))
        self._by_id = {plugin.manifest.id: plugin for plugin in ordered}
        self._heard: dict[frozenset[str], TenantHooks] = {}
        for plugin in ordered:
            hooks = getattr(plugin, "hookspecs", None)
            if hooks is not None:
                self._manager.add_hookspecs(hooks)
        # pluggy calls the last registered first; reversed, so that hooks run in
        # the order in which plugins build on each other.
        try:
            for plugin in reversed(ordered):
                self._manager.register(plugin, name=plugin.manifest.id)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            culprit = next(
                key for key, one in self._by_id.items() if one is error.plugin
            )
            raise PluginLoadError(
                f"Plugin {culprit}: {error}. The hooks there are: docs/hooks.md.",
                culprit,
            ) from error

    @classmethod
    def discover(cls, found: Iterable[EntryPoint] | None = None) -> "Plugins":
        """Loads every plugin that an installed distribution declares.

        Raises:
            PluginLoadError: One cannot be imported or breaks a rule.
        """
        chosen = entry_points(group=GROUP) if found is None else found
        return cls([_load(entry) for entry in sorted(chosen, key=lambda e: e.name)])

    @classmethod
    def discover_sound(cls, found: Iterable[EntryPoint] | None = None) -> "Plugins":
        """As ``discover``, but leaves out what cannot be loaded, and what requires it.

        For a production that starts: one faulty plugin shall not keep every gym from
        all others. Each that is left out is told in the log, as an error.

        Raises:
            ManifestError: Two plugins collide; which of them is wrong, nobody can tell.
        """
        chosen = entry_points(group=GROUP) if found is None else found
        loaded: dict[str, Plugin] = {}
        for entry in sorted(chosen, key=lambda one: one.name):
            try:
                loaded[entry.name] = _load(entry)
            except PluginLoadError as error:
                _leave_out(entry.name, str(error))
        while True:
            _drop_incomplete(loaded)
            try:
                return cls(loaded.values())
            except PluginLoadError as error:
                _leave_out(error.plugin_id, str(error))
                del loaded[error.plugin_id]

    @property
    def all_gyms(self) -> Any:
        """Hooks heard by every installed plugin, for start-up and migrations only."""
        return self._manager.hook

    @property
    def manifests(self) -> list[Manifest]:
        """Every manifest, in load order."""
        return [plugin.manifest for plugin in self._by_id.values()]

    @property
    def switchable(self) -> frozenset[str]:
        """Ids of the plugins that a gym's admin switches on and off."""
        return frozenset(
            manifest.id for manifest in self.manifests if not manifest.always_on
        )

    def manifest(self, plugin_id: str) -> Manifest | None:
        """The manifest of one plugin; None when it is not installed."""
        plugin = self._by_id.get(plugin_id)
        return plugin.manifest if plugin else None

    def plugin(self, plugin_id: str) -> Plugin:
        """One plugin.

        Raises:
            KeyError: It is not installed.
        """
        return self._by_id[plugin_id]

    def for_tenant(self, gym: Gym) -> TenantHooks:
        """Hooks as ``gym`` hears them; gyms with the same plugins on share them."""
        known = self._heard.get(gym.plugins)
        if known is None:
            if len(self._heard) >= _MOST_HEARD:
                self._heard.clear()
            known = self._heard[gym.plugins] = self._with(gym.plugins)
        return known

    def _with(self, on: frozenset[str]) -> TenantHooks:
        """Hooks as a gym hears them that has these plugins on."""
        return TenantHooks(
            self._manager,
            [
                plugin
                for plugin_id, plugin in self._by_id.items()
                if not plugin.manifest.always_on and plugin_id not in on
            ],
        )

    def alone(self, plugin_id: str) -> TenantHooks:
        """Hooks as one plugin hears them, whether or not a gym has it on.

        For what must reach data that a gym switched off: export and erasure.
        """
        others = [one for key, one in self._by_id.items() if key != plugin_id]
        return TenantHooks(self._manager, others)

    def requirements(self, plugin_id: str) -> list[str]:
        """What must be on for ``plugin_id`` to work, nearest last, itself excluded."""
        needed: list[str] = []
        for required in self._by_id[plugin_id].manifest.requires:
            needed += [*self.requirements(required), required]
        return list(dict.fromkeys(needed))

    def dependants(self, plugin_id: str) -> list[str]:
        """Which plugins stop working without ``plugin_id``, in load order."""
        return [other for other in self._by_id if plugin_id in self.requirements(other)]

    def streams(self) -> list[Stream]:
        """The migration streams of the plugins that have tables."""
        return [
            Stream(
                plugin.manifest.id,
                package_folder(plugin) / "migrations",
                plugin.manifest.models,
            )
            for plugin in self._by_id.values()
            if plugin.manifest.models is not None
        ]


def package_folder(plugin: Plugin) -> Path:
    """The folder that a plugin's module lies in."""
    module = __import__(type(plugin).__module__, fromlist=["_"])
    return Path(str(module.__file__)).parent


def _load(entry: EntryPoint) -> Plugin:
    try:
        plugin = entry.load()
    except Exception as error:
        raise PluginLoadError(
            f"Plugin {entry.name} ({entry.value}) does not load: {error}. "
            "Mend it, or uninstall its distribution.",
            entry.name,
        ) from error
    if not isinstance(getattr(plugin, "manifest", None), Manifest):
        raise PluginLoadError(
            f"Plugin {entry.name} ({entry.value}) has no manifest.", entry.name
        )
    if plugin.manifest.id != entry.name:
        raise PluginLoadError(
            f"Entry point {entry.name} names a plugin with id {plugin.manifest.id}.",
            entry.name,
        )
    loaded: Plugin = plugin
    return loaded


def _drop_incomplete(loaded: dict[str, Plugin]) -> None:
    """Leaves out plugins that require one that is not there, until all is complete."""
    while True:
        lacking = {
            plugin_id: required
            for plugin_id, plugin in loaded.items()
            for required in plugin.manifest.requires
            if required not in loaded
        }
        if not lacking:
            return
        for plugin_id, required in lacking.items():
            _leave_out(plugin_id, f"It requires {required}, which is not there.")
            del loaded[plugin_id]


def _leave_out(plugin_id: str, reason: str) -> None:
    log.error(
        "plugin.left_out",
        plugin=plugin_id,
        reason=reason,
        remedy="run palestra plugins list, mend or uninstall it, and start again",
    )


def in_order(plugins: Sequence[Plugin]) -> list[Plugin]:
    """Sorts plugins so that each comes after what it requires or follows.

    Raises:
        ManifestError: Ids collide, a requirement is missing or of another version,
            or requirements form a circle.
    """
    by_id = {plugin.manifest.id: plugin for plugin in plugins}
    if len(by_id) != len(plugins):
        raise ManifestError("Two installed plugins have the same id.")
    _refuse_prefixes(by_id)
    ordered: dict[str, Plugin] = {}
    for plugin_id in sorted(by_id):
        _visit(plugin_id, by_id, ordered, ())
    return list(ordered.values())


def _visit(
    plugin_id: str,
    by_id: dict[str, Plugin],
    ordered: dict[str, Plugin],
    path: tuple[str, ...],
) -> None:
    if plugin_id in ordered:
        return
    if plugin_id in path:
        circle = " → ".join([*path, plugin_id])
        raise ManifestError(f"Plugins require each other in a circle: {circle}.")
    manifest = by_id[plugin_id].manifest
    for required, wanted in manifest.requires.items():
        if required not in by_id:
            raise ManifestError(f"{plugin_id} requires {required}: install it too.")
        version = by_id[required].manifest.version
        if version not in SpecifierSet(wanted):
            raise ManifestError(
                f"{plugin_id} requires {required} {wanted}; installed is {version}."
            )
    earlier = [*manifest.requires, *(i for i in manifest.after if i in by_id)]
    for required in earlier:
        _visit(required, by_id, ordered, (*path, plugin_id))
    ordered[plugin_id] = by_id[plugin_id]


def _refuse_prefixes(ids: Iterable[str]) -> None:
    """Table and route prefixes are told apart by their first letters."""
    known = sorted(ids)
    for first, second in pairwise(known):
        if second.startswith(first):
            raise ManifestError(f"Plugin id {first} is the beginning of {second}.")
