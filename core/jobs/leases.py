"""Signs of life: one thread a process prolongs the leases of its running jobs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog

from core.clock import utc_now
from core.jobs.rows import Claimed
from core.jobs.runtime import Runtime
from core.jobs.store import Held, Store

log = structlog.get_logger(__name__)


class Leases:
    """The leases of the jobs that run in this process."""

    def __init__(self, runtime: Runtime) -> None:
        self._store = Store(runtime.operator)
        self._timing = runtime.timing
        self._held: dict[Held, datetime] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def kept(self, job: Claimed, longest: timedelta) -> Iterator[None]:
        """Keeps the job's lease alive while the block runs, at most ``longest``."""
        held = Held(job.ref, job.token)
        with self._lock:
            self._held[held] = utc_now() + longest
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._beat, name="job-leases", daemon=True
                )
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(held, None)

    def _beat(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._timing.beat.total_seconds()):
            now = utc_now()
            with self._lock:
                if not self._held:
                    self._thread = None
                    return
                alive = [held for held, end in self._held.items() if end > now]
            try:
                self._store.extend(alive, now + self._timing.lease)
            except Exception as error:  # noqa: BLE001 — the next beat tries again
                log.warning("job.beat_failed", reason=type(error).__name__)
