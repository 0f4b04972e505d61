"""Cursors: where a growing list goes on, opaque to the caller and signed by us.

A cursor is base64url of 16 bytes of HMAC-SHA256 and the position as JSON. It is bound
to a purpose and a scope (the list and the gym), so that it fits nowhere else.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import Any

import orjson

from core.errors import Unprocessable

MAX_CURSOR = 1_000
"""Characters of the longest cursor that is looked at."""

_SIGNATURE = 16


def sign(secret: bytes, position: Sequence[Any], *, purpose: str, scope: str) -> str:
    """Writes a cursor.

    Args:
        secret: The installation's key for cursors.
        position: JSON values that say where the list goes on.
        purpose: Which list.
        scope: Whose list, such as the gym's id.
    """
    payload = orjson.dumps(list(position))
    signed = _signature(secret, payload, purpose, scope) + payload
    return urlsafe_b64encode(signed).rstrip(b"=").decode()


def verify(secret: bytes, cursor: str, *, purpose: str, scope: str) -> list[Any]:
    """Reads back the position.

    Raises:
        Unprocessable: The cursor is not one that ``sign`` made for this list.
    """
    if len(cursor) > MAX_CURSOR:
        raise _refused()
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (NotBase64, ValueError) as error:
        raise _refused() from error
    given, payload = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not hmac.compare_digest(given, _signature(secret, payload, purpose, scope)):
        raise _refused()
    position: list[Any] = orjson.loads(payload)
    return position


def _refused() -> Unprocessable:
    return Unprocessable(
        details={"query": {"cursor": ["Pass on nextCursor as it was given."]}}
    )


def _signature(secret: bytes, payload: bytes, purpose: str, scope: str) -> bytes:
    bound = orjson.dumps([purpose, scope]) + payload
    return hmac.digest(secret, bound, hashlib.sha256)[:_SIGNATURE]
