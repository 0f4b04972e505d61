"""What gyms use: requests counted here in memory, jobs counted from the outbox.

A request costs one addition. What was counted goes to the database every few seconds,
one statement for all gyms. A process that is killed takes along what it had not told
yet; one that is stopped tells it first. So a figure may be too low by the last seconds
of killed processes, and is never too high.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from core.clock import utc_now
from core.db.unit import UnitOfWork
from core.ids import NIL
from tenants import usage_rows

COUNTED_BACK = timedelta(days=2)
"""How far back done jobs are counted again; they are kept in the outbox for longer."""


class RequestMeter:
    """Counts the requests of gyms by day, in UTC; for all threads of a process."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[UUID, date]] = Counter()
        self._lock = threading.Lock()

    def count(self, gym_id: UUID) -> None:
        """Counts a request."""
        today = utc_now().date()
        with self._lock:
            self._counted[gym_id, today] += 1

    def flush(self, units: UnitOfWork) -> int:
        """Writes what was counted since the last time; returns for how many gyms.

        What cannot be written is kept for the next time.

        Args:
            units: Units of work on the operator's connection.
        """
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return 0
        try:
            with units.open(None) as session:
                usage_rows.add_usage(session, counted)
        except BaseException:
            with self._lock:
                self._counted.update(counted)
            raise
        return len(counted)


def count_jobs(units: UnitOfWork) -> int:
    """Writes down how many jobs each gym had done today and yesterday.

    Args:
        units: Units of work on the operator's connection.

    Returns:
        How many days of gyms were written.
    """
    first = utc_now().date() - COUNTED_BACK
    with units.open(NIL) as session:
        counted = usage_rows.jobs_done(session, datetime.combine(first, time(), UTC))
        return usage_rows.store_jobs(session, counted)


def used(units: UnitOfWork, gym_id: UUID, first: date, last: date) -> Mapping[str, Any]:
    """Requests and jobs of a gym from one day to another, both included.

    Args:
        units: Units of work on the operator's connection.
        gym_id: The gym.
        first: In UTC.
        last: In UTC.
    """
    with units.open(None) as session:
        requests, jobs = usage_rows.usage_between(session, gym_id, first, last)
    return {"requests": requests, "jobs_done": jobs}
