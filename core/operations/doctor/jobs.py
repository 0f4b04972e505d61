"""Checks of the jobs: are they taken, and have any been given up?"""

from datetime import timedelta
from typing import Final

from core.jobs.store import Store
from core.operations.doctor.examination import Finding, failed, ok, warning

_LAG: Final = timedelta(minutes=5)
"""A due job that waits this long is not being fetched by anybody."""


def outbox_moves(store: Store) -> Finding:
    """Does a relay fetch due jobs?"""
    figures = store.figures()
    if figures.lag_s > _LAG.total_seconds():
        return failed(
            f"The longest-waiting job is {figures.lag_s / 60:.0f} minutes overdue; "
            f"{figures.pending} wait.",
            "Nobody fetches jobs, or too few do: start `palestra worker`, raise "
            "PALESTRA_JOB_WORKERS, look at its log.",
        )
    return ok(
        f"{figures.pending} jobs wait, {figures.running} run; the longest-waiting due "
        f"one is {figures.lag_s:.0f} s late."
    )


def none_dead(store: Store) -> Finding:
    """Have jobs been given up?"""
    dead = store.figures().dead
    if dead:
        return warning(
            f"{dead} jobs were given up.",
            "Look at them with `palestra jobs list --gym SLUG --state dead`, mend the "
            "cause, then `palestra jobs retry`.",
        )
    return ok("No job was given up.")
