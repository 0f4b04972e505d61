"""Everything that scheduling registers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from core.sdk.base import Gym, Role
from core.sdk.http import Blueprint
from core.sdk.notifications import ReminderKind
from core.sdk.plugin import Manifest, hookimpl
from plugins.scheduling import endpoints, permissions
from plugins.scheduling.hooks import SchedulingHooks, SessionFacts
from plugins.scheduling.schemas import SchedulingSettings, SessionSchema
from plugins.scheduling.service import demo, entitlement, reminders, sessions


class SchedulingPlugin:
    """Sessions between clients and coaches, and the hours in which they can be."""

    hookspecs = SchedulingHooks
    manifest = Manifest(
        id="scheduling",
        title="Scheduling",
        summary="Coaches' opening hours, and sessions booked without double booking.",
        version="0.1.0",
        requires={"members": ">=0.1"},
        category="Training",
        permissions=permissions.PERMISSIONS,
        events_emitted=(
            "scheduling.session.booked",
            "scheduling.session.moved",
            "scheduling.session.canceled",
            "scheduling.session.completed",
            "scheduling.session.no_show",
        ),
        settings=SchedulingSettings,
        stores_personal_data=True,
        docs="plugins/scheduling.md",
        models="plugins.scheduling.models",
    )

    @hookimpl
    def blueprints(self) -> Sequence[Blueprint]:
        return [endpoints.hours, endpoints.booking]

    @hookimpl
    def templates(self) -> Path:
        return Path(__file__).with_name("templates")

    @hookimpl
    def reminder_kinds(self) -> Sequence[ReminderKind]:
        return [reminders.KIND]

    @hookimpl
    def demo_data(self, gym: Gym, users: Mapping[str, Sequence[UUID]]) -> None:
        demo.fill(
            gym=gym,
            coaches=users.get(Role.COACH, ()),
            clients=users.get(Role.CLIENT, ()),
        )

    @hookimpl
    def dashboard_tiles(self) -> Sequence[Mapping[str, Any]]:
        today, week = sessions.count_today_and_this_week()
        return [
            _tile("sessionsToday", "Sessions today", today),
            _tile("sessionsThisWeek", "Sessions this week", week),
        ]

    @hookimpl
    def erase_person(self, person_id: UUID) -> Sequence[str]:
        """Cancels what a person who is erased would have come to."""
        return sessions.cancel_coming_of(person_id)

    @hookimpl
    def usage_figures(self) -> Mapping[str, int]:
        return {"sessions": sessions.count_all()}

    @hookimpl
    def session_facts(self, session_id: UUID) -> SessionFacts | None:
        """Answers for the others."""
        return entitlement.facts(sessions.find_one(session_id=session_id))

    @hookimpl
    def client_record_parts(self, client_id: UUID) -> Mapping[str, Any]:
        """Gives the next and the last sessions."""
        found = sessions.of_client(client_id=client_id)
        shape = SessionSchema(many=True)
        return {
            "nextSessions": shape.dump(found["next_sessions"]),
            "lastSessions": shape.dump(found["last_sessions"]),
        }


def _tile(name: str, title: str, value: int) -> Mapping[str, Any]:
    return {"id": name, "title": title, "value": value, "unit": "sessions"}


plugin = SchedulingPlugin()
