"""What each process of ``palestra worker`` does until it is told to stop."""

import os
import signal
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType

import dramatiq
import structlog

from core.jobs.broker import RedisSender, connect, receive, window_for
from core.jobs.dispatch import dispatcher
from core.jobs.inprocess import InProcess
from core.jobs.runner import Runner
from core.jobs.runtime import Runtime
from core.jobs.store import Store
from core.jobs.tokens import WorkerId

GRACE_S = 25.0
"""How long a stopping process lets its running jobs finish."""

_IDLE_MS = 200
_PARENT_CHECK_S = 1.0

log = structlog.get_logger(__name__)


def dispatch_until_stopped(runtime: Runtime, redis_url: str, *, threads: int) -> None:
    """Runs relay, sweeper, scheduler and upkeep until a signal.

    Args:
        runtime: The surroundings.
        redis_url: The broker.
        threads: How many jobs all worker processes together work on at a time.
    """
    sender = RedisSender(connect(redis_url), window=window_for(threads))
    loops = dispatcher(runtime, sender)
    loops.start()
    wait_for_stop()
    loops.stop(GRACE_S)


def work_until_stopped(
    runtime: Runtime, redis_url: str, *, threads: int, worker_id: WorkerId
) -> None:
    """Runs jobs that the relay sends until a signal; then finishes those that run.

    Args:
        runtime: The surroundings.
        redis_url: The broker.
        threads: How many jobs it works on at a time.
        worker_id: The process that had it before is dead, and its jobs are due again.
    """
    Store(runtime.operator).bury(worker_id)
    broker = connect(redis_url)
    receive(broker, Runner(runtime, worker_id).run)
    worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=_IDLE_MS)
    # What lies fetched in a process that is killed has to wait for its successor.
    worker.queue_prefetch = threads
    worker.start()
    wait_for_stop()
    worker.stop(timeout=round(GRACE_S * 1000))


def drain_until_stopped(runtime: Runtime, *, threads: int) -> None:
    """Runs everything in this one process, without a broker, until a signal."""
    drain = InProcess(runtime, threads=threads)
    drain.start()
    wait_for_stop()
    drain.stop(GRACE_S)


def wait_for_stop() -> None:
    """Waits for SIGTERM or SIGINT, or until the parent process is gone."""
    # An event would not do: its lock may be held by whom the signal interrupted.
    told: SimpleQueue[None] = SimpleQueue()
    parent = os.getppid()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        told.put(None)

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    while os.getppid() == parent:
        with suppress(Empty):
            told.get(timeout=_PARENT_CHECK_S)
            return
    log.warning("worker.orphaned")
