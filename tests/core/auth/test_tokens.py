"""Access tokens: what is accepted, and the table of forgeries."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.auth.keys import KeyRing
from core.auth.tokens import AUDIENCE, MAX_TOKEN, AccessTokens
from core.clock import frozen_at
from core.config import Settings
from core.errors import AuthRequired, TokenExpired

TENANT, USER, SESSION = uuid4(), uuid4(), uuid4()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    return Settings.load({"PALESTRA_ENV": "test", "PALESTRA_HOME": str(home)})


@pytest.fixture(scope="module")
def keys(settings: Settings) -> KeyRing:
    return KeyRing.open(settings)


@pytest.fixture
def tokens(settings: Settings, keys: KeyRing) -> AccessTokens:
    return AccessTokens(settings, keys)


@pytest.fixture
def good(settings: Settings) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": settings.server.public_url,
        "aud": AUDIENCE,
        "sub": str(USER),
        "tid": str(TENANT),
        "sid": str(SESSION),
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid4()),
        "type": "access",
    }


Sign = Callable[..., str]


@pytest.fixture
def sign(keys: KeyRing) -> Sign:
    def signed(payload: dict[str, Any], **header: Any) -> str:
        key = keys.signer()
        return jwt.encode(
            payload, key.private, algorithm="RS256", headers={"kid": key.kid, **header}
        )

    return signed


def _segment(value: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def _by_hand(header: dict[str, Any], payload: Any, signature: bytes = b"") -> str:
    sent = base64.urlsafe_b64encode(signature).rstrip(b"=")
    return b".".join([_segment(header), _segment(payload), sent]).decode()


def test_issued_token_says_who_and_where(tokens: AccessTokens) -> None:
    token = tokens.issue(tenant_id=TENANT, user_id=USER, session_id=SESSION)
    claims = tokens.verify(token)
    assert (claims.tenant_id, claims.user_id, claims.session_id) == (
        TENANT,
        USER,
        SESSION,
    )


def test_issued_token_holds_exactly_our_claims(
    tokens: AccessTokens, keys: KeyRing, good: dict[str, Any]
) -> None:
    token = tokens.issue(tenant_id=TENANT, user_id=USER, session_id=SESSION)
    parts = jwt.decode_complete(token, options={"verify_signature": False})
    assert parts["payload"].keys() == good.keys()
    assert parts["payload"]["exp"] - parts["payload"]["iat"] == 900
    assert parts["header"] == {
        "alg": "RS256",
        "typ": "JWT",
        "kid": keys.signer().kid,
    }


def test_the_forger_s_own_payload_is_otherwise_good(
    tokens: AccessTokens, sign: Sign, good: dict[str, Any]
) -> None:
    """Else the table below would pass for the wrong reason."""
    assert tokens.verify(sign(good)).user_id == USER


@pytest.mark.parametrize(
    "claim", ["iss", "aud", "sub", "tid", "sid", "iat", "exp", "jti", "type"]
)
def test_each_claim_is_needed(
    tokens: AccessTokens, sign: Sign, good: dict[str, Any], claim: str
) -> None:
    del good[claim]
    with pytest.raises(AuthRequired):
        tokens.verify(sign(good))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://elsewhere.example"),
        ("aud", "palestra:refresh"),
        ("aud", [AUDIENCE]),
        ("aud", ["palestra:mfa", AUDIENCE]),
        ("type", "refresh"),
        ("type", "mfa"),
        ("type", "Access"),
        ("sub", "not-an-id"),
        ("sub", 7),
        ("sub", None),
        ("tid", "iron-temple"),
        ("sid", ""),
        ("jti", "x"),
        ("jti", None),
        ("exp", "9999999999"),
        ("exp", 9999999999.5),
        ("exp", True),
        ("exp", None),
        ("iat", None),
        ("iat", 4_102_444_800),  # the year 2100
    ],
)
def test_each_claim_is_held_to_its_form(
    tokens: AccessTokens, sign: Sign, good: dict[str, Any], claim: str, value: Any
) -> None:
    with pytest.raises(AuthRequired):
        tokens.verify(sign({**good, claim: value}))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "nobody"},
        {"kid": ""},
        {"jku": "https://evil.example/jwks.json"},
        {"jwk": {"kty": "RSA", "e": "AQAB", "n": "AQAB"}},
        {"x5u": "https://evil.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
    ],
)
def test_headers_that_point_to_other_keys_are_refused(
    tokens: AccessTokens, sign: Sign, good: dict[str, Any], header: dict[str, Any]
) -> None:
    with pytest.raises(AuthRequired):
        tokens.verify(sign(good, **header))


def test_a_token_without_a_kid_is_refused(
    tokens: AccessTokens, keys: KeyRing, good: dict[str, Any]
) -> None:
    token = jwt.encode(good, keys.signer().private, algorithm="RS256")
    with pytest.raises(AuthRequired):
        tokens.verify(token)


@pytest.mark.parametrize("kid", [7, None, ["a"], {"a": 1}])
def test_a_kid_that_is_no_text_is_refused(
    tokens: AccessTokens, good: dict[str, Any], kid: Any
) -> None:
    with pytest.raises(AuthRequired):
        tokens.verify(_by_hand({"alg": "RS256", "kid": kid}, good, b"x"))


@pytest.mark.parametrize("name", ["none", "None", "NONE", ""])
def test_unsigned_tokens_are_refused(
    tokens: AccessTokens, keys: KeyRing, good: dict[str, Any], name: str
) -> None:
    header = {"alg": name, "typ": "JWT", "kid": keys.signer().kid}
    with pytest.raises(AuthRequired):
        tokens.verify(_by_hand(header, good))


def test_hmac_under_the_public_key_is_refused(
    tokens: AccessTokens, keys: KeyRing, good: dict[str, Any]
) -> None:
    signer = keys.signer()
    public = signer.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "typ": "JWT", "kid": signer.kid}
    signed = b".".join([_segment(header), _segment(good)])
    signature = hmac.digest(public, signed, hashlib.sha256)
    with pytest.raises(AuthRequired):
        tokens.verify(_by_hand(header, good, signature))


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_other_algorithms_with_our_key_are_refused(
    tokens: AccessTokens, keys: KeyRing, good: dict[str, Any], algorithm: str
) -> None:
    key = keys.signer()
    token = jwt.encode(good, key.private, algorithm=algorithm, headers={"kid": key.kid})
    with pytest.raises(AuthRequired):
        tokens.verify(token)


def test_a_foreign_key_under_our_kid_is_refused(
    tokens: AccessTokens, keys: KeyRing, good: dict[str, Any]
) -> None:
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode(
        good, foreign, algorithm="RS256", headers={"kid": keys.signer().kid}
    )
    with pytest.raises(AuthRequired):
        tokens.verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "..",
        "a.b",
        "a.b.c.d",
        "ä.ö.ü",
        "e30.e30.",
        "bnVsbA.bnVsbA.x",
        "W10.W10.x",
        "x" * (MAX_TOKEN + 1),
    ],
)
def test_what_is_no_token_is_refused(tokens: AccessTokens, token: str) -> None:
    with pytest.raises(AuthRequired):
        tokens.verify(token)


@pytest.mark.parametrize("payload", [[], "text", 1, None])
def test_a_payload_that_is_no_object_is_refused(
    tokens: AccessTokens, keys: KeyRing, payload: Any
) -> None:
    key = keys.signer()
    raw = json.dumps(payload).encode()
    token = jwt.api_jws.encode(
        raw, key.private, algorithm="RS256", headers={"kid": key.kid}
    )
    with pytest.raises(AuthRequired):
        tokens.verify(token)


def test_a_changed_byte_is_refused_though_the_original_is_cached(
    tokens: AccessTokens,
) -> None:
    token = tokens.issue(tenant_id=TENANT, user_id=USER, session_id=SESSION)
    tokens.verify(token)
    head, payload, signature = token.split(".")
    swapped = "A" if signature[10] != "A" else "B"
    with pytest.raises(AuthRequired):
        tokens.verify(f"{head}.{payload}.{signature[:10]}{swapped}{signature[11:]}")


@pytest.mark.parametrize("seen_before", [False, True])
def test_it_expires_after_the_leeway(tokens: AccessTokens, seen_before: bool) -> None:  # noqa: FBT001
    begun = datetime(2026, 3, 1, 9, tzinfo=UTC)
    with frozen_at(begun):
        token = tokens.issue(tenant_id=TENANT, user_id=USER, session_id=SESSION)
        if seen_before:
            tokens.verify(token)
    with frozen_at(begun + timedelta(minutes=15, seconds=29)):
        assert tokens.verify(token).user_id == USER
    with frozen_at(begun + timedelta(minutes=15, seconds=30)):
        for _again in range(2):
            with pytest.raises(TokenExpired):
                tokens.verify(token)


def test_an_expired_forgery_is_not_called_expired(
    tokens: AccessTokens, sign: Sign, good: dict[str, Any]
) -> None:
    stale = {**good, "exp": 1, "type": "refresh"}
    with pytest.raises(AuthRequired):
        tokens.verify(sign(stale))


def test_a_token_of_another_installation_is_refused(
    tokens: AccessTokens, tmp_path: Path
) -> None:
    other = Settings.load({"PALESTRA_ENV": "test", "PALESTRA_HOME": str(tmp_path)})
    theirs = AccessTokens(other, KeyRing.open(other))
    token = theirs.issue(tenant_id=TENANT, user_id=UUID(int=1), session_id=SESSION)
    with pytest.raises(AuthRequired):
        tokens.verify(token)
