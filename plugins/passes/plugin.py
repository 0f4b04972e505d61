"""Everything that passes registers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from core.sdk.base import Gym, Role, current
from core.sdk.http import Blueprint
from core.sdk.jobs import Every, JobActor
from core.sdk.plugin import Manifest, hookimpl
from plugins.passes import endpoints, jobs, permissions
from plugins.passes.hooks import GiftPass, PassesHooks
from plugins.passes.schemas import PassSchema
from plugins.passes.service import demo, entitling, issuing, managing, reading
from plugins.passes.service.uses import give_back
from plugins.scheduling.hooks import Entitlement


class PassesPlugin:
    """Passes, packs and memberships."""

    hookspecs = PassesHooks
    manifest = Manifest(
        id="passes",
        title="Passes",
        summary="Free passes, packs and memberships: what entitles to a session.",
        version="0.1.0",
        requires={"members": ">=0.1"},
        after=("scheduling",),
        category="Training",
        permissions=permissions.PERMISSIONS,
        events_emitted=(
            "passes.pass.granted",
            "passes.pass.redeemed",
            "passes.pass.expired",
        ),
        stores_personal_data=True,
        docs="plugins/passes.md",
        models="plugins.passes.models",
    )

    @hookimpl
    def blueprints(self) -> Sequence[Blueprint]:
        return [endpoints.passes, endpoints.management, endpoints.offers]

    @hookimpl
    def templates(self) -> Path:
        return Path(__file__).with_name("templates")

    @hookimpl
    def actors(self) -> Sequence[JobActor[Any]]:
        return [jobs.expire_due]

    @hookimpl
    def schedules(self) -> Sequence[Every]:
        return [Every("passes.nightly", "15 0 * * *", jobs.expire_due)]

    @hookimpl
    def demo_data(self, gym: Gym, users: Mapping[str, Sequence[UUID]]) -> None:
        demo.fill(gym=gym, clients=users.get(Role.CLIENT, ()))

    @hookimpl
    def dashboard_tiles(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "id": "passes.active",
                "title": "Active passes and memberships",
                "value": reading.count_held(),
                "unit": "passes",
            }
        ]

    @hookimpl
    def client_record_parts(self, client_id: UUID) -> Mapping[str, Any]:
        """Gives the open passes, to whoever may see passes."""
        if not current().actor.may(permissions.PASSES_READ.name):
            return {}
        found = reading.open_of_client(client_id=client_id)
        return {"passes": PassSchema(many=True).dump(found)}

    @hookimpl
    def erase_person(self, person_id: UUID) -> Sequence[str]:
        """Revokes what a person who is erased holds."""
        return managing.revoke_all_of(person_id)

    @hookimpl(optionalhook=True)  # scheduling need not be installed
    def take_entitlement(
        self, client_id: UUID, session_id: UUID, starts_at: datetime
    ) -> Entitlement:
        """Pays for a session with what the client holds."""
        return entitling.take(
            client_id=client_id, session_id=session_id, starts_at=starts_at
        )

    @hookimpl(optionalhook=True)
    def return_entitlement(self, session_id: UUID) -> None:
        """Gives the use of a canceled session back."""
        give_back(session_id)

    @hookimpl
    def grant_gift_pass(
        self, client_id: UUID, uses: int, expires_in_days: int, reason: str
    ) -> GiftPass:
        """Gives a pass on behalf of another plugin."""
        return issuing.gift(
            client_id=client_id,
            uses=uses,
            expires_in_days=expires_in_days,
            reason=reason,
        )


plugin = PassesPlugin()
