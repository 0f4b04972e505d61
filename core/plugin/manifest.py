"""What a plugin says of itself, typed and frozen."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.access import Permission
from core.http.schema import Schema
from core.jobs.events import PUBLIC_NAME

CORE_NAMES = frozenset(
    {
        "access", "admin", "api", "audits", "auth", "core", "dashboard", "docs",
        "files", "gyms", "health", "idempotency", "integrations", "jobs", "jwks", "me",
        "metrics", "notifications", "openapi", "permissions", "platform", "privacy",
        "ready", "roles", "sessions", "tenants", "users", "webhooks",
    }
)  # fmt: skip
"""First path segments and table prefixes that belong to core."""

_ID = re.compile(r"^[a-z][a-z0-9]{1,30}$")


class ManifestError(ValueError):
    """A manifest breaks a rule; the message names the plugin and the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A plugin's declaration.

    Attributes:
        id: Lower-case word; the prefix of its routes, tables and permissions.
        title: As an admin reads it.
        summary: One sentence.
        version: PEP 440.
        requires: Plugin id → PEP 440 specifier; these must be on with it.
        after: Plugins that load before it when they are installed.
        category: Heading in the admin's list.
        default_enabled: Whether a new gym starts with it on.
        always_on: It serves every gym and is no gym's to switch (``tenants``).
        permissions: What its routes ask for.
        events_emitted: Names of its public events (see ``core.jobs.events``).
        events_consumed: Names of the events it listens to.
        always_on_routes: Paths that answer while it is off (inbound webhooks).
        settings: Schema of its settings per gym.
        stores_personal_data: Then it must export and erase them.
        docs: Path of its page under ``docs/``.
        models: Import path of its models; None when it has no tables.
    """

    id: str
    title: str
    summary: str
    version: str
    requires: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    category: str = "Features"
    default_enabled: bool = True
    always_on: bool = False
    permissions: tuple[Permission, ...] = ()
    events_emitted: tuple[str, ...] = ()
    events_consumed: tuple[str, ...] = ()
    always_on_routes: tuple[str, ...] = ()
    settings: type[Schema] | None = None
    stores_personal_data: bool = False
    docs: str = ""
    models: str | None = None

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise ManifestError(f"{self.id!r}: an id is a lower-case word.")
        if self.id in CORE_NAMES and not self.always_on:
            raise ManifestError(f"{self.id}: this id is a name of core's.")
        for permission in self.permissions:
            owner, _, rest = permission.name.partition(".")
            if owner != self.id or rest.count(".") != 1:
                raise ManifestError(
                    f"{self.id}: permission {permission.name} must be named "
                    f"{self.id}.resource.verb."
                )
        for event in self.events_emitted:
            if not (PUBLIC_NAME.match(event) and event.startswith(f"{self.id}.")):
                raise ManifestError(
                    f"{self.id}: the event {event} must be named "
                    f"{self.id}.thing.happened."
                )


def wanted(manifest: Manifest, chosen: Mapping[str, bool]) -> bool:
    """Whether a gym wants a plugin on, whatever the plugin requires.

    Args:
        manifest: The plugin's.
        chosen: What the gym decided, by plugin id; else the plugin's default counts.
    """
    return manifest.always_on or chosen.get(manifest.id, manifest.default_enabled)


def working(
    manifests: Iterable[Manifest], chosen: Mapping[str, bool]
) -> frozenset[str]:
    """Ids of the plugins that work in a gym: wanted, and so is all that they require.

    Args:
        manifests: In load order, so that a requirement comes first.
        chosen: What the gym decided, by plugin id.
    """
    on: set[str] = set()
    for manifest in manifests:
        if wanted(manifest, chosen) and on.issuperset(manifest.requires):
            on.add(manifest.id)
    return frozenset(on)
