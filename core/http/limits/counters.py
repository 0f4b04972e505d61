"""Where requests are counted: in this process, or in Redis for all processes.

Not by Flask-Limiter, which adds 80 µs to a request before it counts anything, nor by
the memory store of its ``limits`` library, which starts a thread every few requests
to look through all keys. What is left of them is the Redis store.
"""

import threading
import time
from typing import Final, Protocol

import structlog
from limits.storage import RedisStorage
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

MAX_KEYS: Final = 100_000
"""Keys that a process remembers of one limit; beyond them the older ones go."""

_TIMEOUT: Final = 0.2
"""Seconds that Redis may take; more would be felt as a slow platform."""

_PAUSE: Final = 5.0
"""Seconds without Redis after it has failed, so that requests do not wait for it."""

_QUIET: Final = 60.0
"""Seconds between two log lines about Redis being away."""


class Counter(Protocol):
    """Counts by key.

    Attributes:
        remote: Whether a count costs a round trip.
    """

    remote: bool

    def add(self, key: str, amount: int, keep: int) -> int:
        """Adds to a key and returns its new count; never fails.

        Args:
            key: Begins at 0.
            amount: How much to add.
            keep: Seconds after which the key may be forgotten.
        """

    def close(self) -> None:
        """Lets go of connections."""


class MemoryCounter:
    """Counts in this process."""

    remote = False

    def __init__(self) -> None:
        self._kept: dict[int, _Generations] = {}
        self._lock = threading.Lock()

    def add(self, key: str, amount: int, keep: int) -> int:
        """See ``Counter``."""
        with self._lock:
            kept = self._kept.get(keep)
            if kept is None:
                kept = self._kept[keep] = _Generations()
            return kept.add(key, amount, keep)

    def close(self) -> None:
        """See ``Counter``."""


class _Generations:
    """Keys of one age, forgotten by the heap: no key is ever looked for to be dropped.

    A key lives for at least ``keep`` seconds after its last count, and at most twice
    as long, unless so many keys come that the older half must go.
    """

    def __init__(self) -> None:
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._turn_at = 0.0

    def add(self, key: str, amount: int, keep: int) -> int:
        now = time.monotonic()
        if now >= self._turn_at or len(self._young) >= MAX_KEYS:
            self._old, self._young = self._young, {}
            self._turn_at = now + keep
        count = (self._young.get(key) or self._old.get(key, 0)) + amount
        self._young[key] = count
        return count


class SharedCounter:
    """Counts in Redis, and in this process for as long as Redis is away.

    Args:
        url: Of the Redis server.
    """

    remote = True

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            # Once: a connection that the server has closed meanwhile is no outage.
            retry=Retry(NoBackoff(), 1),
        )
        self._store = RedisStorage(
            url, connection_pool=self._pool, key_prefix="palestra:limits"
        )
        self._fallback = MemoryCounter()
        self._away_until = 0.0
        self._next_line = 0.0

    def add(self, key: str, amount: int, keep: int) -> int:
        """See ``Counter``."""
        now = time.monotonic()
        if now < self._away_until:
            return self._fallback.add(key, amount, keep)
        if self._away_until:
            # One request finds out whether Redis is back; the others do not wait.
            self._away_until = now + _PAUSE
        try:
            count = self._store.incr(key, keep, amount=amount)
        except (RedisError, OSError) as error:
            self._note_outage(error)
            return self._fallback.add(key, amount, keep)
        self._away_until = 0.0
        return count

    def close(self) -> None:
        """See ``Counter``."""
        self._pool.disconnect()

    def _note_outage(self, error: Exception) -> None:
        now = time.monotonic()
        self._away_until = now + _PAUSE
        if now >= self._next_line:
            self._next_line = now + _QUIET
            log.warning("limits.shared_store_away", reason=type(error).__name__)
