"""Accounts: opened, found, changed and shut."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.access import Role
from core.auth.contacts import mirror
from core.auth.emails import normal_email, normal_phone
from core.auth.errors import (
    AccountErased,
    EmailTaken,
    LastAdmin,
    NotYourself,
    PasswordTooWeak,
    RoleNotGrantable,
    RoleUnknown,
    UsernameTaken,
)
from core.auth.models import User, UserStatus
from core.auth.passwords import hash_password
from core.auth.policy import faults
from core.auth.repository import users
from core.auth.seats import take
from core.auth.sessions import end_sessions
from core.clock import utc_now
from core.context import current
from core.db.unit import session
from core.db.versions import bump
from core.db.writes import insert_new
from core.errors import Conflict, Unprocessable
from core.http.page import Page
from core.http.preconditions import require_version
from core.ids import new_id
from core.rbac.roles import is_role, may_grant


def create_user(  # noqa: PLR0913 — one keyword for each thing an account may start with
    *,
    email: str,
    name: str,
    role: str,
    phone: str | None = None,
    password: str | None = None,
    password_hash: str | None = None,
    username: str | None = None,
    user_id: UUID | None = None,
    locale: str | None = None,
) -> User:
    """Opens an account: active with a password, else invited.

    Whether the caller may grant the role is not asked here; see ``register``.

    Args:
        email: Unique in the gym, regardless of case.
        name: As the person is addressed.
        role: A built-in role or one of the gym's own.
        phone: With its country code.
        password: In clear; held to the policy.
        password_hash: Instead of ``password``, as ``hash_password`` made it.
        username: Another name to log in by, without ``@``.
        user_id: The id to use, where it is known before.
        locale: The language the person wants.

    Raises:
        EmailTaken: Another account has the address.
        UsernameTaken: Another account has the user name.
        PasswordTooWeak: The password does not meet the policy.
        RoleUnknown: The gym has no such role.
        PlanLimit: The gym's plan has no seat left for it.
        Unprocessable: The address or the number cannot exist.
    """
    if not is_role(current().gym, role):
        raise RoleUnknown
    address = _held_to(normal_email, email)
    if password is not None:
        require_strong(password, name, address, username or "")
        password_hash = hash_password(password)
    row = {
        "id": user_id or new_id(),
        "email": address,
        "username": username,
        "name": name,
        "phone": _held_to(normal_phone, phone) if phone else None,
        "role": str(role),
        "status": str(UserStatus.ACTIVE if password_hash else UserStatus.INVITED),
        "locale": locale,
        "password_hash": password_hash,
    }
    take(role)
    inserted = insert_new(session(), User, [row])
    if not inserted:
        raise _collision(address, username)
    bump(session(), inserted[0].id)
    mirror(inserted[0])
    return inserted[0]


def register(**wanted: Any) -> User:
    """Opens an account on behalf of the caller; the keywords are ``create_user``'s.

    Raises:
        RoleNotGrantable: The caller may not give this role.
        AppError: As ``create_user``.
    """
    here = current()
    gym = here.require_gym()
    if not is_role(gym, wanted["role"]):
        raise RoleUnknown
    if not may_grant(here.actor, gym, wanted["role"]):
        raise RoleNotGrantable
    return create_user(**wanted)


def find_user_by_email(email: str) -> User | None:
    """Finds an account by its address, regardless of case."""
    return users.by_login(email) if "@" in email else None


def user_exists(user_id: UUID) -> bool:
    """Says whether this gym has the account; one of an erased person counts as none.

    It answers whatever the actor's reach, to check an id rather than show a person.
    """
    return name_of(user_id) is not None


def name_of(user_id: UUID) -> str | None:
    """How a person is addressed, whoever asks; None when there is none."""
    user = users.find(user_id)
    return None if user is None or user.erased_at is not None else user.name


def list_users(wanted: dict[str, Any]) -> Page:
    """Reads one page of accounts; see ``Users.listed``."""
    return users.listed(wanted=wanted)


def get_user(user_id: UUID) -> User:
    """Returns an account within the caller's reach.

    Raises:
        NotFound: There is none.
        Forbidden: It is a client whom the caller does not reach.
    """
    return users.get(user_id)


def update_user(
    user_id: UUID, changes: Mapping[str, Any], *, if_match: int | None
) -> User:
    """Changes somebody else's account, or harmless parts of one's own.

    Args:
        user_id: Whose account.
        changes: Any of name, phone, username, locale, role and status.
        if_match: The version the caller saw.

    Raises:
        NotYourself: It would change the caller's own role or status.
        RoleNotGrantable: The caller may not manage this account, or not give the
            wanted role.
        LastAdmin: No active admin would be left.
        AccountErased: The person was erased.
        AppError: As ``create_user``.
    """
    user = users.get(user_id, lock=True)
    require_version(user.version, if_match)
    require_living(user)
    rights = {key: changes[key] for key in ("role", "status") if key in changes}
    require_manageable(user, changes_rights=bool(rights))
    apply_profile(user, changes)
    if "role" in rights:
        _change_role(user, rights["role"])
    if "status" in rights:
        _change_status(user, UserStatus(rights["status"]))
    session().flush()
    return user


def apply_profile(user: User, changes: Mapping[str, Any]) -> None:
    """Writes the parts of an account that give no rights.

    Raises:
        UsernameTaken: Another account has the user name.
    """
    username = changes.get("username")
    if username is not None:
        other = users.by_username(username)
        if other is not None and other.id != user.id:
            raise UsernameTaken
    for key in ("name", "phone", "username", "locale", "alias", "avatar_url"):
        if key in changes:
            setattr(user, key, changes[key])
    if username is not None:
        users.save()
    if "phone" in changes:
        mirror(user)


def disable_user(user_id: UUID) -> None:
    """Shuts an account; its log-ins and tokens end with this unit's commit.

    Raises:
        NotFound: There is no such account.
        LastAdmin: No active admin would be left.
    """
    _change_status(users.get(user_id, lock=True), UserStatus.DISABLED)
    session().flush()


def close_for_good(user_id: UUID, *, force: bool) -> bool:
    """Shuts the account of a person who is about to be erased; safe to do again.

    Args:
        user_id: Whose.
        force: Even where no active admin is left, as after a restore.

    Returns:
        False when there is no such account.

    Raises:
        LastAdmin: No active admin would be left.
    """
    user = users.find(user_id, lock=True)
    if user is None:
        return False
    if not force:
        require_other_admin(user)
    user.status = UserStatus.DISABLED.value
    user.erased_at = user.erased_at or utc_now()
    end_sessions(user.id)
    bump(session(), user.id)
    session().flush()
    return True


def require_living(user: User) -> None:
    """Refuses to fill or open an account whose person was erased.

    Raises:
        AccountErased: They were.
    """
    if user.erased_at is not None:
        raise AccountErased


def end_sessions_of(user_id: UUID) -> None:
    """Ends every log-in of a person whom the caller may manage.

    Raises:
        NotFound: There is no such account.
        RoleNotGrantable: The caller may not manage this account.
    """
    user = users.get(user_id)
    require_manageable(user, changes_rights=False)
    end_sessions(user.id)


def require_strong(password: str, *personal: str) -> None:
    """Holds a new password to the policy.

    Raises:
        PasswordTooWeak: Naming each rule that it breaks.
    """
    broken = faults(password, personal)
    if broken:
        raise PasswordTooWeak(details={"needs": broken})


def _change_role(user: User, role: str) -> None:
    here = current()
    if role == user.role:
        return
    if not is_role(here.gym, role):
        raise RoleUnknown
    if not may_grant(here.actor, here.require_gym(), role):
        raise RoleNotGrantable
    require_other_admin(user)
    if user.status != UserStatus.DISABLED:
        take(role, besides=user.id)
    user.role = role
    bump(session(), user.id)


def _change_status(user: User, status: UserStatus) -> None:
    """Shuts an account, or opens it again as far as it was open."""
    if status is UserStatus.DISABLED:
        require_other_admin(user)
        user.status = UserStatus.DISABLED.value
        end_sessions(user.id)
    elif user.status == UserStatus.DISABLED:
        take(user.role, besides=user.id)
        opened = UserStatus.ACTIVE if user.password_hash else UserStatus.INVITED
        user.status = opened.value
    elif user.status == UserStatus.INVITED:
        raise Unprocessable("An invited person becomes active by setting a password.")
    bump(session(), user.id)


def require_other_admin(user: User) -> None:
    """Refuses to shut the last active admin out.

    Locks the admins, so that two of them cannot shut out each other at once.

    Raises:
        LastAdmin: The user is it.
    """
    if user.role != Role.ADMIN or user.status != UserStatus.ACTIVE:
        return
    if not set(users.active_admins(Role.ADMIN.value)) - {user.id}:
        raise LastAdmin


def require_manageable(user: User, *, changes_rights: bool) -> None:
    """Refuses a caller who may not manage an account.

    Args:
        user: Whose account.
        changes_rights: Whether it is about role or status, which nobody changes of
            their own.

    Raises:
        NotYourself: It is the caller's own.
        RoleNotGrantable: The caller may not give the account's role.
    """
    here = current()
    if user.id == here.actor.user_id:
        if changes_rights:
            raise NotYourself
        return
    if not may_grant(here.actor, here.require_gym(), user.role):
        raise RoleNotGrantable


def _collision(email: str, username: str | None) -> Conflict:
    if users.by_login(email) is not None:
        return EmailTaken()
    if username is not None and users.by_username(username) is not None:
        return UsernameTaken()
    return Conflict("An account with this id exists already.")


def _held_to(rule: Any, text: str) -> str:
    try:
        normal: str = rule(text)
    except ValueError as error:
        raise Unprocessable(str(error)) from error
    return normal
