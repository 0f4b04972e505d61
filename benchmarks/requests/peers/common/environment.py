"""What the harness tells a peer, read once when it starts."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True, slots=True)
class Environment:
    """The peer's settings.

    Attributes:
        database_url: libpq address of the database, as the role that serves requests.
        keys_dir: The installation's key folder.
    """

    database_url: str
    keys_dir: Path


@cache
def environment() -> Environment:
    """Reads the settings.

    Raises:
        KeyError: One is missing.
    """
    given = os.environ  # noqa: TID251 — a peer stands outside core and its config
    return Environment(given["BENCH_DATABASE_URL"], Path(given["BENCH_KEYS_DIR"]))


@cache
def derived_key(purpose: str) -> bytes:
    """The key for a purpose, which follows from the installation's master key."""
    master = (environment().keys_dir / "master.key").read_bytes()
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(master)
