"""Signed addresses of our own, for stores that cannot sign.

An address names the gym, the file, what may be done and until when. Its signature is
the right to do it, so that it can be handed to a browser that sends no token along.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from core.clock import utc_now
from core.files.errors import LinkExpired, SignatureInvalid

_FORM: Final = struct.Struct(">c16s16sQQ")
_MAC_BYTES: Final = 32
_CONTEXT: Final = b"palestra/files/1\0"


class Deed(StrEnum):
    """What an address lets its holder do."""

    UPLOAD = "u"
    READ = "r"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a signature vouches for.

    Attributes:
        size_bytes: Exactly so many bytes may be sent, or will be read.
        media_type: Of the content.
        expires_at: Until when, in UTC, to the second.
    """

    deed: Deed
    tenant_id: UUID
    file_id: UUID
    size_bytes: int
    media_type: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signs and reads addresses.

    Attributes:
        keys: Gives keys of 32 bytes, the same in every process at any moment: what
            signs, then those of former master keys, under which an address may have
            been handed out.
    """

    keys: Callable[[], Sequence[bytes]]

    def sign(self, grant: Grant) -> str:
        """The token of a grant: letters, digits, ``-`` and ``_``."""
        packed = _FORM.pack(
            grant.deed.encode(),
            grant.tenant_id.bytes,
            grant.file_id.bytes,
            int(grant.expires_at.timestamp()),
            grant.size_bytes,
        )
        payload = packed + grant.media_type.encode()
        return (
            urlsafe_b64encode(_mac(payload, self.keys()[0]) + payload)
            .decode()
            .rstrip("=")
        )

    def read(self, token: str, *, deed: Deed, tenant_id: UUID) -> Grant:
        """Reads a token back.

        Raises:
            SignatureInvalid: It is not ours, or for another deed or gym.
            LinkExpired: It has run out.
        """
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (NotBase64, ValueError) as error:
            raise SignatureInvalid from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        ours = [_mac(payload, key) for key in self.keys()]
        if not any(hmac.compare_digest(mac, one) for one in ours):
            raise SignatureInvalid
        grant = _unpacked(payload)
        if (grant.deed, grant.tenant_id) != (deed, tenant_id):
            raise SignatureInvalid
        if grant.expires_at <= utc_now():
            raise LinkExpired
        return grant


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _CONTEXT + payload, sha256)


def _unpacked(payload: bytes) -> Grant:
    deed, tenant, file, expires, size = _FORM.unpack_from(payload)
    return Grant(
        deed=Deed(deed.decode()),
        tenant_id=UUID(bytes=tenant),
        file_id=UUID(bytes=file),
        size_bytes=size,
        media_type=payload[_FORM.size :].decode(),
        expires_at=datetime.fromtimestamp(expires, UTC),
    )
