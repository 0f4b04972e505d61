"""Who takes part: questions to the plugin that keeps clients and coaches."""

from uuid import UUID

from core.sdk.base import Forbidden, Permission, RowScope, current, hooks
from core.sdk.rights import require_client
from plugins.scheduling.errors import ClientUnknown, CoachUnknown


def require_coach(coach_id: UUID) -> None:
    """Refuses an id that is no coach's.

    Raises:
        CoachUnknown: There is no such coach in this gym.
    """
    if not hooks().coach_exists(coach_id=coach_id):
        raise CoachUnknown


def require_pair(*, client_id: UUID, coach_id: UUID) -> None:
    """Refuses ids that are no client's or no coach's, and a client out of reach.

    Raises:
        CoachUnknown: There is no such coach in this gym.
        ClientUnknown: There is no such client in this gym.
        Forbidden: The actor may not act for this client.
    """
    found = hooks().client_and_coach_exist(client_id=client_id, coach_id=coach_id)
    is_client, is_coach = found or (False, False)
    if not is_coach:
        raise CoachUnknown
    if not is_client:
        raise ClientUnknown
    require_client(client_id)


def require_own_calendar(coach_id: UUID) -> None:
    """Refuses a coach who is about to change another coach's opening hours.

    Raises:
        CoachUnknown: There is no such coach in this gym.
        Forbidden: The actor's reach is not the whole gym, and this is somebody else.
    """
    require_coach(coach_id)
    actor = current().actor
    if actor.scope is not RowScope.ALL and actor.user_id != coach_id:
        raise Forbidden("These are another coach's opening hours.")


def require(permission: Permission) -> None:
    """Refuses an actor without a permission that only some requests need.

    Raises:
        Forbidden: The actor does not hold it.
    """
    if not current().actor.may(permission.name):
        raise Forbidden(details={"permission": permission.name})
