"""A brake for log lines that would repeat with every request."""

import time
from collections.abc import Callable
from threading import Lock


class Seldom:
    """Lets one through in a while, for all threads of the process together.

    Args:
        seconds: How long nothing passes after one did.
        clock: Tells seconds that never run backwards.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._next = float("-inf")

    def passes(self) -> bool:
        """Says whether this one goes through; the next ones then wait."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return False
            self._next = now + self._seconds
            return True
