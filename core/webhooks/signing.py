"""Signatures by the Standard Webhooks specification, 1.0: https://standardwebhooks.com."""

import binascii
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """Makes a secret: 256 random bits, as receivers enter it."""
    return PREFIX + b64encode(secrets.token_bytes(_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret stands for.

    Raises:
        ValueError: It is no such secret.
    """
    text = secret.removeprefix(PREFIX)
    try:
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("A webhook secret is base64.") from error
    if not key:
        raise ValueError("A webhook secret is not empty.")
    return key


def signature(key: bytes, message_id: str, seconds: str, body: bytes) -> bytes:
    """HMAC-SHA256 of ``id.timestamp.body``."""
    content = f"{message_id}.{seconds}.".encode() + body
    return hmac.digest(key, content, hashlib.sha256)


def signed_headers(
    secrets_now: Iterable[str], *, message_id: str, at: datetime, body: bytes
) -> Mapping[str, str]:
    """The three headers of a message.

    Args:
        secrets_now: That sign; the receiver knows one of them.
        message_id: Stays the same however often the message is sent.
        at: When this attempt is made.
        body: As it goes out.
    """
    seconds = str(int(at.timestamp()))
    signatures = (
        signature(key_of(secret), message_id, seconds, body) for secret in secrets_now
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(
            f"v1,{b64encode(one).decode()}" for one in signatures
        ),
    }
