"""All actors and schedules of an installation, by name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.jobs.actor import JobActor
from core.jobs.errors import JobDeclarationError, UnknownActor
from core.jobs.schedule import Every


class Registry:
    """What the plugins and core declared; built once, at the composition root.

    Args:
        actors: Every actor there is.
        schedules: Every recurring job there is.

    Raises:
        JobDeclarationError: A name is taken twice, or a schedule names no actor.
    """

    def __init__(
        self, actors: Iterable[JobActor[Any]], schedules: Iterable[Every] = ()
    ) -> None:
        self._actors: dict[str, JobActor[Any]] = {}
        for actor in actors:
            if self._actors.setdefault(actor.name, actor) is not actor:
                raise JobDeclarationError(f"Two actors are named {actor.name}.")
        self.schedules: Sequence[Every] = tuple(schedules)
        names = [schedule.name for schedule in self.schedules]
        for name in names:
            if names.count(name) > 1:
                raise JobDeclarationError(f"Two schedules are named {name}.")
        for schedule in self.schedules:
            if schedule.kind not in self._actors:
                raise JobDeclarationError(
                    f"Schedule {schedule.name}: there is no actor {schedule.kind}."
                )

    def actor(self, name: str) -> JobActor[Any]:
        """The actor of that name.

        Raises:
            UnknownActor: No installed plugin gives it.
        """
        found = self._actors.get(name)
        if found is None:
            raise UnknownActor(name)
        return found

    def find(self, name: str) -> JobActor[Any] | None:
        """The actor of that name; None when there is none."""
        return self._actors.get(name)

    @property
    def limits(self) -> Mapping[str, int]:
        """Actor name → how many attempts it declares."""
        return {name: actor.max_attempts for name, actor in self._actors.items()}
