"""What this installation shows to Prometheus besides what is counted."""

import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from core.app.installation import Installation
from core.config import Settings, tell_metrics_folder
from core.jobs.store import Store
from core.metrics import share
from core.metrics.door import Door
from core.metrics.exposition import Asked, Exposition, Source
from core.operations.last_backup import LastBackup

_READY_EVERY_S = 15.0


def count_together(settings: Settings, kind: str) -> None:
    """Has this process count in the folder of this machine.

    Args:
        settings: Name the folder.
        kind: What this process does: ``web``, ``work`` …
    """
    folder = folder_of(settings)
    tell_metrics_folder(folder)
    share(folder, kind)


def folder_of(settings: Settings) -> Path:
    """Where the processes of this machine count together."""
    return settings.server.home / "run" / "metrics"


def door_of(settings: Settings) -> Door:
    """Who may read the figures."""
    return Door(settings.metrics.networks, settings.metrics.token)


def exposition_of(
    installation: Installation, checks: Mapping[str, Callable[[], str | None]]
) -> Exposition:
    """Everything that a scrape gets."""
    return Exposition(
        {"version": version("palestra"), "python": platform.python_version()},
        {
            "outbox": Source(lambda: _outbox(installation)),
            "backup": Source(lambda: _backup(installation)),
            "ready": Source(lambda: _ready(checks), every_s=_READY_EVERY_S),
        },
    )


def _outbox(installation: Installation) -> Sequence[Asked]:
    found = Store(installation.units("operator")).figures()
    states = {
        "pending": found.pending,
        "queued": found.queued,
        "running": found.running,
        "dead": found.dead,
    }
    return (
        Asked(
            "outbox_lag_seconds",
            "How long the job that is due longest has waited.",
            [((), found.lag_s)],
        ),
        Asked(
            "outbox_jobs",
            "Jobs of all gyms that are not done.",
            [((state,), many) for state, many in states.items()],
            ("state",),
        ),
    )


def _backup(installation: Installation) -> Sequence[Asked]:
    """When the last backup ended; nothing where there never was one."""
    last = LastBackup.read(installation.settings.server.home)
    levels = (
        []
        if last is None
        else [((), datetime.fromisoformat(last.created_at).timestamp())]
    )
    return (
        Asked(
            "palestra_last_backup_timestamp_seconds",
            "When the last backup was written, in seconds since 1970.",
            levels,
        ),
    )


def _ready(checks: Mapping[str, Callable[[], str | None]]) -> Sequence[Asked]:
    return (
        Asked(
            "palestra_ready",
            "Whether a check of /ready is well.",
            [((name,), float(check() is None)) for name, check in checks.items()],
            ("check",),
        ),
    )
