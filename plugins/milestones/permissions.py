"""What the routes of milestones ask for."""

from core.sdk.base import COACHES, EVERYONE, STAFF, Permission

DEFINITIONS_READ = Permission(
    "milestones.definitions.read", "See which milestones there are", EVERYONE
)
DEFINITIONS_MANAGE = Permission(
    "milestones.definitions.manage", "Add, change and archive milestones", STAFF
)
PROGRESS_READ = Permission(
    "milestones.progress.read",
    "See what clients within reach have reached, and how far they are",
    EVERYONE,
)
PROGRESS_EVALUATE = Permission(
    "milestones.progress.evaluate", "Have milestones evaluated now", STAFF
)
GIFTS_READ = Permission(
    "milestones.gifts.read", "See the gifts of clients within reach", COACHES
)
GIFTS_MANAGE = Permission(
    "milestones.gifts.manage", "Make, hand over and call off gifts", STAFF
)

PERMISSIONS = (
    DEFINITIONS_READ,
    DEFINITIONS_MANAGE,
    PROGRESS_READ,
    PROGRESS_EVALUATE,
    GIFTS_READ,
    GIFTS_MANAGE,
)
