"""What the routes of scheduling ask for."""

from core.sdk.base import COACHES, EVERYONE, GUESTS_TOO, STAFF, Permission

AVAILABILITY_READ = Permission(
    "scheduling.availability.read",
    "See when coaches are open and which slots are free",
    EVERYONE,
)
AVAILABILITY_MANAGE = Permission(
    "scheduling.availability.manage",
    "Set opening hours and booking rules: a coach their own, others every coach's",
    COACHES,
)
SESSIONS_READ = Permission(
    "scheduling.sessions.read", "See sessions within one's reach", GUESTS_TOO
)
SESSIONS_CREATE = Permission(
    "scheduling.sessions.create", "Book sessions for clients within reach", EVERYONE
)
SESSIONS_UPDATE = Permission(
    "scheduling.sessions.update", "Move, cancel and annotate sessions", EVERYONE
)
SESSIONS_MANAGE = Permission(
    "scheduling.sessions.manage",
    "Record who came, and book without regard to notice, advance, limits, buffers "
    "and the present time",
    COACHES,
)
SESSIONS_OVERRIDE = Permission(
    "scheduling.sessions.override", "Book outside a coach's opening hours", STAFF
)

PERMISSIONS = (
    AVAILABILITY_READ,
    AVAILABILITY_MANAGE,
    SESSIONS_READ,
    SESSIONS_CREATE,
    SESSIONS_UPDATE,
    SESSIONS_MANAGE,
    SESSIONS_OVERRIDE,
)
