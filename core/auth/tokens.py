"""Access tokens: issued and verified by one strict rule.

Times come from ``core.clock`` and every fault is one of two errors, so the checks of
claims stand here; PyJWT checks the form and the signature. A token of another kind (an
operator's, a link in a mail, a half-finished log-in) differs in ``type`` and ``aud``.
"""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID, uuid4

import jwt
from typing_extensions import override

from core.auth.jwk import ALGORITHM
from core.auth.keys import LEEWAY, KeyRing
from core.clock import utc_now
from core.config import Settings
from core.errors import AuthRequired, TokenExpired
from core.http.ports import OperatorClaims, TokenClaims

AUDIENCE: Final = "palestra:access"
MAX_TOKEN: Final = 4096
"""Characters; ours have about 800."""

Claims = TypeVar("Claims")

_HEADERS: Final = frozenset({"alg", "kid", "typ"})
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
_MAX_CACHED = 20_000


@dataclass(frozen=True, slots=True)
class _Verified(Generic[Claims]):
    claims: Claims
    expires: float


class _Tokens(ABC, Generic[Claims]):
    """Issues and verifies the access tokens of one kind of caller.

    A token that was verified is not verified again by this process until it
    expires; whether its holder and log-in are still good is asked on every request.

    Attributes:
        kind: The claim ``type``.
        audience: The claim ``aud``.
    """

    kind: ClassVar[str]
    audience: ClassVar[str]

    def __init__(self, settings: Settings, keys: KeyRing) -> None:
        self._issuer = settings.server.public_url
        self._ttl = settings.auth.access_ttl
        self._keys = keys
        self._cache: dict[str, _Verified[Claims]] = {}
        self._lock = threading.Lock()

    @property
    def lifetime(self) -> int:
        """How long a token is good for, in seconds."""
        return int(self._ttl.total_seconds())

    def verify(self, token: str) -> Claims:
        """Returns what the token says.

        Raises:
            AuthRequired: It is not one of ours, of another kind, or incomplete.
            TokenExpired: It was ours and has run out.
        """
        known = self._cache.get(token)
        is_new = known is None
        if known is None:
            known = self._read(token)
        if known.expires + LEEWAY.total_seconds() <= utc_now().timestamp():
            with self._lock:
                self._cache.pop(token, None)
            raise TokenExpired
        if is_new:
            self._keep(token, known)
        return known.claims

    def _sign(self, claims: dict[str, Any]) -> str:
        key = self._keys.signer()
        now = int(utc_now().timestamp())
        return jwt.encode(
            {
                **claims,
                "iss": self._issuer,
                "aud": self.audience,
                "iat": now,
                "exp": now + self.lifetime,
                "jti": str(uuid4()),
                "type": self.kind,
            },
            key.private,
            algorithm=ALGORITHM,
            headers={"kid": key.kid},
        )

    def _keep(self, token: str, known: _Verified[Claims]) -> None:
        with self._lock:
            if len(self._cache) >= _MAX_CACHED:
                self._cache.clear()
            self._cache[token] = known

    def _read(self, token: str) -> _Verified[Claims]:
        if len(token) > MAX_TOKEN:
            raise AuthRequired
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.verifier(_kid(header))
            if key is None:
                raise AuthRequired
            payload = jwt.decode(token, key, algorithms=[ALGORITHM], options=_DECODING)
            return self._checked(payload)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            raise AuthRequired from error

    def _checked(self, payload: dict[str, Any]) -> _Verified[Claims]:
        """Holds every claim to its form.

        Raises:
            KeyError: One is missing.
            ValueError: One is malformed or of another kind of token.
        """
        if (payload["iss"], payload["aud"], payload["type"]) != (
            self._issuer,
            self.audience,
            self.kind,
        ):
            raise ValueError("another issuer, audience or type")
        UUID(_text(payload["jti"]))
        issued, expires = _whole(payload["iat"]), _whole(payload["exp"])
        if issued > utc_now().timestamp() + LEEWAY.total_seconds():
            raise ValueError("issued in the future")
        return _Verified(self._claims(payload), expires)

    @abstractmethod
    def _claims(self, payload: dict[str, Any]) -> Claims:
        """The claims that only this kind of token has."""


class AccessTokens(_Tokens[TokenClaims]):
    """The access tokens of gyms' people."""

    kind = "access"
    audience = AUDIENCE

    def issue(
        self,
        *,
        tenant_id: UUID,
        user_id: UUID,
        session_id: UUID,
        csrf: str | None = None,
    ) -> str:
        """Signs a token; it names the person by id and holds no role.

        Args:
            tenant_id: The gym.
            user_id: The person.
            session_id: Their log-in.
            csrf: For a token that goes into a cookie, what unsafe requests show.
        """
        return self._sign(
            {
                **({} if csrf is None else {"csrf": csrf}),
                "sub": str(user_id),
                "tid": str(tenant_id),
                "sid": str(session_id),
            }
        )

    @override
    def _claims(self, payload: dict[str, Any]) -> TokenClaims:
        return TokenClaims(
            tenant_id=UUID(_text(payload["tid"])),
            user_id=UUID(_text(payload["sub"])),
            session_id=UUID(_text(payload["sid"])),
            csrf=_text(payload["csrf"]) if "csrf" in payload else None,
        )


class OperatorTokens(_Tokens[OperatorClaims]):
    """The access tokens of the operators; good at no gym, as a gym's is not here."""

    kind = "operator"
    audience = "palestra:operator"

    def issue(self, *, operator_id: UUID, epoch: int) -> str:
        """Signs a token.

        Args:
            operator_id: Whom it speaks for.
            epoch: The operator's; the token is void once theirs is another.
        """
        return self._sign({"sub": str(operator_id), "epoch": epoch})

    @override
    def _claims(self, payload: dict[str, Any]) -> OperatorClaims:
        return OperatorClaims(
            operator_id=UUID(_text(payload["sub"])),
            epoch=_whole(payload["epoch"]),
        )


def _kid(header: dict[str, Any]) -> str:
    """The key's id, from a header that holds what ours hold and nothing else."""
    if not header.keys() <= _HEADERS or header.get("alg") != ALGORITHM:
        raise ValueError("a header of another kind")
    return _text(header["kid"])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a whole number")
    return value
