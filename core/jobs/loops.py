"""Threads that do something again and again until they are told to stop."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from core.metrics import counter, gauge

log = structlog.get_logger(__name__)

_succeeded = gauge(
    "loop_last_success_timestamp_seconds",
    "When a recurring piece of work last went well.",
    ("loop",),
    highest=True,
)
_failed = counter("loop_failures_total", "Recurring work that raised.", ("loop",))

_LONGEST_PAUSE_S = 30.0


class Loop:
    """Calls ``work`` with a pause in between, at once again while it finds work.

    Args:
        name: Of the thread.
        pause: Between two calls that found nothing.
        work: Returns how much it did. What it raises is logged, and the pause then
            doubles each time, to half a minute.
        eager: Whether a call that did something is followed by the next at once.
    """

    def __init__(
        self,
        name: str,
        pause: timedelta,
        work: Callable[[], int],
        *,
        eager: bool = False,
    ) -> None:
        self.name = name
        self._pause_s = pause.total_seconds()
        self._work = work
        self._eager = eager
        self._failures = 0

    def run(self, stop: threading.Event) -> None:
        """Runs until ``stop`` is set."""
        while not stop.wait(self._once()):
            pass

    def _once(self) -> float:
        """One call; returns the pause that follows, in seconds."""
        try:
            done = self._work()
        except Exception as error:
            self._failures += 1
            _failed.inc(self.name)
            log.warning(
                "loop.failed",
                loop=self.name,
                reason=type(error).__name__,
                failures=self._failures,
                exc_info=error,
            )
            wait = max(self._pause_s, 0.25) * 2 ** min(self._failures, 10)
            return float(min(wait, max(_LONGEST_PAUSE_S, self._pause_s)))
        self._failures = 0
        _succeeded.set(time.time(), self.name)
        return 0.0 if self._eager and done else self._pause_s


class Loops:
    """Several loops, each in a thread, started and stopped together."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=loop.run, args=(self._stop,), name=loop.name, daemon=True
            )
            for loop in loops
        ]

    def start(self) -> None:
        """Starts every thread."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> None:
        """Lets them finish what they are at, for ``timeout_s`` seconds at most."""
        deadline = time.monotonic() + timeout_s
        self._stop.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
