"""Everything that milestones registers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from core.sdk.base import Gym, Role, current
from core.sdk.http import Blueprint
from core.sdk.jobs import Every, JobActor, Subscription
from core.sdk.plugin import Manifest, hookimpl
from plugins.milestones import endpoints, jobs, permissions
from plugins.milestones.hooks import Counter, MilestonesHooks
from plugins.milestones.schemas import MilestonesSettings, ProgressSchema
from plugins.milestones.service import counters, counting, demo, gifts, progress
from plugins.milestones.service.dispatch import WEBHOOK
from plugins.scheduling.hooks import SessionCanceled, SessionCompleted, SessionNoShow


class MilestonesPlugin:
    """What clients reach, and what they are given for it."""

    hookspecs = MilestonesHooks
    manifest = Manifest(
        id="milestones",
        title="Milestones",
        summary="What clients reach by training, and gifts for it.",
        version="0.1.0",
        requires={"members": ">=0.1"},
        after=("scheduling", "passes"),
        category="Training",
        permissions=permissions.PERMISSIONS,
        events_emitted=("milestones.milestone.achieved", WEBHOOK),
        events_consumed=(
            "scheduling.session.completed",
            "scheduling.session.canceled",
            "scheduling.session.no_show",
        ),
        settings=MilestonesSettings,
        stores_personal_data=True,
        docs="plugins/milestones.md",
        models="plugins.milestones.models",
    )

    @hookimpl
    def blueprints(self) -> Sequence[Blueprint]:
        return [endpoints.blueprint]

    @hookimpl
    def actors(self) -> Sequence[JobActor[Any]]:
        return jobs.ACTORS

    @hookimpl
    def schedules(self) -> Sequence[Every]:
        return [Every("milestones.nightly", "30 3 * * *", jobs.evaluate_all)]

    @hookimpl
    def subscribers(self) -> Sequence[Subscription]:
        """What became of a session; one that is canceled late may have counted."""
        return [
            (kind, jobs.on_session_settled)
            for kind in (SessionCompleted, SessionCanceled, SessionNoShow)
        ]

    @hookimpl
    def templates(self) -> Path:
        return Path(__file__).with_name("templates")

    @hookimpl
    def milestone_counters(self) -> Sequence[Counter]:
        return counters.own()

    @hookimpl
    def count_towards_milestones(
        self,
        client_id: UUID,
        counter: str,
        amount: int,
        source_id: UUID,
        at: datetime,
        version: int,
    ) -> bool:
        """Counts for the others."""
        return counting.count(
            counting.Said(
                client_id=client_id,
                counter=counter,
                amount=amount,
                source_id=source_id,
                at=at,
                version=version,
            )
        )

    @hookimpl
    def demo_data(self, gym: Gym, users: Mapping[str, Sequence[UUID]]) -> None:
        demo.fill(gym=gym, clients=users.get(Role.CLIENT, ()))

    @hookimpl
    def dashboard_tiles(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "id": "milestones.giftsPending",
                "title": "Gifts to hand over",
                "value": gifts.count_pending(),
                "unit": "gifts",
            }
        ]

    @hookimpl
    def client_record_parts(self, client_id: UUID) -> Mapping[str, Any]:
        """Gives how far the client is with each milestone, to whoever may see it."""
        if not current().actor.may(permissions.PROGRESS_READ.name):
            return {}
        shape = ProgressSchema(many=True)
        return {"milestones": shape.dump(progress.of_client(client_id))}


plugin = MilestonesPlugin()
