"""A plugin as its check sees it: what it declares, registers and is written like."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import Distribution, entry_points
from itertools import chain
from pathlib import Path
from typing import Any

from core.authoring.errors import AuthoringFailed
from core.authoring.findings import Finding
from core.db.base import Base
from core.http.blueprint import Blueprint
from core.http.operation import Operation
from core.jobs.actor import JobActor
from core.jobs.events import Subscription
from core.jobs.schedule import Every
from core.plugin.manager import GROUP, Plugin, Plugins, package_folder
from core.plugin.manifest import Manifest
from core.privacy.declarations import Model, models_in


@dataclass(frozen=True)
class Subject:
    """One installed plugin.

    Attributes:
        plugins: All that are installed.
        plugin: The one to check.
    """

    plugins: Plugins
    plugin: Plugin

    @classmethod
    def of(cls, plugins: Plugins, plugin_id: str) -> "Subject":
        """The installed plugin of that id, its tables loaded."""
        plugin = plugins.plugin(plugin_id)
        if plugin.manifest.models is not None:
            import_module(plugin.manifest.models)
        return cls(plugins, plugin)

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""
        return self.plugin.manifest

    @property
    def id(self) -> str:
        """Its id."""
        return self.manifest.id

    @cached_property
    def package(self) -> str:
        """Import path of the package that it lies in."""
        return type(self.plugin).__module__.rpartition(".")[0]

    @cached_property
    def folder(self) -> Path:
        """Where that package lies."""
        return package_folder(self.plugin)

    @cached_property
    def distribution(self) -> Distribution | None:
        """The distribution that brought it."""
        for entry in entry_points(group=GROUP):
            if entry.name == self.id:
                return entry.dist
        return None

    @cached_property
    def modules(self) -> dict[str, ast.Module]:
        """Its source by path within the package, revisions left out."""
        return {
            str(path.relative_to(self.folder)): _parsed(path)
            for path in sorted(self.folder.rglob("*.py"))
            if not {"migrations", "tests"} & set(path.relative_to(self.folder).parts)
        }

    @cached_property
    def revisions(self) -> dict[str, ast.Module]:
        """The source of its revisions by file name."""
        return {
            path.name: _parsed(path)
            for path in sorted((self.folder / "migrations").glob("*.py"))
        }

    @cached_property
    def models(self) -> list[Model]:
        """Its models whose rows are gyms'."""
        if self.manifest.models is None:
            return []
        return models_in(self.manifest.models.rpartition(".")[0])

    @cached_property
    def blueprints(self) -> list[Blueprint]:
        """Its routes."""
        return self._told("blueprints")

    @property
    def operations(self) -> Iterator[Operation]:
        """What its routes declare."""
        for blueprint in self.blueprints:
            yield from blueprint.operations

    @cached_property
    def actors(self) -> list[JobActor[Any]]:
        """What runs its jobs."""
        return self._told("actors")

    @cached_property
    def schedules(self) -> list[Every]:
        """Its recurring work."""
        return self._told("schedules")

    @cached_property
    def subscriptions(self) -> list[Subscription]:
        """What it listens to."""
        return self._told("subscribers")

    @cached_property
    def templates(self) -> list[Path]:
        """Its folder of templates, if it has one."""
        found: list[Path] = self._ask("templates")()
        return found

    def _ask(self, hook: str) -> Callable[[], Any]:
        caller: Callable[[], Any] = getattr(self.plugins.alone(self.id), hook)
        return caller

    def _told(self, hook: str) -> list[Any]:
        return list(chain.from_iterable(self._ask(hook)()))

    def finding(self, code: str, place: str, problem: str, remedy: str) -> Finding:
        """Something that this plugin has to mend."""
        return Finding(
            plugin=self.id, code=code, place=place, problem=problem, remedy=remedy
        )


Rule = Callable[[Subject], Iterable[Finding]]
"""Finds what breaks it."""


def _parsed(path: Path) -> ast.Module:
    """Reads a file of source.

    Raises:
        AuthoringFailed: It is no Python.
    """
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise AuthoringFailed(f"{path} is no Python: {error}.") from error


def models_of(manifest: Manifest) -> list[type[Base]]:
    """The models that lie in the package of the plugin's models."""
    if manifest.models is None:
        return []
    package = manifest.models.rpartition(".")[0]
    return [
        mapper.class_
        for mapper in Base.registry.mappers
        if f"{mapper.class_.__module__}.".startswith(f"{package}.")
    ]
