"""Everything that members registers."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.sdk.base import Gym
from core.sdk.http import Blueprint
from core.sdk.plugin import Manifest, hookimpl
from plugins.members import endpoints
from plugins.members.hooks import MembersHooks
from plugins.members.permissions import PERMISSIONS
from plugins.members.service import assignments, clients, coaches, demo, people


class MembersPlugin:
    """Clients and coaches."""

    hookspecs = MembersHooks
    manifest = Manifest(
        id="members",
        title="Clients and coaches",
        summary="Who trains here, who coaches them, and the client's record.",
        version="1.0.0",
        category="People",
        permissions=PERMISSIONS,
        stores_personal_data=True,
        docs="plugins/members.md",
        models="plugins.members.models",
    )

    @hookimpl
    def blueprints(self) -> Sequence[Blueprint]:
        """Gives the routes."""
        return [endpoints.blueprint]

    @hookimpl
    def enabled(self) -> None:
        """Gives profiles to those who joined while members was off."""
        people.adopt_users()

    @hookimpl
    def user_created(self, user_id: UUID, role: str) -> None:
        """Gives a profile to whoever signed up or was added as a client or coach."""
        people.adopt_user(user_id, role)

    @hookimpl
    def demo_data(self, gym: Gym, users: Mapping[str, Sequence[UUID]]) -> None:
        """Gives the demo gym's people profiles and coaches."""
        demo.fill(gym, users)

    @hookimpl
    def erase_person(self, person_id: UUID) -> Sequence[str]:
        """Ends the assignments of a coach or client who is erased."""
        return assignments.end_all_of(person_id)

    @hookimpl
    def dashboard_tiles(self) -> Sequence[Mapping[str, Any]]:
        """Gives the number of active clients."""
        return [
            {
                "id": "members.active",
                "title": "Active clients",
                "value": clients.count_active(),
                "unit": "clients",
            }
        ]

    @hookimpl
    def client_exists(self, client_id: UUID) -> bool:
        """Answers for the others."""
        return clients.client_exists(client_id=client_id)

    @hookimpl
    def coach_exists(self, coach_id: UUID) -> bool:
        """Answers for the others."""
        return coaches.coach_exists(coach_id=coach_id)

    @hookimpl
    def client_and_coach_exist(
        self, client_id: UUID, coach_id: UUID
    ) -> tuple[bool, bool]:
        """Answers for the others."""
        return people.client_and_coach_exist(client_id=client_id, coach_id=coach_id)

    @hookimpl
    def coach_of(self, client_id: UUID) -> UUID | None:
        """Answers for the others."""
        return assignments.coach_of(client_id=client_id)


plugin = MembersPlugin()
