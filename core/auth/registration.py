"""Accounts that people open themselves, and invitations to those opened for them.

What a stranger asks for is written down and answered at once; a job looks up whether
there is an account and sends the mail that fits. The answer cannot tell.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from core.access import Role
from core.audit.recorder import record_event
from core.auth import links
from core.auth.account_models import AuthRequest, LinkPurpose
from core.auth.accounts import create_user, register, require_strong
from core.auth.contacts import verify_by, verify_primary
from core.auth.errors import LinkSpent, RoleNotGrantable, SelfRegistrationOff
from core.auth.links import Extra
from core.auth.models import User, UserStatus
from core.auth.passwords import hash_password
from core.auth.repository import users
from core.context import current, hooks
from core.db.unit import session
from core.db.versions import bump
from core.errors import PlanLimit, Unprocessable
from core.notifications.service import send_mail
from core.plugin.settings import setting

SWITCH: Final = "auth.selfRegistration.enabled"

_OWN_CHOICE: Final = frozenset({"email", "name", "phone", "password", "locale", "role"})
"""What people say of themselves when they sign up."""


def sign_up(wanted: Mapping[str, Any]) -> AuthRequest:
    """Writes down that somebody wants an account.

    The password is hashed whether or not the address has an account.

    Args:
        wanted: ``email``, ``name``, ``password``, and perhaps ``phone`` and
            ``locale``; a ``role`` other than client is refused.

    Returns:
        What a job answers; see ``answer_sign_up``.

    Raises:
        SelfRegistrationOff: The gym does not allow it.
        RoleNotGrantable: Another role was asked for.
        PasswordTooWeak: The password does not meet the policy.
        Unprocessable: The password is missing, or there is more than one may say.
    """
    if not setting(current().require_gym(), SWITCH):
        raise SelfRegistrationOff
    if wanted.get("role") not in {None, Role.CLIENT}:
        raise RoleNotGrantable
    given = {key: value for key, value in wanted.items() if value is not None}
    if "password" not in given:
        raise Unprocessable(details={"body": {"password": ["Choose a password."]}})
    if given.keys() - _OWN_CHOICE:
        raise Unprocessable(
            details={"body": {"username": ["Choose it once you have an account."]}}
        )
    require_strong(given["password"], given["name"], given["email"])
    return _asked(
        "register",
        given["email"],
        name=given["name"],
        phone=given.get("phone"),
        locale=given.get("locale"),
        password_hash=hash_password(given["password"]),
    )


def ask(kind: str, login: str) -> AuthRequest:
    """Writes down that somebody wants a link again, or a new password.

    Args:
        kind: ``resend`` or ``forgot``.
        login: E-mail address or user name.
    """
    return _asked(kind, login)


def open_for(wanted: Mapping[str, Any], public_url: str) -> User:
    """Opens an account on behalf of the caller, and invites whoever has no password.

    Raises:
        AppError: As ``register``.
    """
    user = register(**wanted)
    if user.status == UserStatus.INVITED:
        invite(user, public_url)
    welcome(user)
    return user


def welcome(user: User) -> None:
    """Tells the audit log and the plugins of a new account."""
    record_event("auth.registered", "user", user.id, {"role": user.role})
    hooks().user_created(gym=current().require_gym(), user_id=user.id, role=user.role)


def invite(user: User, public_url: str) -> None:
    """Mails a link by which an invited person sets a password."""
    if links.enough_sent(user.id, LinkPurpose.INVITE):
        return
    token = links.issue(user.id, LinkPurpose.INVITE)
    lifetime = links.LIFETIME[LinkPurpose.INVITE]
    gym = current().require_gym()
    send_mail(
        template="auth.invite",
        variables={
            "link": links.address_of(gym, public_url, LinkPurpose.INVITE, token),
            "days": lifetime.days,
        },
        to_user_id=user.id,
    )


def answer_sign_up(asked: AuthRequest, public_url: str) -> None:
    """Opens the account and mails the link that makes it active.

    Where there is an account in use, its owner is told instead. Every link carries the
    password that was chosen with it: whoever signs up with a foreign address does not
    learn under which password its owner later gets in.
    """
    user = users.by_login(asked.login)
    if user is None:
        try:
            user = create_user(
                email=asked.login,
                name=asked.name or asked.login,
                role=Role.CLIENT,
                phone=asked.phone,
                locale=asked.locale,
            )
        except PlanLimit:
            # The stranger was answered long ago; staff finds it in the audit log.
            record_event("auth.signup_without_seat")
            return
        welcome(user)
    if user.status == UserStatus.ACTIVE:
        _tell_owner(user)
    elif user.status == UserStatus.INVITED and asked.password_hash:
        _mail_verification(user, asked.password_hash, public_url)


def answer_resend(asked: AuthRequest, public_url: str) -> None:
    """Mails the link again that an account still waits for."""
    user = users.by_login(asked.login)
    if user is None or user.status != UserStatus.INVITED:
        return
    last = links.latest(user.id, [LinkPurpose.VERIFY, LinkPurpose.INVITE])
    if last is not None and last.password_hash is not None:
        _mail_verification(user, last.password_hash, public_url)
    else:
        invite(user, public_url)


def verify(token: str) -> None:
    """Follows a link that proves an address: a new account's, or a contact's.

    Followed again, it answers the same: mail programs look at links before people do.

    Raises:
        NotFound: There is no such link.
        LinkSpent: It ran out, or the account is shut.
    """
    link = links.find(token, [LinkPurpose.VERIFY, LinkPurpose.CONTACT])
    user = users.find(link.user_id, lock=True)
    if user is None or user.status == UserStatus.DISABLED:
        raise LinkSpent
    if link.purpose == LinkPurpose.CONTACT:
        verify_by(link)
        return
    if link.used_at is not None and user.status == UserStatus.ACTIVE:
        return
    links.use(link)
    if user.status == UserStatus.INVITED:
        user.password_hash = link.password_hash
        activate(user)
    record_event("auth.verified", "user", user.id, user_id=user.id)


def activate(user: User) -> None:
    """Opens an invited account, whose owner followed a link to its address."""
    user.status = UserStatus.ACTIVE.value
    verify_primary(user)
    links.withdraw(user.id, LinkPurpose.VERIFY, LinkPurpose.INVITE)
    session().flush()
    bump(session(), user.id)


def _asked(kind: str, login: str, **more: Any) -> AuthRequest:
    row = AuthRequest(kind=kind, login=login, **more)
    session().add(row)
    session().flush()
    return row


def _mail_verification(user: User, password_hash: str, public_url: str) -> None:
    if links.enough_sent(user.id, LinkPurpose.VERIFY):
        return
    token = links.issue(user.id, LinkPurpose.VERIFY, Extra(password_hash))
    gym = current().require_gym()
    send_mail(
        template="auth.verify",
        variables={
            "link": links.address_of(gym, public_url, LinkPurpose.VERIFY, token),
            "minutes": links.minutes(LinkPurpose.VERIFY),
        },
        to_user_id=user.id,
    )


def _tell_owner(user: User) -> None:
    """Tells the owner of an account that somebody signed up with their address."""
    if links.enough_sent(user.id, LinkPurpose.NOTICE):
        return
    links.issue(user.id, LinkPurpose.NOTICE)
    send_mail(template="auth.registration_exists", variables={}, to_user_id=user.id)


def find_request(request_id: UUID) -> AuthRequest | None:
    """What a stranger asked for; None when it was seen to."""
    return session().get(AuthRequest, (session().require_tenant(), request_id))
