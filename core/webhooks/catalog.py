"""Which types of webhook there are, and which of them a gym can get."""

from collections.abc import Iterable, Mapping
from typing import Final, Self

from core.context import Gym
from core.plugin.manifest import Manifest
from core.webhooks.errors import TypeUndeclared

MESSAGE: Final = "notifications.message"
SAMPLE: Final = "webhooks.test"
TYPES: Final = (MESSAGE,)
"""What core sends besides events: messages whose channel is a webhook. A sample is
sent by hand, to one endpoint, whatever that gets otherwise."""


class Catalog:
    """Every type that core and the installed plugins send.

    Args:
        own: Types that core sends, in every gym.
        by_plugin: Plugin id → the types that it sends while it is on.
    """

    def __init__(
        self, own: Iterable[str], by_plugin: Mapping[str, Iterable[str]]
    ) -> None:
        self._owner: dict[str, str | None] = dict.fromkeys(own)
        for plugin_id, names in by_plugin.items():
            self._owner.update(dict.fromkeys(names, plugin_id))

    @classmethod
    def of(cls, own: Iterable[str], manifests: Iterable[Manifest]) -> Self:
        """Reads the manifests; types of a plugin that is always on count as core's."""
        everywhere = list(own)
        by_plugin = {}
        for manifest in manifests:
            if manifest.always_on:
                everywhere += manifest.events_emitted
            else:
                by_plugin[manifest.id] = manifest.events_emitted
        return cls(everywhere, by_plugin)

    def available(self, gym: Gym) -> list[str]:
        """The types that can come in this gym now, in alphabetical order."""
        return sorted(name for name in self._owner if self.is_on(name, gym))

    def is_on(self, name: str, gym: Gym) -> bool:
        """Whether whoever sends a type is switched on; an unknown type is not."""
        if name not in self._owner:
            return False
        owner = self._owner[name]
        return owner is None or owner in gym.plugins

    def require(self, name: str) -> None:
        """Refuses a type that nobody has declared.

        Raises:
            TypeUndeclared: So it is.
        """
        if name not in self._owner:
            raise TypeUndeclared(
                f"{name!r} is no type of webhook: name it in events_emitted of the "
                "plugin's manifest, or in webhook_types of the part of core."
            )
