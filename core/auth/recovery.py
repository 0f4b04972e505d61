"""New passwords: forgotten ones, first ones of invited people, and changed ones."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.audit.recorder import record_event
from core.auth import links
from core.auth.account_models import AuthLink, AuthRequest, LinkPurpose
from core.auth.accounts import require_strong
from core.auth.attempts import Reservation, forgive, note_failure, reserve
from core.auth.contacts import recovery_addresses
from core.auth.errors import LinkSpent
from core.auth.login import Step
from core.auth.models import User, UserStatus
from core.auth.passwords import hash_password, matches
from core.auth.registration import activate
from core.auth.repository import auth_sessions, users
from core.auth.sessions import end_sessions
from core.clock import utc_now
from core.context import current
from core.db.unit import session
from core.db.versions import bump
from core.errors import AppError, AuthRequired, InvalidCredentials
from core.http.address import bucket_of
from core.notifications.service import send_mail

_SET_BY: Final = (LinkPurpose.RESET, LinkPurpose.INVITE)


@dataclass(frozen=True, slots=True)
class _Person:
    """Whose password is set, as known before it is hashed."""

    id: UUID
    password_hash: str | None
    words: tuple[str, ...]
    attempt: Reservation

    @classmethod
    def of(cls, user: User, attempt: Reservation) -> "_Person":
        words = (user.name, user.email, user.username or "")
        return cls(user.id, user.password_hash, words, attempt)


def answer_forgot(asked: AuthRequest, public_url: str) -> None:
    """Mails a link that sets a password, to the address and those for recovery.

    A shut account gets none; an invited person may set the first password this way.
    """
    user = users.by_login(asked.login)
    if user is None or user.status == UserStatus.DISABLED:
        return
    if links.enough_sent(user.id, LinkPurpose.RESET):
        return
    token = links.issue(user.id, LinkPurpose.RESET)
    gym = current().require_gym()
    variables = {
        "link": links.address_of(gym, public_url, LinkPurpose.RESET, token),
        "minutes": links.minutes(LinkPurpose.RESET),
    }
    send_mail(template="auth.reset", variables=variables, to_user_id=user.id)
    for address in recovery_addresses(user):
        send_mail(
            template="auth.reset",
            variables=variables,
            to_address=address,
            locale=user.locale,
        )


def reset(token: str, password: str, step: Step) -> User:
    """Sets a password by a link; every log-in of the person ends.

    It logs nobody in: a second factor is asked for by the log-in that follows. A
    password that is too weak leaves the link good.

    Args:
        token: Of the link.
        password: The new one.
        step: Runs a piece of work in a transaction of its own.

    Raises:
        NotFound: There is no such link.
        LinkSpent: It was used or has run out, or the account is shut.
        PasswordTooWeak: The password does not meet the policy.
        AuthLocked: Too many wrong links came from this address.
    """
    attempt = step(lambda: reserve("reset", bucket_of(current().address or "")))
    try:
        person = step(lambda: _behind(token, attempt))
    except AppError:
        step(lambda: note_failure(attempt, None))
        raise
    step(lambda: forgive(attempt))
    require_strong(password, *person.words)
    hashed = hash_password(password)
    return step(lambda: _reset_by(links.find(token, _SET_BY), hashed))


def change(current_password: str, password: str, step: Step) -> User:
    """Changes the caller's password; their other log-ins end, this one goes on.

    Args:
        current_password: As typed.
        password: The new one.
        step: Runs a piece of work in a transaction of its own.

    Raises:
        InvalidCredentials: The current password is another one.
        PasswordTooWeak: The new one does not meet the policy.
        AuthLocked: Too many failures.
    """
    user_id = current().actor.user_id
    if user_id is None:
        raise AuthRequired
    person = step(lambda: _caller(user_id))
    if not matches(person.password_hash, current_password):
        step(lambda: note_failure(person.attempt, user_id))
        raise InvalidCredentials
    step(lambda: forgive(person.attempt))
    require_strong(password, *person.words)
    hashed = hash_password(password)
    return step(lambda: _changed(person, hashed))


def _behind(token: str, attempt: Reservation) -> _Person:
    link = links.find(token, _SET_BY)
    links.require_good(link)
    user = users.find(link.user_id)
    if user is None or user.status == UserStatus.DISABLED:
        raise LinkSpent
    return _Person.of(user, attempt)


def _reset_by(link: AuthLink, hashed: str) -> User:
    user = users.find(link.user_id, lock=True)
    if user is None or user.status == UserStatus.DISABLED:
        raise LinkSpent
    links.use(link)
    user.password_hash = hashed
    if user.status == UserStatus.INVITED:
        activate(user)
    end_sessions(user.id)
    _concluded(user, "auth.password_reset")
    return user


def _caller(user_id: UUID) -> _Person:
    attempt = reserve("password", user_id)
    user = users.find(user_id)
    if user is None:
        raise AuthRequired
    return _Person.of(user, attempt)


def _changed(person: _Person, hashed: str) -> User:
    user = users.find(person.id, lock=True)
    if user is None or user.password_hash != person.password_hash:
        raise InvalidCredentials
    user.password_hash = hashed
    auth_sessions.end_others(user.id, current().actor.session_id, utc_now())
    _concluded(user, "auth.password_changed")
    return user


def _concluded(user: User, action: str) -> None:
    session().flush()
    bump(session(), user.id)
    links.withdraw(user.id, *_SET_BY, LinkPurpose.VERIFY)
    record_event(action, "user", user.id, user_id=user.id)
    send_mail(template="auth.password_changed", variables={}, to_user_id=user.id)
