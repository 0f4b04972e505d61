"""Recurring work: when it is due, by cron expression and time zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from core.jobs.actor import JobActor
from core.jobs.errors import JobDeclarationError


@dataclass(frozen=True, slots=True)
class Every:
    """A job that comes again and again, once in each gym where its plugin is on.

    Attributes:
        name: Unique; ``plugin.what``.
        cron: Minute, hour, day of month, month, day of week. A fixed time that a
            clock change leaves out is due right after the gap, and one that comes
            twice is due once.
        actor: The actor or its name.
        zone: IANA name; None for each gym's own zone.
        args: Its arguments, the same every time.
    """

    name: str
    cron: str
    actor: JobActor[Any] | str
    zone: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            CronSim(self.cron, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise JobDeclarationError(
                f"{self.name}: {self.cron!r} is no cron expression: {error}."
            ) from error
        if self.zone is not None:
            ZoneInfo(self.zone)
        if isinstance(self.actor, JobActor):
            self.actor.check(self.args)

    @property
    def kind(self) -> str:
        """The actor's name."""
        return self.actor.name if isinstance(self.actor, JobActor) else self.actor

    def latest(
        self, *, since: datetime, now: datetime, gym_zone: str
    ) -> datetime | None:
        """The last moment after ``since``, up to and including ``now``, it was due at.

        Returns:
            The moment in UTC; None when there was none.
        """
        found = None
        # Forwards only: counted backwards, cronsim misses hours where clocks go back.
        for moment in CronSim(
            self.cron, since.astimezone(ZoneInfo(self.zone or gym_zone))
        ):
            tick = moment.astimezone(UTC)
            if tick > now:
                break
            if tick > since:
                found = tick
        return found

    def key(self, tick: datetime) -> str:
        """The deduplication key of one occurrence."""
        return f"{self.name}@{tick.isoformat()}"
