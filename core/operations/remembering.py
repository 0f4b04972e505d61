"""Checks that cost something and rarely change: asked now and then only."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

Answer = str | None
"""None is well; a sentence says what is wrong."""


class Remembered:
    """Remembers what a check said, a good answer longer than a bad one.

    Args:
        check: The costly one.
        well: How long None is believed.
        ill: How long a sentence is.
        clock: Tells seconds that never run backwards.
    """

    def __init__(
        self,
        check: Callable[[], Answer],
        *,
        well: timedelta = timedelta(minutes=1),
        ill: timedelta = timedelta(seconds=2),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check = check
        self._well, self._ill = well.total_seconds(), ill.total_seconds()
        self._clock = clock
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._answer: Answer = None

    def __call__(self) -> Answer:
        """The answer; one caller at a time asks anew."""
        with self._lock:
            if self._clock() >= self._until:
                self._answer = self._check()
                lasts = self._well if self._answer is None else self._ill
                self._until = self._clock() + lasts
            return self._answer
