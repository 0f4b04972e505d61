"""Jobs without a broker: the same outbox, drained by threads of this process."""

import queue
import threading
import time
from collections.abc import Callable, Sequence

import structlog

from core.jobs.dispatch import dispatcher
from core.jobs.runner import Runner
from core.jobs.runtime import JobRef, Runtime
from core.jobs.store import Store

_QUEUED_PER_THREAD = 2

log = structlog.get_logger(__name__)


class InProcess:
    """Relay, scheduler and workers as threads of one process.

    Several processes may each have one on the same database: a job that one has
    claimed is passed over by the others. Threads do not survive a fork, so ``start``
    belongs into the process that serves.

    Args:
        runtime: The surroundings.
        threads: How many jobs it works on at the same time.
    """

    def __init__(self, runtime: Runtime, *, threads: int) -> None:
        self._store = Store(runtime.operator)
        self._runner = Runner(runtime)
        self._waiting: queue.SimpleQueue[JobRef | None] = queue.SimpleQueue()
        self._capacity = threads * _QUEUED_PER_THREAD
        self._dispatcher = dispatcher(runtime, self)
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"job-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Starts the threads."""
        for thread in self._threads:
            thread.start()
        self._dispatcher.start()

    def stop(self, grace_s: float = 20.0) -> None:
        """Finishes what runs, for ``grace_s`` seconds at most, and gives back the rest.

        What is still running then comes back when its lease runs out.
        """
        deadline = time.monotonic() + grace_s
        self._stopping = True
        self._dispatcher.stop(grace_s)
        for _thread in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        left = list(self._left())
        if left:
            self._store.release(left)

    def room(self, queued: Callable[[], int]) -> int:  # noqa: ARG002 — of all processes
        """How many more jobs this process takes."""
        return 0 if self._stopping else self._capacity - self._waiting.qsize()

    def send(self, refs: Sequence[JobRef]) -> None:
        """Puts jobs before the threads."""
        for ref in refs:
            self._waiting.put(ref)

    def forgot(self) -> bool:
        """Never: what this process was given dies only with it."""
        return False

    def _work(self) -> None:
        while (ref := self._waiting.get()) is not None and not self._stopping:
            try:
                self._runner.run(ref)
            except Exception as error:  # noqa: BLE001 — the thread must live on
                log.warning("job.not_taken", reason=type(error).__name__)
        if ref is not None:
            self._waiting.put(ref)

    def _left(self) -> Sequence[JobRef]:
        left: list[JobRef] = []
        while not self._waiting.empty():
            ref = self._waiting.get()
            if ref is not None:
                left.append(ref)
        return left
