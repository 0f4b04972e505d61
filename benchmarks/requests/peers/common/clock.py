"""The present moment, ids that are made of it, and how moments are written."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 — a peer stands outside core and its clock


def as_rfc3339(moment: datetime) -> str:
    """Writes an aware moment in UTC, ending in ``Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def new_id() -> UUID:
    """A fresh UUID of version 7."""
    chance = secrets.randbits(74)
    high, low = chance >> 62, chance & (2**62 - 1)
    stamp = time.time_ns() // 1_000_000 & (2**48 - 1)
    return UUID(int=stamp << 80 | 7 << 76 | high << 64 | 2 << 62 | low)
