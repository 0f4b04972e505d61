"""Waiting for what threads and other processes do."""

import time
from collections.abc import Callable

PATIENCE_S = 120
"""However busy the machine is; a wait ends as soon as what it waits for is there."""


def wait_until(true: Callable[[], bool]) -> None:
    """Looks again and again."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)
