"""What a role may do with members."""

from core.sdk.base import COACHES, EVERYONE, GUESTS_TOO, STAFF, Permission

CLIENTS_READ = Permission(
    "members.clients.read", "See clients within one's reach", GUESTS_TOO
)
CLIENTS_CREATE = Permission("members.clients.create", "Add clients", STAFF)
CLIENTS_UPDATE = Permission(
    "members.clients.update", "Change the profiles of clients within reach", EVERYONE
)
CLIENTS_MANAGE = Permission(
    "members.clients.manage", "Change the status and tags of clients", COACHES
)
CLIENTS_ASSIGN = Permission(
    "members.clients.assign", "Give a client another coach", STAFF
)
COACHES_READ = Permission("members.coaches.read", "See the coaches", EVERYONE)
COACHES_CREATE = Permission("members.coaches.create", "Add coaches", STAFF)
COACHES_UPDATE = Permission(
    "members.coaches.update", "Change coach profiles within one's reach", COACHES
)

PERMISSIONS = (
    CLIENTS_READ,
    CLIENTS_CREATE,
    CLIENTS_UPDATE,
    CLIENTS_MANAGE,
    CLIENTS_ASSIGN,
    COACHES_READ,
    COACHES_CREATE,
    COACHES_UPDATE,
)
