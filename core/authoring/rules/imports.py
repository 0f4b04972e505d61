"""Imports: core by its door, other plugins by theirs, libraries as declared."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.authoring.findings import Finding
from core.authoring.subject import Subject

_DOORS = re.compile(r"^core\.(sdk|testing)(\.|$)")


def doors(subject: Subject) -> Iterator[Finding]:
    """Core is imported by its door, and other plugins by theirs."""
    others = {
        package: one.id
        for one in subject.plugins.manifests
        if (package := _package(subject, one.id)) != subject.package
    }
    allowed = {*subject.manifest.requires, *subject.manifest.after}
    for place, module in _imports(subject):
        root = module.split(".")[0]
        if root == "core" and not _DOORS.match(module):
            yield subject.finding(
                "IMPORT_CORE",
                place,
                f"It imports {module}, which may change any day.",
                "Import from core.sdk.",
            )
            continue
        for package, other in others.items():
            if not f"{module}.".startswith(f"{package}."):
                continue
            if not f"{module}.".startswith(f"{package}.hooks."):
                yield subject.finding(
                    "IMPORT_PLUGIN",
                    place,
                    f"It imports {module}, an inner part of {other}.",
                    f"Import from {package}.hooks, or ask by a hook.",
                )
            elif other not in allowed:
                yield subject.finding(
                    "IMPORT_UNDECLARED",
                    place,
                    f"It imports from {other}, which need not be installed.",
                    f"Name {other} in manifest.requires.",
                )


def libraries(subject: Subject) -> Iterator[Finding]:
    """Libraries come with the plugin's distribution, or with Palestra."""
    own = subject.distribution
    if own is None:
        return
    known = {canonicalize_name(own.name)} | _required(own)
    if "palestra" in known:
        known |= _required(Distribution.from_name("palestra"))
    plugins = {
        _package(subject, one.id).split(".")[0] for one in subject.plugins.manifests
    }
    internal = {*plugins, "core", *sys.stdlib_module_names}
    for place, module in _imports(subject):
        root = module.split(".")[0]
        if root in internal:
            continue
        bringing = {canonicalize_name(one) for one in _brought_by().get(root, ())}
        if not bringing & known:
            yield subject.finding(
                "IMPORT_UNDECLARED",
                place,
                f"It imports {root}, which no declared dependency brings.",
                "List its distribution under dependencies in pyproject.toml.",
            )


def _imports(subject: Subject) -> Iterator[tuple[str, str]]:
    """Each import: where it stands, and the dotted name of what is imported."""
    for path, tree in subject.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield f"{path}:{node.lineno}", alias.name
            elif isinstance(node, ast.ImportFrom):
                for name in _imported_from(subject, path, node):
                    yield f"{path}:{node.lineno}", name


def _imported_from(subject: Subject, path: str, node: ast.ImportFrom) -> Iterator[str]:
    """``from core import sdk`` imports ``core.sdk``, as far as anybody can tell."""
    base = node.module or ""
    if node.level:
        inside = [subject.package, *path.split("/")[:-1]]
        above = ".".join(inside).split(".")
        kept = above[: len(above) - node.level + 1]
        base = ".".join([*kept, base]).rstrip(".")
    for alias in node.names:
        yield f"{base}.{alias.name}"


def _package(subject: Subject, plugin_id: str) -> str:
    plugin = subject.plugins.plugin(plugin_id)
    return type(plugin).__module__.rpartition(".")[0]


def _required(distribution: Distribution) -> set[str]:
    """What comes with it, its extras left out."""
    wanted = map(Requirement, distribution.requires or ())
    return {
        canonicalize_name(one.name)
        for one in wanted
        if one.marker is None or one.marker.evaluate({"extra": ""})
    }


@cache
def _brought_by() -> dict[str, list[str]]:
    """Importable name → distributions that bring it."""
    return dict(packages_distributions())
