"""What members offers the other plugins, and what it asks of them.

The questions are answered by members itself, whatever the actor's reach: a plugin
asks them to check an id, not to show a person.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.sdk.base import Gym
from core.sdk.plugin import hookspec

ASSIGNMENT = "members.assignment"
"""Source of the client grants that coaches hold by assignment."""


class MembersHooks:
    """Hook specifications of members."""

    @hookspec
    def client_record_parts(self, gym: Gym, client_id: UUID) -> Mapping[str, Any]:
        """Gives JSON-ready parts of a client's record that the actor may see."""

    @hookspec(firstresult=True)
    def client_exists(self, client_id: UUID) -> bool | None:
        """Says whether this gym has such a client; None while members is off."""

    @hookspec(firstresult=True)
    def coach_exists(self, coach_id: UUID) -> bool | None:
        """Says whether this gym has such a coach; None while members is off."""

    @hookspec(firstresult=True)
    def client_and_coach_exist(
        self, client_id: UUID, coach_id: UUID
    ) -> tuple[bool, bool] | None:
        """Says both of a client and a coach at once; None while members is off."""

    @hookspec(firstresult=True)
    def coach_of(self, client_id: UUID) -> UUID | None:
        """Gives the coach a client is assigned to; None when there is none."""
