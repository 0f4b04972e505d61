"""Events: what happened, told to every plugin that listens, after the commit."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from core.context import hooks
from core.db.services import service
from core.jobs.actor import JobActor
from core.jobs.errors import JobDeclarationError
from core.jobs.outbox import enqueue_each

Subscription = tuple[type[Any], JobActor[Any]]
"""A class of events, and the actor whose first parameter takes one."""

Listener = Callable[[object], None]
"""Hears every event, within the transaction of whoever emits it."""

Event = TypeVar("Event")

PUBLIC_NAME = re.compile(r"^[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*){1,3}$")

_public: dict[type[Any], str] = {}


class Listeners:
    """Who hears the events of an installation, besides the plugins' subscribers."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def tell(self, event: object) -> None:
        """Tells every listener; one that raises undoes what the event tells of."""
        for listener in self._listeners:
            listener(event)


def public_event(name: str) -> Callable[[type[Event]], type[Event]]:
    """Makes a class of events public: it may leave the platform, as a webhook.

    Put it above ``@dataclass`` and list the name in the manifest's ``events_emitted``.
    Name and fields are then a promise to programs that nobody here knows: fields may
    be added, none is renamed or taken away. They hold plain values (ids, moments,
    texts, numbers) and nothing about a person but ids.

    Args:
        name: ``plugin.thing.happened``.

    Raises:
        JobDeclarationError: The name has another form.
    """
    if not PUBLIC_NAME.match(name):
        raise JobDeclarationError(f"{name!r}: name it like plugin.thing.happened.")

    def declare(kind: type[Event]) -> type[Event]:
        _public[kind] = name
        return kind

    return declare


def public_name(event: object) -> str | None:
    """The name of a public event, or of a class of them; None for any other."""
    kind = event if isinstance(event, type) else type(event)
    return _public.get(kind)


def public_names(kind: type[Any]) -> frozenset[str]:
    """The names of the public events of a class and of all that derive from it."""
    return frozenset(name for one, name in _public.items() if issubclass(one, kind))


def fields_of(event: Any) -> Mapping[str, Any]:
    """An event's fields by name."""
    return {field.name: getattr(event, field.name) for field in fields(event)}


def emit(event: object) -> int:
    """Writes one job for each subscriber; a failing one is nobody else's concern.

    Only plugins that are on in this gym at this moment are told. Each is told at
    least once.

    Args:
        event: An instance of a frozen dataclass.

    Returns:
        How many subscribers will be told.

    Raises:
        JobDeclarationError: It is no instance of a dataclass.
    """
    if not is_dataclass(event) or isinstance(event, type):
        raise JobDeclarationError(f"{event!r} is no event: events are dataclasses.")
    listening = [
        actor
        for group in _subscriptions()
        for kind, actor in group
        if isinstance(event, kind)
    ]
    enqueue_each(listening, event)
    service(Listeners).tell(event)
    return len(listening)


def _subscriptions() -> Iterable[Iterable[Subscription]]:
    found: Iterable[Iterable[Subscription]] = hooks().subscribers()
    return found
