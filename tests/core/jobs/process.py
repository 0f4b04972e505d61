"""A process of ``palestra worker`` for tests, run as a module with its part."""

import sys

from core.app import Installation
from core.config import Settings
from core.jobs.registry import Registry
from core.jobs.runtime import Runtime
from core.jobs.tokens import WorkerId
from core.jobs.worker import (
    dispatch_until_stopped,
    drain_until_stopped,
    work_until_stopped,
)
from core.logging import configure_logging
from tests.core.jobs.probe import ACTORS, FAST


def main(part: str, worker_id: str = "0") -> None:
    settings = Settings.load()
    configure_logging(settings.log)
    with Installation(settings) as installation:
        runtime = Runtime(
            units=installation.units(),
            operator=installation.units("operator"),
            in_gym=installation.in_gym,
            gyms=list,
            registry=Registry(ACTORS),
            timing=FAST,
        )
        redis_url = settings.jobs.redis_url or ""
        if part == "relay":
            dispatch_until_stopped(runtime, redis_url, threads=2)
        elif part == "work":
            work_until_stopped(
                runtime, redis_url, threads=2, worker_id=WorkerId.parse(worker_id)
            )
        else:
            drain_until_stopped(runtime, threads=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
