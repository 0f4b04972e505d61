"""Events: what is declared is there, and what is there is declared."""

import ast
from collections.abc import Iterator
from typing import Any

from core.authoring.findings import Finding
from core.authoring.subject import Subject
from core.jobs.events import public_names


def emitted(subject: Subject) -> Iterator[Finding]:
    """Public events stand in the manifest, and those of the manifest are classes."""
    declared = set(subject.manifest.events_emitted)
    there = {name for name in public_names(object) if name.startswith(f"{subject.id}.")}
    for name in sorted(there - declared):
        yield subject.finding(
            "EVENT_UNDECLARED",
            name,
            "The manifest does not list this public event.",
            "List it in manifest.events_emitted.",
        )
    for name in sorted(declared - there - _sent(subject)):
        yield subject.finding(
            "EVENT_UNKNOWN",
            name,
            "The manifest lists it, and no class is declared under this name.",
            "Put public_event above its class in hooks.py, or take it off the list.",
        )


def _sent(subject: Subject) -> set[str]:
    """Words in the modules that send webhooks of their own, beside events."""
    return {
        node.value
        for tree in subject.modules.values()
        if _sends(tree)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _sends(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "core.sdk.webhooks"
        and any(alias.name == "send" for alias in node.names)
        for node in ast.walk(tree)
    )


def consumed(subject: Subject) -> Iterator[Finding]:
    """Events that the plugin listens to stand in the manifest, and no others."""
    declared = set(subject.manifest.events_consumed)
    heard: set[str] = set()
    for kind, _actor in subject.subscriptions:
        names = names_of(kind)
        heard |= names
        for name in sorted(names - declared):
            yield subject.finding(
                "EVENT_UNDECLARED",
                name,
                "The plugin listens to it, and the manifest does not say so.",
                "List it in manifest.events_consumed.",
            )
    for name in sorted(declared - heard):
        yield subject.finding(
            "EVENT_UNKNOWN",
            name,
            "The manifest says that the plugin listens to it, and it does not.",
            "Subscribe to it, or take it off manifest.events_consumed.",
        )


def names_of(kind: type[Any]) -> frozenset[str]:
    """What a class of events is called in a manifest.

    Those that never leave the platform have no name but their class's, behind the
    plugin's id: ``members.CoachAssigned``.
    """
    owner = kind.__module__.split(".")[-2].removeprefix("palestra_")
    return public_names(kind) or frozenset({f"{owner}.{kind.__name__}"})
