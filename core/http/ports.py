"""What the request pipeline needs from higher up; filled at the composition root."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from flask import Request

from core.context import Actor, Gym
from core.db.session import TenantSession


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """A verified access token.

    Attributes:
        tenant_id: The gym that issued it.
        user_id: Whom it speaks for.
        session_id: The log-in session it belongs to.
        csrf: What unsafe requests must show when a cookie carries it; None for a
            token that was not issued for cookies.
    """

    tenant_id: UUID
    user_id: UUID
    session_id: UUID | None
    csrf: str | None = None

    @property
    def subject(self) -> UUID:
        """Whose access version the request's opening message reads."""
        return self.user_id

    @property
    def caller(self) -> UUID:
        """Under which id requests are counted."""
        return self.user_id


@dataclass(frozen=True, slots=True)
class KeyClaims:
    """An API key as it was sent; whether its secret is right is not known yet.

    Attributes:
        tenant_id: The gym that it names.
        key_id: The key that it names.
        digest: SHA-256 of all of it.
    """

    tenant_id: UUID
    key_id: UUID
    digest: bytes

    @property
    def subject(self) -> UUID:
        """Whose access version the request's opening message reads."""
        return self.key_id

    @property
    def caller(self) -> UUID:
        """Under which id requests are counted.

        Made from the secret, so that whoever knows no more of a key than its id,
        which is no secret, cannot use up the requests of those who hold it.
        """
        return UUID(bytes=self.digest[:16])


Claims = TokenClaims | KeyClaims


@dataclass(frozen=True, slots=True)
class OperatorClaims:
    """A verified access token of an operator.

    Attributes:
        operator_id: Whom it speaks for.
        epoch: The operator's when it was issued.
    """

    operator_id: UUID
    epoch: int


class OperatorTokens(Protocol):
    """Issues and verifies the access tokens of operators."""

    @property
    def lifetime(self) -> int:
        """How long a token is good for, in seconds."""

    def issue(self, *, operator_id: UUID, epoch: int) -> str:
        """Signs a token."""

    def verify(self, token: str) -> OperatorClaims:
        """Returns what the token says.

        Raises:
            AuthRequired: It is not one of ours, or of another kind.
            TokenExpired: It has run out.
        """


class Operators(Protocol):
    """Knows those who run the installation; they are no users of any gym."""

    def identify(self, request: Request) -> OperatorClaims | None:
        """Reads and verifies the request's token; None when it carries none.

        Raises:
            AuthRequired: The token is not an operator's.
            TokenExpired: It has run out.
        """

    def actor(self, claims: OperatorClaims) -> Actor:
        """The operator behind the claims, as they stand at this moment.

        Raises:
            AuthRequired: The operator is gone or disabled, or the log-in has ended.
        """


class Gyms(Protocol):
    """Knows the gyms."""

    def resolve(self, request: Request) -> UUID | None:
        """The gym that a request addresses; None for an unknown one.

        Raises:
            TenantUnknown: The request names no gym at all.
        """

    def at_version(
        self, session: TenantSession, tenant_id: UUID, version: int | None
    ) -> Gym | None:
        """The gym as of ``version``; None when it is gone."""

    def lately(self, tenant_id: UUID) -> Gym | None:
        """The gym as of a moment ago, without asking; None when that is not known.

        It may have changed since, so it decides nothing but what may be refused
        for as long as that moment, such as one request too many.
        """


class Identity(Protocol):
    """Knows the callers."""

    def identify(self, request: Request) -> Claims | None:
        """Reads and verifies the request's token; None when it carries none.

        An API key is only read here; ``actor`` verifies it.

        Raises:
            AuthRequired: The token is not one of ours, or of another kind.
            TokenExpired: It has run out.
        """

    def actor(
        self,
        session: TenantSession,
        claims: Claims,
        gym: Gym,
        version: int | None,
    ) -> Actor:
        """The user or key behind the claims, with the rights of this moment.

        Raises:
            AuthRequired: The user, the log-in session or the key is not valid.
        """
