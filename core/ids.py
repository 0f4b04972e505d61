"""Identifiers: UUID version 7 (RFC 9562 §5.7), made in Python.

Time-ordered, so that a primary-key index grows at its right edge, and made
before the INSERT, so that related rows can be written in one round trip.
"""

import secrets
import time
from uuid import UUID

NIL = UUID(int=0)
"""The id no row ever has."""

_VERSION_7 = 0x7 << 76
_VARIANT_RFC = 0x2 << 62


def new_id() -> UUID:
    """Returns a fresh UUIDv7: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = secrets.randbits(74)
    return UUID(
        int=(milliseconds & (2**48 - 1)) << 80
        | _VERSION_7
        | (random_bits >> 62) << 64
        | _VARIANT_RFC
        | random_bits & (2**62 - 1)
    )
