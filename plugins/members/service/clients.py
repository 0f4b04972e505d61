"""Use cases on clients."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from core.sdk.base import (
    Forbidden,
    Page,
    Role,
    RowScope,
    current,
    hooks,
    require_version,
    utc_now,
)
from plugins.members import repository
from plugins.members.domain import (
    ClientStatus,
    fits_client,
    frozen_fields,
    may_become,
    merge_parts,
    plausible_birth,
    reserved_fields,
    tidy_tags,
)
from plugins.members.errors import (
    IllegalStatus,
    Immutable,
    ImplausibleBirthDate,
    ProfileExists,
    UnknownGender,
)
from plugins.members.models import Client, Gender
from plugins.members.permissions import CLIENTS_MANAGE
from plugins.members.repository import ClientRepository, CoachRepository
from plugins.members.service.people import account_for, profile_of

_clients = ClientRepository()
_coaches = CoachRepository()


def list_clients(**query: Any) -> Page:
    """Lists the clients whom the actor reaches; the keywords are ``search``'s."""
    return _clients.search(**query)


def get_client(*, client_id: UUID) -> Any:
    """Reads one client.

    Raises:
        NotFound: There is no such client in this gym.
        Forbidden: The client is out of the actor's reach.
    """
    return _clients.read(client_id)


def create_client(*, values: Mapping[str, Any]) -> Any:
    """Adds a client, with a new account or to an existing one.

    Raises:
        EmailTaken: Another account has the e-mail address.
        NotFound: The named user is not of this gym.
        UnfitRole: The named user is no client.
        ProfileExists: The named user is a client already.
        ImplausibleBirthDate: See ``change_client``; so is ``UnknownGender``.
    """
    profile = profile_of(values)
    _check_demographics(profile)
    _tidy(profile)
    profile["id"] = account_for(values, role=Role.CLIENT, fits=fits_client)
    if not _clients.create({"status_since": utc_now(), **profile}):
        raise ProfileExists
    return _clients.read(profile["id"])


def change_client(
    *, client_id: UUID, values: Mapping[str, Any], expected_version: int | None
) -> Any:
    """Changes parts of a client's profile.

    Raises:
        NotFound: There is no such client in this gym.
        Forbidden: The client, or one of the fields, is out of the actor's reach.
        PreconditionFailed: The profile has another version by now.
        Immutable: The date of birth or the gender is set already.
        ImplausibleBirthDate: Nobody can have been born then.
        UnknownGender: The vocabulary has no such gender.
        IllegalStatus: The status does not follow from the present one.
    """
    client = _clients.get(client_id, lock=True)
    _refuse_reserved(client, values)
    require_version(client.version, expected_version)
    _refuse_frozen(client, values)
    _check_demographics(values)
    changes = dict(values)
    _move(client, changes)
    if changes.get("terms_version") == client.terms_version:
        # Accepted before: the first time stays on record.
        changes.pop("terms_version", None)
    _tidy(changes)
    for name, value in changes.items():
        setattr(client, name, value)
    _clients.save()
    return _clients.read(client_id)


def record_of(*, client_id: UUID) -> dict[str, Any]:
    """Puts a client's record together from the parts that enabled plugins give.

    Raises:
        NotFound: There is no such client in this gym.
        Forbidden: The client is out of the actor's reach.
    """
    client = _clients.read(client_id)
    coach_id = client.assigned_coach_id
    given = hooks().client_record_parts(
        gym=current().require_gym(), client_id=client_id
    )
    return {
        "profile": client,
        "coach": None if coach_id is None else _coaches.read(coach_id),
        "parts": merge_parts(given),
    }


def client_exists(*, client_id: UUID) -> bool:
    """Says whether the gym has this client, whoever asks."""
    return _clients.exists(client_id)


def count_active() -> int:
    """How many active clients the gym has."""
    return _clients.count(ClientStatus.ACTIVE)


def list_genders() -> Sequence[Gender]:
    """The vocabulary of genders."""
    return repository.genders()


def _refuse_reserved(client: Client, values: Mapping[str, Any]) -> None:
    actor = current().actor
    refused = reserved_fields(
        values,
        is_self=actor.user_id == client.id,
        manages=actor.may(CLIENTS_MANAGE.name),
        whole_gym=actor.scope is RowScope.ALL,
    )
    if refused:
        raise Forbidden("You may not change these fields.", details={"fields": refused})


def _refuse_frozen(client: Client, values: Mapping[str, Any]) -> None:
    stored = {"date_of_birth": client.date_of_birth, "gender": client.gender}
    frozen = frozen_fields(stored, values)
    if frozen:
        raise Immutable(details={"fields": sorted(frozen)})


def _check_demographics(values: Mapping[str, Any]) -> None:
    born: date | None = values.get("date_of_birth")
    today = utc_now().astimezone(current().require_gym().zone).date()
    if born is not None and not plausible_birth(born, today):
        raise ImplausibleBirthDate
    gender: str | None = values.get("gender")
    if gender is not None and not repository.gender_exists(gender):
        raise UnknownGender(details={"gender": gender})


def _move(client: Client, changes: dict[str, Any]) -> None:
    """Holds a change of status to the legal ones and notes when it happened."""
    if "status" not in changes:
        return
    now, wanted = ClientStatus(client.status), ClientStatus(changes["status"])
    if not may_become(now, wanted):
        raise IllegalStatus(details={"from": now.value, "to": wanted.value})
    if wanted is not now:
        changes["status_since"] = utc_now()


def _tidy(values: dict[str, Any]) -> None:
    if "tags" in values:
        values["tags"] = tidy_tags(values["tags"])
    if "terms_version" in values:
        values["terms_accepted_at"] = utc_now()
