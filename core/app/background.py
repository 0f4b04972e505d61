"""What runs behind the requests: the jobs of core and of every plugin."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import chain
from typing import TypeVar

from core.app.installation import Installation
from core.app.parts import PARTS
from core.audit.sealing import seal_due
from core.jobs.inprocess import InProcess
from core.jobs.loops import Loop
from core.jobs.registry import Registry
from core.jobs.runtime import GymClock, Runtime

T = TypeVar("T")

_SEAL_EVERY = timedelta(seconds=20)
"""A third of the longest time that an audit entry may stand unsealed."""
_COUNT_JOBS_EVERY = timedelta(hours=1)
"""Done jobs are kept for days, so an hour loses none."""
_ERASE_EVERY = timedelta(minutes=1)
_EXPORT_EVERY = timedelta(seconds=5)
_TELL_REQUESTS_EVERY = timedelta(seconds=15)
"""What a process that is killed forgets at most."""


def runtime_of(installation: Installation) -> Runtime:
    """Gathers the surroundings of relay, runner and scheduler."""
    hooks = installation.plugins.all_gyms
    return Runtime(
        units=installation.units(),
        operator=installation.units("operator"),
        in_gym=installation.in_gym,
        gyms=lambda: _clocks(installation),
        registry=Registry(
            _all([part.actors for part in PARTS], hooks.actors()),
            _all([part.schedules for part in PARTS], hooks.schedules()),
        ),
        switchable=installation.plugins.switchable,
        chores=[
            Loop("audit-seal", _SEAL_EVERY, lambda: _seal(installation)),
            Loop("gym-erasure", _ERASE_EVERY, lambda: _erase(installation)),
            Loop("gym-exports", _EXPORT_EVERY, lambda: _export(installation)),
            Loop("usage-jobs", _COUNT_JOBS_EVERY, lambda: _count_jobs(installation)),
        ],
    )


def start_in_process(installation: Installation) -> InProcess:
    """Starts running jobs on threads of this process; whoever calls stops it."""
    drain = InProcess(
        runtime_of(installation), threads=installation.settings.jobs.threads
    )
    drain.start()
    return drain


def count_requests(installation: Installation) -> Loop:
    """Tells the registry now and then how many requests this process served."""
    return Loop("usage-requests", _TELL_REQUESTS_EVERY, installation.flush_requests)


def _erase(installation: Installation) -> int:
    units = installation.units("operator")
    return installation.directory.finish_erasures(units, installation.anchors)


def _export(installation: Installation) -> int:
    return installation.directory.work_on_exports(installation)


def _count_jobs(installation: Installation) -> int:
    return installation.directory.count_jobs(installation.units("operator"))


def _seal(installation: Installation) -> int:
    """Seals the audit log of every gym, the closed ones too.

    Not a recurring job, which would be a row a minute for every gym.
    """
    with installation.units("operator").open(None) as session:
        gyms = installation.directory.ids(session)
    return seal_due(installation.units(), gyms, installation.anchors)


def _all(own: Iterable[Iterable[T]], contributed: Iterable[Iterable[T]]) -> list[T]:
    return [*chain.from_iterable(own), *chain.from_iterable(contributed)]


def _clocks(installation: Installation) -> Iterable[GymClock]:
    with installation.units("operator").open(None) as session:
        return [
            GymClock(tenant_id, timezone)
            for tenant_id, timezone in installation.directory.clocks(session)
        ]
