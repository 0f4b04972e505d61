"""Who trains whom: one coach a client at a time, with the history kept."""

from typing import Any
from uuid import UUID

from core.sdk.base import NotFound, Page, current, utc_now
from core.sdk.rights import grant, revoke
from core.sdk.users import UserStatus
from plugins.members import repository
from plugins.members.domain import ABSENT, Absent, somebody_was_faster
from plugins.members.errors import CoachReassigned, UnavailableCoach
from plugins.members.hooks import ASSIGNMENT
from plugins.members.models import Assignment, Client
from plugins.members.repository import (
    AssignmentRepository,
    ClientRepository,
    CoachRepository,
)

_clients = ClientRepository()
_coaches = CoachRepository()
_assignments = AssignmentRepository()


def assign_coach(
    *,
    client_id: UUID,
    coach_id: UUID | None,
    expected_coach_id: UUID | Absent | None = ABSENT,
) -> Any:
    """Gives a client another coach, and the coach the client's rows.

    The client's row is locked first, so that of several callers who expect the same
    coach exactly one succeeds.

    Args:
        client_id: The client.
        coach_id: The coach from now on; None takes the client's coach away.
        expected_coach_id: The coach whom the caller saw, None for no coach; when it
            is not given, the last caller wins.

    Raises:
        NotFound: The gym has no such client or coach.
        UnavailableCoach: The coach's account is disabled.
        CoachReassigned: The client has another coach than expected.
    """
    client = _clients.get(client_id, lock=True)
    before = client.assigned_coach_id
    if somebody_was_faster(before, expected_coach_id):
        raise CoachReassigned(
            details={"assignedCoachId": None if before is None else str(before)}
        )
    if coach_id is not None:
        _require_available(coach_id)
    if coach_id != before:
        _end(client)
        _begin(client, coach_id)
    return _clients.read(client_id)


def end_all_of(person_id: UUID) -> list[str]:
    """Ends the running assignments of somebody who is erased, coach or client.

    Returns:
        What was done, for the report; nothing where there was nothing to do.
    """
    ended = 0
    for client in _clients.running_with(person_id):
        _end(client)
        _begin(client, None)
        ended += 1
    return [f"{ended} running assignments were ended."] if ended else []


def history_of(*, client_id: UUID, **query: Any) -> Page:
    """Lists one client's assignments.

    Raises:
        NotFound: There is no such client in this gym.
        Forbidden: The client is out of the actor's reach.
    """
    _clients.get(client_id)
    return _assignments.history(client_id, **query)


def coach_of(*, client_id: UUID) -> UUID | None:
    """The client's coach, whoever asks."""
    return _clients.coach_of(client_id)


def _require_available(coach_id: UUID) -> None:
    account = repository.find_user(coach_id)
    if account is None or not _coaches.exists(coach_id):
        raise NotFound("There is no such coach.")
    if account.status == UserStatus.DISABLED:
        raise UnavailableCoach


def _end(client: Client) -> None:
    running = _assignments.running(client.id)
    if running is None:
        return
    running.ended_at = utc_now()
    # Written before the next one begins: a flush inserts before it updates, and
    # the database allows one running assignment only.
    _clients.save()
    revoke(user_id=running.coach_id, client_id=client.id, source=ASSIGNMENT)


def _begin(client: Client, coach_id: UUID | None) -> None:
    client.assigned_coach_id = coach_id
    if coach_id is not None:
        _assignments.add(
            Assignment(
                client_id=client.id,
                coach_id=coach_id,
                assigned_by=current().actor.user_id,
                started_at=utc_now(),
            )
        )
        grant(user_id=coach_id, client_id=client.id, source=ASSIGNMENT)
    _clients.save()
