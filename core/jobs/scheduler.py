"""The scheduler: writes recurring jobs when they are due.

The deduplication key of an occurrence is its schedule and moment, so any number of
schedulers write one row. A scheduler remembers nothing: when it starts it looks a day
back and writes the latest occurrence that was missed, which is not written twice.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import structlog

from core.clock import utc_now
from core.context import SYSTEM
from core.errors import TenantUnknown
from core.jobs.outbox import enqueue
from core.jobs.runtime import GymClock, Runtime
from core.jobs.schedule import Every

log = structlog.get_logger(__name__)

Due = list[tuple[Every, datetime]]


class Scheduler:
    """Writes what is due in every active gym."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seen_until: datetime | None = None

    def tick(self) -> int:
        """Writes the latest occurrence since the last tick; returns how many rows."""
        now = utc_now()
        since = self._seen_until or now - self._runtime.timing.look_back
        written = sum(
            self._write(tenant_id, due)
            for tenant_id, due in self._due(self._runtime.gyms(), since, now)
        )
        # Only now: a pass that failed half-way is done again, and writes the rest.
        self._seen_until = now
        return written

    def _due(
        self, gyms: Iterable[GymClock], since: datetime, now: datetime
    ) -> Iterable[tuple[UUID, Due]]:
        """Gyms with something due; worked out once for each time zone."""
        by_zone: dict[str, Due] = {}
        for gym in gyms:
            if gym.timezone not in by_zone:
                by_zone[gym.timezone] = self._due_in(gym.timezone, since, now)
            if by_zone[gym.timezone]:
                yield gym.tenant_id, by_zone[gym.timezone]

    def _due_in(self, zone: str, since: datetime, now: datetime) -> Due:
        ticks = [
            (schedule, schedule.latest(since=since, now=now, gym_zone=zone))
            for schedule in self._runtime.registry.schedules
        ]
        return [(schedule, tick) for schedule, tick in ticks if tick is not None]

    def _write(self, tenant_id: UUID, due: Due) -> int:
        written = 0
        try:
            with self._runtime.in_gym(tenant_id, actor=SYSTEM) as (_session, gym):
                for schedule, tick in due:
                    owner = schedule.kind.partition(".")[0]
                    if self._runtime.is_off(owner, gym):
                        continue
                    key = schedule.key(tick)
                    job = enqueue(schedule.actor, args=schedule.args, key=key)
                    written += job is not None
        except TenantUnknown:
            log.info("schedule.gym_gone", tenantId=str(tenant_id))
        return written
