"""``palestra worker``: the processes that run jobs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from core.app import Installation
from core.app.background import runtime_of
from core.app.figures import count_together, door_of, exposition_of
from core.app.readiness import checks
from core.cli.processes import await_database
from core.config import Settings
from core.jobs.supervisor import Supervisor
from core.jobs.tokens import WorkerId
from core.jobs.worker import (
    dispatch_until_stopped,
    drain_until_stopped,
    work_until_stopped,
)
from core.metrics.port import MetricsPort

_PARTS = ("relay", "work")


@click.command()
@click.option("--part", type=click.Choice(_PARTS), hidden=True)
@click.option("--worker-id", type=WorkerId.parse, hidden=True)
@click.pass_obj
def worker(
    installation: Installation, part: str | None, worker_id: WorkerId | None
) -> None:
    """Run jobs until told to stop, with Redis in several supervised processes."""
    installation.start_without_faulty_plugins()
    await_database(installation)
    settings = installation.settings.jobs
    count_together(installation.settings, _kind(installation.settings, part))
    if settings.redis_url is None:
        with _shown(installation):
            drain_until_stopped(runtime_of(installation), threads=settings.threads)
    elif part is None:
        with _shown(installation):
            Supervisor(_commands(settings.workers)).run()
    elif part == "relay":
        dispatch_until_stopped(
            runtime_of(installation),
            settings.redis_url,
            threads=settings.workers * settings.threads,
        )
    else:
        work_until_stopped(
            runtime_of(installation),
            settings.redis_url,
            threads=settings.threads,
            worker_id=worker_id or WorkerId.fresh(),
        )


def _kind(settings: Settings, part: str | None) -> str:
    """What this process is called beside its CPU time and memory."""
    alone = "work" if settings.jobs.redis_url is None else "supervisor"
    return part or alone


@contextmanager
def _shown(installation: Installation) -> Iterator[None]:
    """Shows the figures at a port of their own, where one is set."""
    settings = installation.settings
    port = settings.metrics.worker_port
    if port is None:
        yield
        return
    exposition = exposition_of(installation, checks(installation))
    try:
        shown = MetricsPort(
            settings.server.host,
            port,
            render=exposition.render,
            door=door_of(settings),
        )
    except OSError as error:
        raise click.ClickException(
            f"Cannot show figures on port {port} ({error.strerror}): set "
            "PALESTRA_WORKER_METRICS_PORT to another one."
        ) from error
    try:
        yield
    finally:
        shown.close()


def _commands(workers: int) -> dict[str, list[str]]:
    """The command line of each child: one relay, and as many workers as are set.

    A worker that is started again is told the same id, by which it takes back what its
    predecessor left.
    """
    base = [sys.executable, "-m", "core.cli", "worker", "--part"]
    works = {
        f"work-{number}": [*base, "work", "--worker-id", str(WorkerId.fresh())]
        for number in range(workers)
    }
    return {"relay": [*base, "relay"], **works}
