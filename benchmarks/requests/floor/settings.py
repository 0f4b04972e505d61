"""What the floor is told from outside, read once."""

import os
from pathlib import Path
from typing import Final

# The floor is a program of its own: core.config would bring all of Palestra along.
DATABASE_URL: Final = os.environ["BENCH_DATABASE_URL"]  # noqa: TID251 — as said above
KEYS_DIR: Final = Path(os.environ["BENCH_KEYS_DIR"])  # noqa: TID251 — as said above
IN_FLIGHTS: Final = bool(os.environ.get("BENCH_IN_FLIGHTS"))  # noqa: TID251 — likewise
"""Whether statements go to libpq in few flights, or one by one by psycopg's cursors."""

ISSUER: Final = "http://floor.localhost"
AUDIENCE: Final = "palestra:access"
ACCESS_SECONDS: Final = 15 * 60
REFRESH_DAYS: Final = 14
SESSION_DAYS: Final = 90
LEEWAY_SECONDS: Final = 30

BODY_MAX_BYTES: Final = 1024 * 1024
REQUESTS_A_MINUTE: Final = 10_000_000
"""Of an address and of a caller: counted as ever, and never reached by a trial."""

HASHES_AT_ONCE: Final = 2
"""Argon2 computations that a process runs at the same time."""
