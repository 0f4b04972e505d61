"""Password hashes: argon2id, a bounded number at a time.

Each hash takes 19 MiB and tens of milliseconds of one core, so a burst of log-ins
would otherwise take the memory and the processors of the whole machine.
"""

import threading
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from core.http.turns import off_turn

MAX_PASSWORD: Final = 256
"""Characters; a bound on the work of one request."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_NOBODY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$hYbag8WMAQ7ZHdgswrkF8"
    "A$EslhB5LWvrMAO1/7wDMNEoLWETu8PX6eR2zuHDzmajE"
)
"""A hash that no password is known for, with the parameters of real ones."""


class _Gate:
    """Lets a set number of threads of this process compute at once."""

    def __init__(self, width: int) -> None:
        self._free = threading.BoundedSemaphore(width)

    def resize(self, width: int) -> None:
        """Takes effect for those who come after; they are not many at start-up."""
        self._free = threading.BoundedSemaphore(width)

    def hash(self, password: str) -> str:
        with off_turn(), self._free:
            return _hasher.hash(password)

    def verify(self, known: str, password: str) -> bool:
        with off_turn(), self._free:
            try:
                return _hasher.verify(known, password)
            except (Argon2Error, InvalidHashError):
                return False


_gate = _Gate(2)


def allow_parallel(width: int) -> None:
    """Sets how many hashes this process computes at once; called at start-up."""
    _gate.resize(width)


def hash_password(password: str) -> str:
    """Hashes a password; the policy is not asked here."""
    return _gate.hash(_normal(password))


def matches(known: str | None, password: str) -> bool:
    """Says whether ``password`` is the one behind ``known``.

    Without a known hash as much work is done, so that the time does not tell
    whether an account exists.
    """
    right = _gate.verify(known or _NOBODY, _normal(password))
    return right and known is not None


def is_outdated(known: str) -> bool:
    """Says whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(known)


def _normal(password: str) -> str:
    """One form for the same letters, however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)
