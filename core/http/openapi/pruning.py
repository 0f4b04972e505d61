"""Narrowing the document to what a gym has, with nothing left over."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = dict[str, Any]

_REFERENCE = "#/components/"


def narrowed(
    document: Document, keep: Callable[[str, Mapping[str, Any]], bool]
) -> Document:
    """A document with the operations that ``keep(path, operation)`` wants.

    Tags and components that only the others used are gone too.
    """
    paths = {}
    for path, operations in document["paths"].items():
        kept = {
            method: operation
            for method, operation in operations.items()
            if keep(path, operation)
        }
        if kept:
            paths[path] = kept
    used_tags = {
        tag
        for operations in paths.values()
        for operation in operations.values()
        for tag in operation["tags"]
    }
    return {
        **document,
        "tags": [tag for tag in document["tags"] if tag["name"] in used_tags],
        "paths": paths,
        "components": used_components(paths, document["components"]),
    }


def used_components(paths: Any, components: Mapping[str, Any]) -> Document:
    """The components that are reached from ``paths``, directly or not."""
    reached: set[tuple[str, str]] = set()
    waiting = list(references(paths))
    while waiting:
        section, name = target = waiting.pop()
        if target not in reached:
            reached.add(target)
            waiting.extend(references(components[section][name]))
    kept = {
        section: {
            name: component
            for name, component in named.items()
            if (section, name) in reached or section == "securitySchemes"
        }
        for section, named in components.items()
    }
    return {section: named for section, named in kept.items() if named}


def references(part: Any) -> Iterator[tuple[str, str]]:
    """Every reference to a component inside ``part``: (section, name)."""
    if isinstance(part, Mapping):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith(_REFERENCE):
            section, _, name = target.removeprefix(_REFERENCE).partition("/")
            yield section, name
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)
