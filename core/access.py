"""Roles and permissions as words; who holds which is decided in ``core.rbac``."""

from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override


class Role(StrEnum):
    """The roles every gym starts with; a gym may define more."""

    ADMIN = "admin"
    TEAM = "team"
    COACH = "coach"
    CLIENT = "client"
    PARTNER = "partner"


class RowScope(StrEnum):
    """Whose rows a role reaches, on top of what it may do.

    ``OWN``: rows about the user. ``GRANTED``: rows about clients whom the user was
    given (a coach's clients, a partner's invite). ``ALL``: the whole gym.
    """

    OWN = "own"
    GRANTED = "granted"
    ALL = "all"


ADMIN_ONLY = frozenset({Role.ADMIN})
STAFF = frozenset({Role.ADMIN, Role.TEAM})
COACHES = STAFF | {Role.COACH}
EVERYONE = COACHES | {Role.CLIENT}
GUESTS_TOO = EVERYONE | {Role.PARTNER}


@dataclass(frozen=True, slots=True)
class Permission:
    """Leave to do one thing.

    Attributes:
        name: ``plugin.resource.verb``.
        summary: What it allows, as an admin reads it.
        roles: The built-in roles that hold it until a gym says otherwise.
        people_only: No API key is ever given it.
    """

    name: str
    summary: str
    roles: frozenset[Role] = ADMIN_ONLY
    people_only: bool = False

    @override
    def __str__(self) -> str:
        return self.name
