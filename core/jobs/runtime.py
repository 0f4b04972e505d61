"""What jobs need from higher up, handed over at the composition root."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from core.context import Actor, Gym
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.jobs.loops import Loop
from core.jobs.registry import Registry


class JobRef(NamedTuple):
    """Which job; all that ever leaves the database."""

    tenant_id: UUID
    job_id: UUID


class GymClock(NamedTuple):
    """An active gym and its IANA time zone."""

    tenant_id: UUID
    timezone: str


class InGym(Protocol):
    """Opens a unit of work, with its context, inside a gym."""

    def __call__(
        self, tenant_id: UUID, *, actor: Actor, trace_id: str | None = None
    ) -> AbstractContextManager[tuple[TenantSession, Gym]]:
        """Opens it.

        Raises:
            TenantUnknown: The gym is gone.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long things take; shorter in tests.

    Attributes:
        poll: Pause between two looks for due work when there was none.
        queue_lease: How long the broker has to bring a job to a worker.
        lease: How long a running job is left alone without a sign of life.
        beat: How often a worker gives that sign; well below ``lease``.
        sweep: How often expired leases, and a forgetful broker, are looked for.
        schedule: How often recurring work is looked for.
        look_back: How far a starting scheduler looks for what it missed.
        park: When a parked job looks again.
        upkeep: How often finished jobs are cleared away.
    """

    poll: timedelta = timedelta(milliseconds=100)
    queue_lease: timedelta = timedelta(seconds=15)
    lease: timedelta = timedelta(seconds=20)
    beat: timedelta = timedelta(seconds=5)
    sweep: timedelta = timedelta(seconds=2)
    schedule: timedelta = timedelta(seconds=15)
    look_back: timedelta = timedelta(days=1)
    park: timedelta = timedelta(minutes=10)
    upkeep: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The surroundings of relay, runner and scheduler.

    Attributes:
        units: Units of work on the app's connection.
        operator: Units of work on the operator's connection, which sees every
            gym's outbox.
        in_gym: Opens a unit of work inside a gym, gym and hooks loaded.
        gyms: Lists the active gyms.
        registry: Every actor and schedule.
        switchable: Ids of the plugins that a gym may switch off.
        chores: What else is done again and again, for the installation as a whole.
    """

    units: UnitOfWork
    operator: UnitOfWork
    in_gym: InGym
    gyms: Callable[[], Iterable[GymClock]]
    registry: Registry
    switchable: frozenset[str] = frozenset()
    chores: Sequence[Loop] = ()
    timing: Timing = field(default_factory=Timing)

    def is_off(self, owner: str, gym: Gym) -> bool:
        """Says whether the plugin ``owner`` is switched off in ``gym``."""
        return owner in self.switchable and owner not in gym.plugins
