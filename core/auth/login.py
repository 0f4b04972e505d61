"""Logging in: look up, hash, let in; no transaction stands open while hashing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast
from uuid import UUID

from core.audit.recorder import record_event
from core.auth.attempts import Reservation, forgive, note_failure
from core.auth.devices import Guard
from core.auth.models import UserStatus
from core.auth.passwords import hash_password, is_outdated, matches
from core.auth.repository import users
from core.auth.sessions import Opened, open_session
from core.auth.totp.repository import factors
from core.config import AuthSettings
from core.errors import AppError, InvalidCredentials
from core.metrics import counter

Result = TypeVar("Result")

_refused = counter("auth_login_fail_total", "Log-ins refused, by code.", ("reason",))


class Step(Protocol):
    """Runs a piece of work in a transaction of its own."""

    def __call__(self, work: Callable[[], Result], /) -> Result: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What the look-up found; nothing for a name that may not log in.

    Attributes:
        attempt: This log-in, counted before anything is checked.
    """

    attempt: Reservation
    user_id: UUID | None = None
    password_hash: str | None = None


@dataclass(frozen=True, slots=True)
class _Entering:
    """A log-in whose password was found right.

    Attributes:
        renewed: A stronger hash of the same password; None where it is strong enough.
    """

    known: _Known
    renewed: str | None
    settings: AuthSettings
    user_agent: str | None


def log_in(  # noqa: PLR0913 — one keyword for each part of a log-in
    *,
    login: str,
    password: str,
    user_agent: str | None,
    settings: AuthSettings,
    step: Step,
    second_factor: Callable[[UUID], None],
    guard: Guard,
) -> Opened:
    """Checks a password and begins a log-in session.

    An unknown name, an account without a password, a shut account and a wrong
    password cost the same work and give the same answer.

    Args:
        login: E-mail address or user name.
        password: As typed.
        user_agent: Of the caller's program, shown in the list of log-ins.
        settings: How long tokens live.
        step: Runs a piece of work in a transaction of its own.
        second_factor: Refuses a person who has a second factor and does not give it,
            or a wrong one; asked only once the password was found right.
        guard: Counts the attempt, by the caller's device or by the account.

    Raises:
        InvalidCredentials: Nobody is let in.
        AuthLocked: There were too many failures lately.
        ChallengeRequired: A plugin wants proof that this is no machine.
        AppError: As ``second_factor``.
    """
    with _refusals_counted():
        known = step(lambda: _look_up(login, guard))
        try:
            renewed = _checked(known, password)
            entering = _Entering(known, renewed, settings, user_agent)
            opened = step(lambda: _let_in(entering, proven=False))
            if isinstance(opened, Opened):
                return opened
            second_factor(opened)
            proven = step(lambda: _let_in(entering, proven=True))
            return cast("Opened", proven)
        except InvalidCredentials:
            step(lambda: _note_failure(known))
            raise


@contextmanager
def _refusals_counted() -> Iterator[None]:
    """Counts what refuses a log-in, under its code."""
    try:
        yield
    except AppError as error:
        _refused.inc(error.code)
        raise


def _note_failure(known: _Known) -> None:
    """Tells the audit log, whoever it was; what was typed is not kept."""
    record_event("auth.login_failed", "user", known.user_id)
    note_failure(known.attempt, known.user_id)


def _look_up(login: str, guard: Guard) -> _Known:
    user = users.by_login(login)
    attempt = guard.admit(login, user)
    if user is None or user.status != UserStatus.ACTIVE:
        return _Known(attempt)
    return _Known(attempt, user.id, user.password_hash)


def _checked(known: _Known, password: str) -> str | None:
    """A stronger hash of the same password, where the known one is outdated.

    Raises:
        InvalidCredentials: The password is wrong.
    """
    if not matches(known.password_hash, password):
        raise InvalidCredentials
    outdated = known.password_hash is not None and is_outdated(known.password_hash)
    return hash_password(password) if outdated else None


def _let_in(entering: _Entering, *, proven: bool) -> Opened | UUID:
    """Opens the session, unless the account changed while its hash was computed.

    Args:
        entering: Whose password was found right.
        proven: The second factor was given, or there was none to give.

    Returns:
        The session; or the person, where a second factor must be given first.
    """
    known = entering.known
    person = known.user_id
    if person is not None and not proven and factors.enabled(person) is not None:
        return person
    user = users.find(person, lock=True) if person else None
    if (
        user is None
        or user.status != UserStatus.ACTIVE
        or user.password_hash != known.password_hash
    ):
        raise InvalidCredentials
    if entering.renewed is not None:
        user.password_hash = entering.renewed
    forgive(known.attempt)
    return open_session(user, entering.settings, user_agent=entering.user_agent)
