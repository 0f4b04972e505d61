"""RSA keys in their written forms: PEM, JSON Web Key and thumbprint."""

import base64
import hashlib
import re
from typing import Any

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ALGORITHM = "RS256"

_PUBLIC_BLOCK = re.compile(
    r"-----BEGIN (?:RSA )?PUBLIC KEY-----.*?-----END (?:RSA )?PUBLIC KEY-----",
    re.DOTALL,
)


def parse_private(pem: bytes) -> rsa.RSAPrivateKey:
    """Reads an unencrypted RSA private key.

    Raises:
        ValueError: The text is no such key.
    """
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("not an unencrypted private key in PEM form") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 — the text is wrong, not its type
    return key


def parse_public_blocks(text: str) -> list[rsa.RSAPublicKey]:
    """Reads RSA public keys that stand one after another.

    Raises:
        ValueError: One block is no RSA public key.
    """
    keys = []
    for block in _PUBLIC_BLOCK.findall(text):
        key = serialization.load_pem_public_key(block.encode())
        if not isinstance(key, rsa.RSAPublicKey):
            raise ValueError("not an RSA key")  # noqa: TRY004 — as above
        keys.append(key)
    return keys


def public_jwk(key: rsa.RSAPublicKey) -> dict[str, Any]:
    """The public key as a JSON Web Key (RFC 7517), with its id and use."""
    return {"kid": thumbprint(key), "use": "sig", "alg": ALGORITHM, **_members(key)}


def thumbprint(key: rsa.RSAPublicKey) -> str:
    """The RFC 7638 thumbprint: SHA-256 over the required members, sorted."""
    canonical = orjson.dumps(_members(key), option=orjson.OPT_SORT_KEYS)
    return _base64url(hashlib.sha256(canonical).digest())


def _members(key: rsa.RSAPublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
