"""Values sealed under the master key, for what is stored and must be read again.

A sealed value is one byte that names this form, the id of its master key, a nonce, and
AES-256-GCM over the value, which authenticates all of that and what it is bound to.
"""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.config.secrets import ID_BYTES, MasterKey, derived, master_keys
from core.config.settings import Settings

MARK_BYTES: Final = 1 + ID_BYTES
"""How many bytes at the front of a sealed value say which key opens it."""

_FORM: Final = b"\x01"
_NONCE_BYTES: Final = 12


class SealBroken(Exception):
    """A sealed value was tampered with, moved, or sealed under an unknown key."""


class Vault:
    """Seals and opens values with AES-256-GCM, a key of its own for each purpose.

    Args:
        settings: Say where the master keys are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def seal(self, clear: bytes, *, purpose: str, bound_to: bytes) -> bytes:
        """Seals ``clear`` under the current master key.

        Args:
            clear: The value.
            purpose: What kind of value it is; each has its own key.
            bound_to: What it belongs to, such as the ids of its gym and row. The
                sealed value opens only with the same, so it cannot be moved.
        """
        key = master_keys(self._settings)[0]
        mark, nonce = mark_of(key), secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(derived(key.secret, purpose))
        return mark + nonce + cipher.encrypt(nonce, clear, mark + bound_to)

    def open(self, sealed: bytes, *, purpose: str, bound_to: bytes) -> bytes:
        """Opens what ``seal`` made, under this master key or a former one.

        Raises:
            SealBroken: It was tampered with or moved, or its key is not known.
        """
        keys = master_keys(self._settings)
        mark = sealed[:MARK_BYTES]
        for key in keys:
            if mark_of(key) == mark:
                return _decrypted(key, sealed, purpose, bound_to)
        return _unmarked(keys, sealed, purpose, bound_to)

    def is_current(self, sealed: bytes) -> bool:
        """Whether a value is sealed under the current master key."""
        return sealed.startswith(self.current_mark())

    def current_mark(self) -> bytes:
        """What every value begins with that is sealed under the current master key."""
        return mark_of(master_keys(self._settings)[0])


def mark_of(key: MasterKey) -> bytes:
    """What every value begins with that is sealed under ``key``."""
    return _FORM + key.id


def _decrypted(key: MasterKey, sealed: bytes, purpose: str, bound_to: bytes) -> bytes:
    mark, rest = sealed[:MARK_BYTES], sealed[MARK_BYTES:]
    nonce, text = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
    try:
        cipher = AESGCM(derived(key.secret, purpose))
        return cipher.decrypt(nonce, text, mark + bound_to)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("A sealed value does not open.") from error


def _unmarked(
    keys: tuple[MasterKey, ...], sealed: bytes, purpose: str, bound_to: bytes
) -> bytes:
    """Opens a value of before there were marks: a nonce, and the rest of it."""
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    for key in keys:
        try:
            cipher = AESGCM(derived(key.secret, purpose))
            return cipher.decrypt(nonce, text, bound_to)
        except (InvalidTag, ValueError):
            continue
    raise SealBroken("A sealed value does not open: its key is not among ours.")
