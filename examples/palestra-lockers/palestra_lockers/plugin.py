"""Everything that lockers registers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from core.sdk.base import Role
from core.sdk.http import Blueprint
from core.sdk.jobs import Every, JobActor
from core.sdk.plugin import Manifest, hookimpl

from palestra_lockers import endpoints, jobs, permissions, schemas, service
from palestra_lockers.hooks import LockersHooks


class LockersPlugin:
    """Lockers, rented out against a deposit."""

    hookspecs = LockersHooks
    manifest = Manifest(
        id="lockers",
        title="Lockers",
        summary="Lockers that clients rent against a deposit, and who is overdue.",
        version="1.0.0",
        requires={"members": ">=1.0"},
        category="Front desk",
        default_enabled=False,
        permissions=permissions.PERMISSIONS,
        events_emitted=("lockers.rental.started", "lockers.rental.ended"),
        settings=schemas.LockersSettings,
        stores_personal_data=True,
        docs="lockers.md",
        models="palestra_lockers.models",
    )

    @hookimpl
    def blueprints(self) -> Sequence[Blueprint]:
        return (endpoints.lockers, endpoints.rentals)

    @hookimpl
    def actors(self) -> Sequence[JobActor]:
        return jobs.ACTORS

    @hookimpl
    def schedules(self) -> Sequence[Every]:
        return jobs.SCHEDULES

    @hookimpl
    def templates(self) -> Path:
        return Path(__file__).with_name("templates")

    @hookimpl
    def demo_data(self, users: Mapping[str, Sequence[UUID]]) -> None:
        service.fill_demo(users.get(Role.CLIENT, ()))

    @hookimpl
    def dashboard_tiles(self) -> Sequence[Mapping[str, Any]]:
        rented, overdue = service.figures()
        return (
            _tile("rented", "Lockers rented", rented),
            _tile("overdue", "Lockers overdue", overdue),
        )

    @hookimpl
    def client_record_parts(self, client_id: UUID) -> Mapping[str, Any]:
        return {"lockers": service.lockers_of(client_id=client_id)}

    @hookimpl
    def erase_person(self, person_id: UUID) -> Sequence[str]:
        return service.left_by(person_id)


def _tile(name: str, title: str, value: int) -> Mapping[str, Any]:
    return {"id": name, "title": title, "value": value, "unit": "lockers"}


plugin = LockersPlugin()
