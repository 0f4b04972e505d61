"""What a limit is, and how its places are handed out."""

import threading
from dataclasses import dataclass
from math import ceil
from typing import Final, NamedTuple, Self

from core.clock import utc_now
from core.http.limits.counters import MAX_KEYS, Counter

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}

_SHARE: Final = 100
"""Into how many parts a limit is cut for processes that fetch places in advance."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in each window of the clock.

    Attributes:
        amount: How many.
        seconds: Length of a window; one begins at every multiple of it in UTC.
    """

    amount: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a rate as the settings write it, such as ``600/minute``."""
        amount, _, unit = text.strip().partition("/")
        return cls(int(amount), _SECONDS[unit])


class Standing(NamedTuple):
    """Where a caller stands with one limit after a request.

    Attributes:
        limit: Requests that a window takes.
        remaining: Requests that this window still takes.
        reset: Whole seconds until the next window, at least 1.
        exceeded: Whether this request was one too many.
    """

    limit: int
    remaining: int
    reset: int
    exceeded: bool


class Allowance:
    """One limit over many keys, counted by a ``Counter``.

    A counter that is far away hands out places by the hundredth part of the limit,
    so that most requests cost no round trip. The limit is never exceeded by it; where
    several processes serve one key, the last places of a window may go unused, at
    most that part for each process.

    Args:
        name: Tells the limit's keys from other limits' on the same counter.
        rate: How many requests a key has.
        counter: Counts them.
    """

    def __init__(self, name: str, rate: Rate, counter: Counter) -> None:
        self.rate = rate
        self._name = name
        self._counter = counter
        self._batch = max(1, rate.amount // _SHARE) if counter.remote else 1
        self._window = -1
        self._held: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> Standing:
        """Counts one request of ``key``."""
        amount, seconds = self.rate.amount, self.rate.seconds
        now = utc_now().timestamp()
        window = int(now // seconds)
        place = self._next_held(key, window)
        if place is None:
            last = self._counter.add(
                f"{self._name}:{window}:{key}", self._batch, seconds * 2
            )
            place = last - self._batch + 1
            self._hold(key, window, place, last)
        reset = max(1, ceil((window + 1) * seconds - now))
        return Standing(amount, max(0, amount - place), reset, place > amount)

    def _next_held(self, key: str, window: int) -> int | None:
        """The next place fetched before; None when one must be fetched.

        A key beyond its limit stays there until the window ends, so it needs no
        further count: a flood costs the shared store nothing.
        """
        with self._lock:
            if window != self._window:
                self._window = window
                self._held.clear()
                return None
            place, last = self._held.get(key, (0, 0))
            if place > self.rate.amount:
                return place
            if place >= last:
                return None
            self._held[key] = (place + 1, last)
            return place + 1

    def _hold(self, key: str, window: int, place: int, last: int) -> None:
        with self._lock:
            if window != self._window:
                return
            if len(self._held) >= MAX_KEYS:
                self._held.clear()
            # Of two threads that fetched at once, one loses the rest of its part.
            self._held[key] = (place, last)
