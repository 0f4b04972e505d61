"""The keys that sign access tokens.

Each key is a file ``jwt-<made at>-<random>.pem`` in a folder that only the process may
read; its id is the RFC 7638 thumbprint of its public half. A new key is published at
once and signs only when every cache of the published set has expired; the key before
it goes on verifying until the tokens it signed have expired. So no state besides the
files is needed, and any number of processes agrees.
"""

import fcntl
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.auth.jwk import parse_private, parse_public_blocks, public_jwk, thumbprint
from core.clock import utc_now
from core.config import Settings

KEY_BITS = 3072
PUBLISHED_FIRST = timedelta(minutes=5)
"""How long a key is published before it signs; also the cache time of the set."""
LEEWAY = timedelta(seconds=30)
"""How far clocks may differ."""

_RESCAN_SIGNING_S = 30.0
_RESCAN_UNKNOWN_S = 5.0
_FILE = re.compile(r"^jwt-(\d{10,})-[0-9a-f]{8}\.pem$")
_PRIVATE = 0o600
_OTHERS = 0o077


class KeyRingError(RuntimeError):
    """The keys cannot be used; the message is one line that says how to mend it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its id."""

    kid: str
    made_at: datetime
    private: rsa.RSAPrivateKey
    path: Path | None = None


class KeyRing:
    """The signing keys of this installation, parsed and held.

    Args:
        folder: Where key files are; made with the first key when it is missing.
        access_ttl: How long an access token is good for.
        private_pem: A signing key from a variable, used instead of files.
        public_pem: Further public keys that verify.
    """

    def __init__(
        self,
        folder: Path,
        *,
        access_ttl: timedelta,
        private_pem: str | None = None,
        public_pem: str | None = None,
    ) -> None:
        self._folder = folder
        self._retire_after = access_ttl + LEEWAY
        self._fixed = _fixed_key(private_pem) if private_pem else None
        self._extra = _further_keys(public_pem or "")
        self._lock = threading.Lock()
        self._keys: tuple[SigningKey, ...] = ()
        self._public: Mapping[str, rsa.RSAPublicKey] = {}
        self._scanned_at = float("-inf")
        if self._fixed is None:
            self._ensure_first()
        self.reload()

    @classmethod
    def open(cls, settings: Settings) -> "KeyRing":
        """Opens the installation's keys, making the first one where there is none.

        Raises:
            KeyRingError: A key is unreadable, too short or open to others.
        """
        return cls(
            settings.server.keys_dir,
            access_ttl=settings.auth.access_ttl,
            private_pem=settings.auth.jwt_private_key,
            public_pem=settings.auth.jwt_public_key,
        )

    def signer(self) -> SigningKey:
        """The key that signs now: the newest that was published long enough."""
        if time.monotonic() - self._scanned_at > _RESCAN_SIGNING_S:
            self.reload()
        return _signing(self._keys, utc_now())

    def verifier(self, kid: str) -> rsa.RSAPublicKey | None:
        """The public key of that id; None for an id that is not ours."""
        known = self._public.get(kid)
        if known is None and time.monotonic() - self._scanned_at > _RESCAN_UNKNOWN_S:
            self.reload()
            known = self._public.get(kid)
        return known

    def published(self) -> dict[str, Any]:
        """The JSON Web Key Set (RFC 7517) of all keys that verify."""
        if time.monotonic() - self._scanned_at > _RESCAN_SIGNING_S:
            self.reload()
        return {"keys": [public_jwk(key) for key in self._public.values()]}

    def rotate(self) -> str:
        """Publishes a new key and removes those whose tokens have all expired.

        The new key begins to sign ``PUBLISHED_FIRST`` later, by itself.

        Returns:
            The new key's id.

        Raises:
            KeyRingError: The signing key comes from a variable.
        """
        if self._fixed is not None:
            raise KeyRingError(
                "The signing key comes from PALESTRA_JWT_PRIVATE_KEY: set a new one "
                "there, and put the old public key into PALESTRA_JWT_PUBLIC_KEY."
            )
        with self._locked_folder():
            made = self._write_key()
            for key in self._retired(self._scan(), utc_now()):
                if key.path is not None:
                    key.path.unlink(missing_ok=True)
        self.reload()
        return made.kid

    def reload(self) -> None:
        """Reads the key files again; keys that are held are not parsed again."""
        with self._lock:
            keys = (self._fixed,) if self._fixed else tuple(self._scan())
            if not keys:
                raise KeyRingError(
                    f"There is no signing key left in {self._folder}: restore it from "
                    "a backup, or restart to make a new one."
                )
            public = {key.kid: key.private.public_key() for key in keys}
            self._keys, self._public = keys, {**self._extra, **public}
            self._scanned_at = time.monotonic()

    def _retired(self, keys: list[SigningKey], now: datetime) -> list[SigningKey]:
        """Keys whose successor has signed for longer than a token lives."""
        taken_over = now - PUBLISHED_FIRST - self._retire_after
        return [
            key for key, successor in pairwise(keys) if successor.made_at < taken_over
        ]

    def _scan(self) -> list[SigningKey]:
        """The key files, oldest first."""
        held = {key.path: key for key in self._keys}
        found = []
        for path in sorted(self._folder.glob("jwt-*.pem")):
            match = _FILE.match(path.name)
            if match:
                found.append(held.get(path) or _read(path, int(match.group(1))))
        return sorted(found, key=lambda key: (key.made_at, key.kid))

    def _ensure_first(self) -> None:
        with self._locked_folder():
            if not self._scan():
                self._write_key()

    @contextmanager
    def _locked_folder(self) -> Iterator[None]:
        """Keeps other processes from writing keys; the kernel frees it on death."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC
        descriptor = os.open(self._folder / "jwt.lock", flags, _PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write_key(self) -> SigningKey:
        """Makes a key; its file appears whole or not at all."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        now = utc_now()
        stamp = int(now.timestamp())
        path = self._folder / f"jwt-{stamp}-{secrets.token_hex(4)}.pem"
        unfinished = path.with_suffix(".new")
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        with os.fdopen(os.open(unfinished, flags, _PRIVATE), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        _sync_folder(self._folder)
        made_at = datetime.fromtimestamp(stamp, UTC)
        return SigningKey(thumbprint(private.public_key()), made_at, private, path)


def _signing(keys: tuple[SigningKey, ...], now: datetime) -> SigningKey:
    ready = [key for key in keys if key.made_at <= now - PUBLISHED_FIRST]
    return ready[-1] if ready else keys[0]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fixed_key(pem: str) -> SigningKey:
    private = _checked(pem.encode(), "PALESTRA_JWT_PRIVATE_KEY")
    oldest = datetime.fromtimestamp(0, UTC)
    return SigningKey(thumbprint(private.public_key()), oldest, private)


def _further_keys(pem: str) -> dict[str, rsa.RSAPublicKey]:
    try:
        return {thumbprint(key): key for key in parse_public_blocks(pem)}
    except ValueError as error:
        raise KeyRingError(f"PALESTRA_JWT_PUBLIC_KEY: {error}.") from error


def _read(path: Path, stamp: int) -> SigningKey:
    if path.stat().st_mode & _OTHERS:
        raise KeyRingError(f"{path} is open to other users: run chmod 600 on it.")
    private = _checked(path.read_bytes(), str(path))
    made_at = datetime.fromtimestamp(stamp, UTC)
    return SigningKey(thumbprint(private.public_key()), made_at, private, path)


def _checked(pem: bytes, where: str) -> rsa.RSAPrivateKey:
    try:
        private = parse_private(pem)
    except ValueError as error:
        raise KeyRingError(f"{where}: {error}.") from error
    if private.key_size < KEY_BITS:
        raise KeyRingError(
            f"{where} holds an RSA key of {private.key_size} bits; "
            f"{KEY_BITS} are the least."
        )
    return private
