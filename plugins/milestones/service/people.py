"""Who is meant: questions to the plugin that keeps clients."""

from uuid import UUID

from core.sdk.base import current, hooks
from core.sdk.rights import require_client
from plugins.milestones.errors import ClientUnknown, ClientUnnamed


def is_client(client_id: UUID) -> bool:
    """Says whether this gym has such a client."""
    return bool(hooks().client_exists(client_id=client_id))


def require_own_client(client_id: UUID) -> None:
    """Refuses an id that is no client's, or of a client out of reach.

    Raises:
        ClientUnknown: There is no such client in this gym.
        Forbidden: The actor does not reach this client.
    """
    if not is_client(client_id):
        raise ClientUnknown
    require_client(client_id)


def named_or_caller(client_id: UUID | None) -> UUID:
    """Returns the client who is named, or else the caller, who must then be one.

    Raises:
        ClientUnknown: There is no such client in this gym.
        Forbidden: The actor does not reach this client.
        ClientUnnamed: Nobody is named, and the caller is no client.
    """
    if client_id is not None:
        require_own_client(client_id)
        return client_id
    caller = current().actor.user_id
    if caller is None or not is_client(caller):
        raise ClientUnnamed
    return caller
