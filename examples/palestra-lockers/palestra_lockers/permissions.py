"""What a role may do with lockers."""

from core.sdk.base import COACHES, EVERYONE, STAFF, Permission

LOCKERS_READ = Permission("lockers.units.read", "See the lockers", COACHES)
LOCKERS_CREATE = Permission("lockers.units.create", "Add lockers", STAFF)
LOCKERS_UPDATE = Permission(
    "lockers.units.update", "Renumber lockers and take them out of use", STAFF
)
RENTALS_READ = Permission("lockers.rentals.read", "See rentals of lockers", EVERYONE)
RENTALS_CREATE = Permission("lockers.rentals.create", "Rent lockers out", STAFF)
RENTALS_END = Permission("lockers.rentals.end", "Take lockers back", STAFF)

PERMISSIONS = (
    LOCKERS_READ,
    LOCKERS_CREATE,
    LOCKERS_UPDATE,
    RENTALS_READ,
    RENTALS_CREATE,
    RENTALS_END,
)
