"""Starting before the database does: waiting for it, and saying so."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import psycopg

from core.operations.errors import OperationFailed

_TELL_EVERY_S: Final = 5.0
_PAUSE_S: Final = 0.5
_CONNECT_S: Final = 3
_HOPELESS: Final = ("password authentication failed", "no pg_hba.conf entry")
"""Words of a server that runs and will go on refusing us."""


def wait_for_database(
    url: str, *, longest: timedelta, say: Callable[[str], None]
) -> None:
    """Returns once the database takes connections.

    Args:
        url: A libpq connection string.
        longest: When to give up.
        say: Told every few seconds that we wait, and for what.

    Raises:
        OperationFailed: It never came, or refuses us.
    """
    began = told = time.monotonic()
    while True:
        reason = _refusal(url)
        if reason is None:
            return
        now = time.monotonic()
        waited = now - began
        hopeless = any(words in reason for words in _HOPELESS)
        if hopeless or waited + _PAUSE_S > longest.total_seconds():
            raise OperationFailed(
                f"The database cannot be used after {waited:.0f} s: {reason}. Check "
                "DATABASE_URL and whether the server runs."
            )
        if waited < _PAUSE_S or now - told >= _TELL_EVERY_S:
            told = now
            say(f"Waiting for the database ({reason}) …")
        time.sleep(_PAUSE_S)


def _refusal(url: str) -> str | None:
    """Why the database does not take us; None when it does."""
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_S):
            return None
    except psycopg.OperationalError as error:
        return reason_of(error)


def reason_of(error: psycopg.Error) -> str:
    """What the driver says of a connection that failed, in one line."""
    words = str(error).strip().splitlines() or [type(error).__name__]
    return words[0].removeprefix("connection failed: ").rstrip(".").strip()
