"""The installation's keys: for tokens, for cursors, and for personal values."""

import hashlib
import secrets
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import jwt
import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.requests.floor.errors import Refused, unauthenticated
from benchmarks.requests.floor.settings import (
    ACCESS_SECONDS,
    AUDIENCE,
    ISSUER,
    KEYS_DIR,
    LEEWAY_SECONDS,
)

_MAX_TOKEN: Final = 4096
_MAX_CACHED: Final = 20_000
_NONCE: Final = 12
_MARK: Final = "$sealed"
_DECODING: Final[Any] = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}

_master: Final = (KEYS_DIR / "master.key").read_bytes()


class Claims(NamedTuple):
    """What a verified access token says."""

    tenant: str
    user: str
    session: str
    expires: int


_verified: dict[str, Claims] = {}


@cache
def derived(purpose: str) -> bytes:
    """The 32-byte key for a purpose, derived from the master key."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return kdf.derive(_master)


def issue(tenant: str, user: str, session: str) -> str:
    """Signs an access token."""
    now = int(time.time())
    return jwt.encode(
        {
            "sub": user,
            "tid": tenant,
            "sid": session,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + ACCESS_SECONDS,
            "jti": str(uuid4()),
            "type": "access",
        },
        _private,
        algorithm="RS256",
        headers={"kid": _kid},
    )


def verify(token: str, at: float) -> Claims:
    """Reads an access token; one that was verified is not verified again.

    Raises:
        Refused: It is not one of ours, or has run out.
    """
    known = _verified.get(token)
    if known is None:
        known = _claims(token)
        if len(_verified) >= _MAX_CACHED:
            _verified.clear()
        _verified[token] = known
    if known.expires + LEEWAY_SECONDS <= at:
        _verified.pop(token, None)
        message = "The access token has expired."
        raise Refused(401, "AUTH_TOKEN_EXPIRED", message)
    return known


def _claims(token: str) -> Claims:
    try:
        if len(token) > _MAX_TOKEN:
            raise unauthenticated()
        if jwt.get_unverified_header(token).get("kid") != _kid:
            raise unauthenticated()
        payload = jwt.decode(token, _public, algorithms=["RS256"], options=_DECODING)
        given = (payload["iss"], payload["aud"], payload["type"])
        if given != (ISSUER, AUDIENCE, "access"):
            raise unauthenticated()
        UUID(payload["jti"])
        if int(payload["iat"]) > time.time() + LEEWAY_SECONDS:
            raise unauthenticated()
        tenant, user, session = (
            str(UUID(payload[name])) for name in ("tid", "sub", "sid")
        )
        return Claims(tenant, user, session, int(payload["exp"]))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise unauthenticated() from error


def _thumbprint(key: RSAPrivateKey) -> str:
    """The RFC 7638 thumbprint of the public half."""
    numbers = key.public_key().public_numbers()
    members = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    canonical = orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
    return _base64url(hashlib.sha256(canonical).digest())


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8))


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _load_private() -> RSAPrivateKey:
    pem = max(KEYS_DIR.glob("jwt-*.pem")).read_bytes()
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("The installation's key is no RSA key.")
    return key


_private: Final = _load_private()
_public: Final = _private.public_key()
_kid: Final = _thumbprint(_private)


def wrap_person_key(tenant: str, person: str, key: bytes) -> bytes:
    """A person's key as the table keeps it."""
    mark, nonce = b"\x01" + derived("master key id")[:8], secrets.token_bytes(_NONCE)
    bound = mark + UUID(tenant).bytes + UUID(person).bytes
    return mark + nonce + AESGCM(derived("person-keys")).encrypt(nonce, key, bound)


def unwrap_person_key(tenant: str, person: str, wrapped: bytes) -> bytes:
    """A person's key in the clear."""
    mark, nonce, rest = wrapped[:9], wrapped[9:21], wrapped[21:]
    bound = mark + UUID(tenant).bytes + UUID(person).bytes
    return AESGCM(derived("person-keys")).decrypt(nonce, rest, bound)


def seal(key: bytes | None, value: Any, place: bytes) -> dict[str, str | None]:
    """A personal value as the audit log keeps it; nothing where the key is gone."""
    if key is None:
        return {_MARK: None}
    nonce = secrets.token_bytes(_NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, orjson.dumps(value), place)
    return {_MARK: b64encode(sealed).decode()}


def unseal(key: bytes | None, value: Any, place: bytes) -> Any:
    """A value of the audit log as a reader sees it; what is not sealed as it is."""
    if not isinstance(value, dict) or value.keys() != {_MARK}:
        return value
    if key is None:
        return {"erased": True}
    try:
        raw = b64decode(str(value[_MARK]), validate=True)
        plain = AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], place)
    except (InvalidTag, ValueError):
        return value
    return orjson.loads(plain)
