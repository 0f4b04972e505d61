"""What a plugin registers carries its id, so that two plugins never collide."""

from collections.abc import Iterator
from inspect import signature

import pluggy

from core.authoring.findings import Finding
from core.authoring.subject import Subject
from core.notifications.errors import TemplateDefect
from core.notifications.templates import Templates
from core.plugin.manager import Plugins
from core.plugin.spec import PROJECT, CoreHooks


def routes(subject: Subject) -> Iterator[Finding]:
    """Each goes off with the plugin, and asks for a permission of its own."""
    for blueprint in subject.blueprints:
        if blueprint.owner != subject.id:
            yield subject.finding(
                "ROUTE_OWNER",
                f"blueprint {blueprint.name}",
                "Its routes would answer while the plugin is off.",
                f'Say owner="{subject.id}"; its prefix then begins with /{subject.id}.',
            )
    own = {permission.name for permission in subject.manifest.permissions}
    for operation in subject.operations:
        wanted = operation.permission
        if wanted is not None and wanted.name not in own:
            yield subject.finding(
                "ROUTE_PERMISSION",
                operation.name,
                f"It asks for {wanted.name}, which the manifest does not declare.",
                "List the permission in manifest.permissions.",
            )


def work(subject: Subject) -> Iterator[Finding]:
    """Actors and schedules carry its id; every actor says what 'off' means for it."""
    for actor in subject.actors:
        if actor.owner != subject.id:
            yield _misnamed(subject, "ACTOR_NAME", f"actor {actor.name}")
        if not actor.says_when_off:
            yield subject.finding(
                "ACTOR_WHEN_OFF",
                f"actor {actor.name}",
                "It does not say what becomes of its jobs while the plugin is off.",
                "Give when_off: DROP, PARK or RUN.",
            )
    for schedule in subject.schedules:
        if not schedule.name.startswith(f"{subject.id}."):
            yield _misnamed(subject, "ACTOR_NAME", f"schedule {schedule.name}")


def templates(subject: Subject) -> Iterator[Finding]:
    """Messages are there in every language, sound, and carry its id."""
    for folder in subject.templates:
        try:
            known = Templates((folder,))
        except TemplateDefect as error:
            yield subject.finding(
                "TEMPLATE_DEFECT",
                str(folder.name),
                str(error),
                "Mend the file; each message is there in English and German.",
            )
            continue
        for name in sorted({*known.names} - {*Templates(()).names}):
            if not name.startswith(f"{subject.id}."):
                yield _misnamed(subject, "TEMPLATE_NAME", name)


def unknown_hooks(plugins: Plugins, plugin_id: str) -> list[str]:
    """Implementations of hooks, and arguments of theirs, that nobody specified."""
    plugin = plugins.plugin(plugin_id)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(CoreHooks)
    for one in plugins.manifests:
        specified = getattr(plugins.plugin(one.id), "hookspecs", None)
        if specified is not None:
            manager.add_hookspecs(specified)
    faults = []
    for name in dir(plugin):
        method = getattr(plugin, name)
        if not hasattr(method, f"{PROJECT}_impl"):
            continue
        caller = getattr(manager.hook, name, None)
        if caller is None or caller.spec is None:
            faults.append(name)
            continue
        extra = set(signature(method).parameters) - set(caller.spec.argnames)
        faults += [f"{name}({argument})" for argument in sorted(extra)]
    return faults


def _misnamed(subject: Subject, code: str, place: str) -> Finding:
    return subject.finding(
        code,
        place,
        "Another plugin could have the same name.",
        f"Begin the name with {subject.id} and a dot.",
    )
