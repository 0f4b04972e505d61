"""What people see and change of themselves."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from core.auth.accounts import apply_profile
from core.auth.errors import WordUnknown
from core.auth.models import User, UserState
from core.auth.repository import users
from core.clock import utc_now
from core.context import current
from core.db.unit import session
from core.errors import AuthRequired
from core.http.preconditions import require_version

_STATE: Final = ("weight", "unit", "fitness_level", "training_frequency")


def show_me() -> dict[str, Any]:
    """The caller's account, newest body state and rights."""
    user = _me()
    return _described(user, users.latest_state(user.id))


def update_me(changes: Mapping[str, Any], *, if_match: int | None) -> dict[str, Any]:
    """Changes the caller's own account.

    A change of weight, unit, fitness level or training frequency is written as a new
    row of history that carries on whatever was not given.

    Args:
        changes: Any of what ``GET /me`` shows, without rights and addresses.
        if_match: The version the caller saw.

    Raises:
        UsernameTaken: Another account has the user name.
        WordUnknown: A fitness level or training frequency is not in the vocabulary.
        PreconditionFailed: Somebody changed the account in the meantime.
    """
    user = _me(lock=True)
    require_version(user.version, if_match)
    apply_profile(user, changes)
    state = users.latest_state(user.id)
    given = {key: changes[key] for key in _STATE if key in changes}
    if given:
        _require_words(given)
        state = _next_state(user, state, given)
        session().add(state)
    session().flush()
    return _described(user, state)


def _me(*, lock: bool = False) -> User:
    user_id = current().actor.user_id
    if user_id is None:
        raise AuthRequired
    return users.get(user_id, lock=lock)


def _require_words(given: Mapping[str, Any]) -> None:
    level, often = given.get("fitness_level"), given.get("training_frequency")
    if level is not None and not users.knows_fitness_level(level):
        raise WordUnknown(details={"fitnessLevel": level})
    if often is not None and not users.knows_training_frequency(often):
        raise WordUnknown(details={"trainingFrequency": often})


def _next_state(
    user: User, before: UserState | None, given: Mapping[str, Any]
) -> UserState:
    values = {key: getattr(before, key, None) for key in _STATE} | dict(given)
    if isinstance(values["weight"], float):
        values["weight"] = Decimal(str(round(values["weight"], 2)))
    if values["weight"] is not None and values["unit"] is None:
        values["unit"] = "kg"
    return UserState(
        user_id=user.id, photo_url=user.avatar_url, recorded_at=utc_now(), **values
    )


def _described(user: User, state: UserState | None) -> dict[str, Any]:
    actor = current().actor
    account = {
        key: getattr(user, key)
        for key in (
            "id",
            "email",
            "username",
            "name",
            "phone",
            "role",
            "status",
            "locale",
            "alias",
            "avatar_url",
            "created_at",
            "updated_at",
            "version",
        )
    }
    body = {key: getattr(state, key, None) for key in _STATE}
    return {**account, **body, "permissions": sorted(actor.permissions)}
