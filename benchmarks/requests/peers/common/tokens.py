"""Access tokens (RS256), refresh tokens, passwords."""

import hashlib
import hmac
import json
import secrets
import unicodedata
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final
from uuid import UUID, uuid4

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import RSAAlgorithm

from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.common.environment import derived_key, environment
from benchmarks.requests.peers.common.errors import AuthRequired, TokenExpired

ACCESS_TTL: Final = timedelta(minutes=15)
REFRESH_TTL: Final = timedelta(days=14)
SESSION_TTL: Final = timedelta(days=90)

_ISSUER = "http://localhost"
_AUDIENCE = "palestra:access"
_LEEWAY_S = 30
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "tid", "sid", "jti"]
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$hYbag8WMAQ7ZHdgswrkF8"
    "A$EslhB5LWvrMAO1/7wDMNEoLWETu8PX6eR2zuHDzmajE"
)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    tenant_id: UUID
    user_id: UUID
    session_id: UUID


def issue(claims: Claims) -> str:
    """Signs an access token."""
    kid, private = _signing_key()
    now = utc_now()
    return jwt.encode(
        {
            "sub": str(claims.user_id),
            "tid": str(claims.tenant_id),
            "sid": str(claims.session_id),
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "iat": now,
            "exp": now + ACCESS_TTL,
            "jti": str(uuid4()),
            "type": "access",
        },
        private,
        algorithm="RS256",
        headers={"kid": kid},
    )


def verify(authorization: str | None) -> Claims:
    """Reads the ``Authorization`` header; the signature is checked every time.

    Raises:
        AuthRequired: It holds no token of ours.
        TokenExpired: The token has run out.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise AuthRequired
    try:
        payload = jwt.decode(
            token,
            _public_key(),
            algorithms=["RS256"],
            issuer=_ISSUER,
            audience=_AUDIENCE,
            leeway=_LEEWAY_S,
            options={"require": _REQUIRED},
        )
        return Claims(*(UUID(payload[name]) for name in ("tid", "sub", "sid")))
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.PyJWTError, ValueError) as error:
        raise AuthRequired from error


def new_refresh_token() -> str:
    """A refresh token of 256 random bits."""
    return urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def digest_of(token: str) -> bytes:
    """What is stored of a refresh token."""
    return hashlib.sha256(token.encode()).digest()


def device_token(claims: Claims, password_hash: str) -> str:
    """A token of the device that somebody has just logged in on."""
    device = secrets.token_bytes(16)
    ids = claims.tenant_id.bytes + claims.user_id.bytes
    key = derived_key("devices")
    mac = hmac.digest(key, ids + device + password_hash.encode(), "sha256")
    return (device + mac).hex()


def password_matches(known: str | None, password: str) -> bool:
    """Checks a password; without a known hash as much work is done."""
    try:
        _HASHER.verify(known or _NOBODY, unicodedata.normalize("NFKC", password))
    except (Argon2Error, InvalidHashError):
        return False
    return known is not None


@cache
def _signing_key() -> tuple[str, RSAPrivateKey]:
    """The key that signs, with its RFC 7638 thumbprint."""
    path = min(environment().keys_dir.glob("jwt-*.pem"))
    private = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(private, RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key.")
    known = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    named = json.dumps({name: known[name] for name in ("e", "kty", "n")})
    digest = hashlib.sha256(named.replace(" ", "").encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode(), private


@cache
def _public_key() -> RSAPublicKey:
    return _signing_key()[1].public_key()
