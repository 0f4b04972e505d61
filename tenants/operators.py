"""Operators: their accounts, and who calls the operator's API.

They are no users of any gym. Log-ins are counted like those of gyms' people, under the
nil gym, which is nobody's. There are no refresh tokens: whoever runs the installation
logs in again when the quarter of an hour is over. So nothing long-lived lies about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from flask import Request

from core.access import RowScope
from core.auth.accounts import require_strong
from core.auth.attempts import Reservation, forgive, masked, reserve
from core.auth.emails import normal_email
from core.auth.passwords import hash_password, is_outdated, matches
from core.clock import utc_now
from core.context import Actor
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.errors import AuthRequired, InvalidCredentials, NotFound, Unprocessable
from core.http.ports import OperatorClaims, OperatorTokens
from core.ids import NIL
from tenants import repository
from tenants.errors import OperatorExists
from tenants.models import Operator, OperatorStatus
from tenants.oplog import note

Result = TypeVar("Result")

ATTEMPT: Final = "operator"
MAX_NAME: Final = 120

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A log-in that succeeded.

    Attributes:
        access_token: For the header ``Authorization``; it exists nowhere else.
        expires_in: How long it is good for, in seconds.
    """

    access_token: str
    expires_in: int
    operator: Operator


class OperatorDesk:
    """Lets operators in, and knows them again; see ``core.http.ports.Operators``.

    Args:
        tokens: Of operators.
        units: Units of work on the operator's connection.
        name_key: Masks the log-in names under which attempts are counted.
    """

    def __init__(
        self, tokens: OperatorTokens, units: UnitOfWork, name_key: bytes
    ) -> None:
        self._tokens = tokens
        self._units = units
        self._name_key = name_key

    def identify(self, request: Request) -> OperatorClaims | None:
        """Reads and verifies the bearer token; None when the request carries none.

        Raises:
            AuthRequired: The token is not an operator's.
            TokenExpired: It has run out.
        """
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise AuthRequired
        return self._tokens.verify(token.strip())

    def actor(self, claims: OperatorClaims) -> Actor:
        """The operator behind the claims, read anew with each request.

        Raises:
            AuthRequired: The operator is gone or disabled, or the log-in has ended.
        """
        with self._units.open(None) as session:
            operator = repository.find_operator(session, claims.operator_id)
        if (
            operator is None
            or operator.status != OperatorStatus.ACTIVE
            or operator.epoch != claims.epoch
        ):
            raise AuthRequired
        return Actor(kind="operator", user_id=operator.id, scope=RowScope.ALL)

    def log_in(self, email: str, password: str) -> LoggedIn:
        """Checks a password and signs a token; no transaction is open while hashing.

        An unknown name, a disabled account and a wrong password cost the same work
        and give the same answer.

        Raises:
            InvalidCredentials: Nobody is let in.
            AuthLocked: There were too many failures lately.
        """
        known, attempt = self._step(lambda session: self._look_up(session, email))
        if not matches(known.password_hash if known else None, password):
            self._step(lambda session: _refused(session, known, attempt))
            raise InvalidCredentials
        if known is None:
            raise InvalidCredentials
        outdated = is_outdated(known.password_hash)
        renewed = hash_password(password) if outdated else None
        operator = self._step(lambda session: _let_in(session, known, attempt, renewed))
        token = self._tokens.issue(operator_id=operator.id, epoch=operator.epoch)
        return LoggedIn(token, self._tokens.lifetime, operator)

    def log_out(self, operator_id: UUID) -> None:
        """Ends every token of an operator."""
        with self._units.open(None) as session:
            operator = _locked(session, operator_id)
            operator.epoch += 1
            note(session, "operator.logged_out")

    def issue(self, operator: Operator) -> str:
        """Signs a token without a log-in, for whoever runs the process."""
        return self._tokens.issue(operator_id=operator.id, epoch=operator.epoch)

    def _look_up(
        self, session: TenantSession, email: str
    ) -> tuple[Operator | None, Reservation]:
        attempt = reserve(ATTEMPT, masked(email, self._name_key))
        found = repository.find_operator_by_email(session, email)
        active = found is not None and found.status == OperatorStatus.ACTIVE
        return (found if active else None), attempt

    def _step(self, work: Callable[[TenantSession], Result]) -> Result:
        return self._units.run(work, tenant_id=NIL)


def create(
    units: UnitOfWork,
    *,
    email: str,
    name: str,
    password: str | None = None,
    password_hash: str | None = None,
) -> Operator:
    """Opens an operator's account.

    Args:
        units: Units of work on the operator's connection.
        email: Unique among operators, regardless of case.
        name: Of the person.
        password: In clear; held to the policy.
        password_hash: Instead of ``password``, as ``hash_password`` made it.

    Raises:
        OperatorExists: Another operator has the address.
        PasswordTooWeak: The password does not meet the policy.
        Unprocessable: The address cannot exist, or the name is empty or too long.
    """
    address, called = _address(email), name.strip()
    if not 1 <= len(called) <= MAX_NAME:
        raise Unprocessable(f"A name takes 1 to {MAX_NAME} characters.")
    if password_hash is None:
        password_hash = _hashed(password or "", called, address)
    with units.open(None) as session:
        operator = repository.add_operator(
            session, Operator(email=address, name=called, password_hash=password_hash)
        )
        if operator is None:
            raise OperatorExists
        note(session, "operator.created", details={"operatorId": str(operator.id)})
    return operator


def listed(units: UnitOfWork) -> Sequence[Operator]:
    """Every operator, by address."""
    with units.open(None) as session:
        return repository.operators(session)


def disable(units: UnitOfWork, email: str) -> Operator:
    """Shuts an account; its tokens end with the next request.

    Raises:
        NotFound: There is no such operator.
    """
    with units.open(None) as session:
        operator = _named(session, email)
        operator.status = OperatorStatus.DISABLED.value
        operator.epoch += 1
        note(session, "operator.disabled", details={"operatorId": str(operator.id)})
    return operator


def reset_password(units: UnitOfWork, email: str, password: str) -> Operator:
    """Sets a password, opens the account again and ends all its tokens.

    Raises:
        NotFound: There is no such operator.
        PasswordTooWeak: The password does not meet the policy.
    """
    with units.open(None) as session:
        known = _named(session, email)
    hashed = _hashed(password, known.name, known.email)
    with units.open(None) as session:
        operator = _locked(session, known.id)
        operator.password_hash = hashed
        operator.status = OperatorStatus.ACTIVE.value
        operator.epoch += 1
        told = {"operatorId": str(operator.id)}
        note(session, "operator.password_reset", details=told)
    return operator


def _let_in(
    session: TenantSession, known: Operator, attempt: Reservation, renewed: str | None
) -> Operator:
    """Notes the log-in, unless the account changed while its hash was computed.

    Raises:
        InvalidCredentials: It did.
    """
    operator = _locked(session, known.id)
    if (
        operator.status != OperatorStatus.ACTIVE
        or operator.password_hash != known.password_hash
    ):
        raise InvalidCredentials
    if renewed is not None:
        operator.password_hash = renewed
    operator.last_login_at = utc_now()
    forgive(attempt)
    repository.forget_old_attempts(session)
    note(session, "operator.logged_in", operator_id=operator.id)
    return operator


def _refused(
    session: TenantSession, known: Operator | None, attempt: Reservation
) -> None:
    """Notes a failure; what was typed is not kept."""
    operator_id = known.id if known else None
    told = {"failures": attempt.failures}
    note(session, "operator.login_failed", operator_id=operator_id, details=told)
    if attempt.locks:
        log.warning("operator.locked", failures=attempt.failures)


def _locked(session: TenantSession, operator_id: UUID) -> Operator:
    operator = repository.find_operator(session, operator_id, lock=True)
    if operator is None:
        raise NotFound("There is no such operator.")
    return operator


def _named(session: TenantSession, email: str) -> Operator:
    found = repository.find_operator_by_email(session, email)
    if found is None:
        raise NotFound("There is no such operator.")
    return _locked(session, found.id)


def _hashed(password: str, name: str, address: str) -> str:
    require_strong(password, name, address)
    return hash_password(password)


def _address(email: str) -> str:
    try:
        return normal_email(email.strip())
    except ValueError as error:
        raise Unprocessable(str(error)) from error


def described(operator: Operator) -> dict[str, Any]:
    """An operator as commands print it."""
    return {
        "id": str(operator.id),
        "email": operator.email,
        "name": operator.name,
        "status": operator.status,
    }
