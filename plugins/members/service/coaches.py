"""Use cases on coaches."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.sdk.base import Forbidden, Page, Role, RowScope, current, require_version
from plugins.members.domain import fits_coach
from plugins.members.errors import ProfileExists
from plugins.members.repository import CoachRepository
from plugins.members.service.people import account_for, profile_of

_coaches = CoachRepository()


def list_coaches(**query: Any) -> Page:
    """Lists the gym's coaches; the keywords are ``search``'s."""
    return _coaches.search(**query)


def get_coach(*, coach_id: UUID) -> Any:
    """Reads one coach.

    Raises:
        NotFound: There is no such coach in this gym.
    """
    return _coaches.read(coach_id)


def create_coach(*, values: Mapping[str, Any]) -> Any:
    """Adds a coach, with a new account or to an existing one.

    Raises:
        EmailTaken: Another account has the e-mail address.
        NotFound: The named user is not of this gym.
        UnfitRole: The named user is a client or a partner.
        ProfileExists: The named user is a coach already.
    """
    coach_id = account_for(values, role=Role.COACH, fits=fits_coach)
    if not _coaches.create({**profile_of(values), "id": coach_id}):
        raise ProfileExists
    return _coaches.read(coach_id)


def change_coach(
    *, coach_id: UUID, values: Mapping[str, Any], expected_version: int | None
) -> Any:
    """Changes parts of a coach's profile: one's own, or any with the whole gym.

    Raises:
        NotFound: There is no such coach in this gym.
        Forbidden: It is another coach's profile.
        PreconditionFailed: The profile has another version by now.
    """
    coach = _coaches.get(coach_id, lock=True)
    actor = current().actor
    if actor.scope is not RowScope.ALL and actor.user_id != coach_id:
        raise Forbidden("You may change your own profile only.")
    require_version(coach.version, expected_version)
    for name, value in values.items():
        setattr(coach, name, value)
    _coaches.save()
    return _coaches.read(coach_id)


def coach_exists(*, coach_id: UUID) -> bool:
    """Says whether the gym has this coach, whoever asks."""
    return _coaches.exists(coach_id)
