"""Names of schemas in the document: short in core, with the plugin's id elsewhere."""

from typing import Any

import marshmallow as ma
from apispec.ext.marshmallow.common import resolve_schema_cls

_OURS = ("core", "tenants")


class SchemaNames:
    """Gives each schema a name of its own.

    A schema of ``plugins.members`` called ``Client`` becomes ``MembersClient``; one
    that belongs to another distribution gets the id of the plugin whose route uses it
    first. The same class with other fields left out counts on: ``Client2``.

    Attributes:
        owner: The plugin whose route is being described; None for core.
    """

    def __init__(self) -> None:
        self.owner: str | None = None
        self._taken: set[str] = set()

    def __call__(self, schema: type[ma.Schema] | ma.Schema) -> str:
        resolved: Any = resolve_schema_cls(schema)
        base = self._prefixed(resolved)
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}{number}"
        self._taken.add(name)
        return name

    def reserve(self, *names: str) -> None:
        """Keeps names for the document's own components."""
        self._taken.update(names)

    def _prefixed(self, schema: type[ma.Schema]) -> str:
        name = schema.__name__.lstrip("_")
        name = name.removesuffix("Schema") or name
        owner = self._owner(schema.__module__)
        prefix = owner.capitalize() if owner else ""
        return name if name.startswith(prefix) else prefix + name

    def _owner(self, module: str) -> str | None:
        top, _, rest = module.partition(".")
        if top in _OURS:
            return None
        if top == "plugins" and rest:
            return rest.partition(".")[0]
        return self.owner
