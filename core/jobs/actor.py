"""Actors: the functions that jobs run, each registered under a name."""

import inspect
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, ParamSpec, get_type_hints

from core.jobs.codec import decode
from core.jobs.errors import JobDeclarationError

Params = ParamSpec("Params")

DEFAULT_MAX_ATTEMPTS = 8

_NAME = re.compile(r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$")


class WhenOff(StrEnum):
    """What becomes of a due job in a gym where its plugin is off.

    ``DROP``: it counts as done. ``PARK``: it waits until the plugin is on again.
    ``RUN``: it runs all the same.
    """

    DROP = "drop"
    PARK = "park"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a failed job waits: twice as long each time, from half to all of it.

    Attributes:
        first: After the first failure.
        longest: Never more than this.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)

    def delay(self, attempts: int) -> timedelta:
        """The wait after ``attempts`` failures, at random within its bounds."""
        doublings = min(max(attempts - 1, 0), 40)
        whole = min(self.first * 2.0**doublings, self.longest)
        share = random.uniform(0.5, 1)  # noqa: S311 — spreads load, no secret
        return whole * share


@dataclass(frozen=True, eq=False, kw_only=True)
class JobActor(Generic[Params]):
    """A registered function; calling it runs the function here and now.

    Attributes:
        name: ``plugin.verb``; the part before the dot owns it.
        work: The function. Its annotations say how arguments are read back.
        max_attempts: After so many failures the job is dead.
        when_off: What becomes of it while the plugin is off.
        says_when_off: Whether its author said so; ``plugins check`` asks them to.
        heartbeat: How long a running job is believed to be alive. After that its
            lease runs out, it comes back, and the late one can no longer count.
        backoff: The wait between attempts.
        stepwise: No transaction is open while it runs; it opens its own with
            ``step``. For work that waits for a service outside the platform.
    """

    name: str
    work: Callable[Params, None]
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    when_off: WhenOff = WhenOff.PARK
    says_when_off: bool = True
    heartbeat: timedelta = timedelta(minutes=10)
    backoff: Backoff = Backoff()
    stepwise: bool = False

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise JobDeclarationError(f"{self.name!r}: an actor is named plugin.verb.")
        if self.max_attempts < 1:
            raise JobDeclarationError(f"{self.name}: max_attempts is at least 1.")
        for parameter in inspect.signature(self.work).parameters.values():
            if parameter.kind not in {
                parameter.KEYWORD_ONLY,
                parameter.POSITIONAL_OR_KEYWORD,
            }:
                raise JobDeclarationError(
                    f"{self.name}: {parameter} has no name to store it under."
                )

    def __call__(self, *args: Params.args, **kwargs: Params.kwargs) -> None:
        """Runs the function in the caller's unit of work, without a job."""
        self.work(*args, **kwargs)

    @property
    def owner(self) -> str:
        """The plugin, or the part of core, that it belongs to."""
        return self.name.partition(".")[0]

    @cached_property
    def event_parameter(self) -> str:
        """Under this name an event reaches a subscriber: its first parameter.

        Raises:
            JobDeclarationError: It takes no argument, or needs more than the event.
        """
        for name in inspect.signature(self.work).parameters:
            self.check({name: None})
            return name
        raise JobDeclarationError(f"{self.name} takes no event.")

    def check(self, args: Mapping[str, Any]) -> None:
        """Refuses arguments that the function does not take.

        Raises:
            JobDeclarationError: One is unknown or missing.
        """
        try:
            inspect.signature(self.work).bind(**args)
        except TypeError as error:
            raise JobDeclarationError(f"{self.name}: {error}.") from error

    def decoded(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Reads stored arguments back as the function's annotations say."""
        hints = self._hints
        return {name: decode(hints.get(name, Any), args[name]) for name in args}

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.work)


def actor(
    name: str,
    *,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    when_off: str | None = None,
    heartbeat: timedelta = timedelta(minutes=10),
    backoff: Backoff | None = None,
    stepwise: bool = False,
) -> Callable[[Callable[Params, None]], JobActor[Params]]:
    """Makes a function an actor; the keywords are ``JobActor``'s.

    The function runs in a transaction of its own, inside the gym that enqueued it,
    and what it writes is committed together with the end of the job: exactly once.
    What it does elsewhere may happen again.
    """

    def register(work: Callable[Params, None]) -> JobActor[Params]:
        return JobActor(
            name=name,
            work=work,
            max_attempts=max_attempts,
            when_off=WhenOff(when_off or WhenOff.PARK),
            says_when_off=when_off is not None,
            heartbeat=heartbeat,
            backoff=backoff or Backoff(),
            stepwise=stepwise,
        )

    return register
