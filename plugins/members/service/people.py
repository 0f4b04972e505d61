"""Accounts behind profiles."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from core.sdk.base import NotFound, Role, utc_now
from core.sdk.users import UserStatus, create_user
from plugins.members import repository
from plugins.members.domain import ClientStatus
from plugins.members.errors import UnfitRole
from plugins.members.repository import ClientRepository, CoachRepository

_ACCOUNT = frozenset({"user_id", "email", "name", "phone", "password"})


def account_for(
    values: Mapping[str, Any], *, role: Role, fits: Callable[[str], bool]
) -> UUID:
    """Gives the account a new profile belongs to, created when none is named.

    Args:
        values: Either ``user_id``, or ``email`` and ``name`` with an optional
            ``phone`` and ``password``; without a password the user is invited.
        role: The role of an account that is created.
        fits: Says of the role of an existing account whether it will do.

    Raises:
        NotFound: There is no such user in this gym.
        UnfitRole: The existing user's role does not go with the profile.
        EmailTaken: Another account has the e-mail address.
        PasswordTooWeak: The password does not meet the policy.
    """
    user_id: UUID | None = values.get("user_id")
    if user_id is None:
        return create_user(
            email=values["email"],
            name=values["name"],
            role=role,
            phone=values.get("phone"),
            password=values.get("password"),
        ).id
    user = repository.find_user(user_id)
    if user is None:
        raise NotFound("There is no such user.")
    if not fits(user.role):
        raise UnfitRole(details={"role": user.role})
    return user_id


def profile_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The part of ``values`` that is not about the account."""
    return {name: value for name, value in values.items() if name not in _ACCOUNT}


def adopt_user(user_id: UUID, role: str) -> int:
    """Gives a profile to one user, where their role takes one and they have none.

    Returns:
        How many profiles were made.
    """
    user = repository.find_user(user_id)
    if user is None or role not in {Role.CLIENT, Role.COACH}:
        return 0
    if role == Role.COACH:
        return CoachRepository().create({"id": user_id})
    status = _first_status(user.status)
    profile = {"id": user_id, "status": status, "status_since": utc_now()}
    return ClientRepository().create(profile)


def adopt_users() -> int:
    """Gives a profile to every client and coach who has only an account so far.

    People sign up, or are added, while members is off. An account in use makes an
    active client, any other a lead.

    Returns:
        How many profiles were made.
    """
    now = utc_now()
    clients = [
        {"id": user.id, "status": _first_status(user.status), "status_since": now}
        for user in repository.accounts_of(Role.CLIENT)
    ]
    coaches = [{"id": user.id} for user in repository.accounts_of(Role.COACH)]
    return ClientRepository().create(*clients) + CoachRepository().create(*coaches)


def _first_status(account_status: str) -> str:
    in_use = account_status == UserStatus.ACTIVE
    return (ClientStatus.ACTIVE if in_use else ClientStatus.LEAD).value


def client_and_coach_exist(*, client_id: UUID, coach_id: UUID) -> tuple[bool, bool]:
    """Says whether the gym has this client and this coach, whoever asks."""
    return repository.are_there(client_id, coach_id)
