"""A registry over three plugins that build on each other, on the kit's database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import marshmallow as ma
from marshmallow import fields, validate

from core import context
from core.context import SYSTEM, Context, Gym
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.http.schema import Schema
from core.ids import new_id
from core.plugin.manager import Plugins
from core.plugin.manifest import Manifest
from core.plugin.spec import hookimpl
from tenants.provisioning import Provisioning


class Price(Schema):
    amount_minor = fields.Integer(load_default=0)


class WorkshopSettings(Schema):
    cancel_hours = fields.Integer(load_default=24, validate=validate.Range(min=0))
    note = fields.String(load_default=None, allow_none=True)
    price = fields.Nested(Price)
    api_token = fields.String(load_only=True)

    @ma.validates_schema
    def _note_needs_hours(self, data: dict[str, Any], **_: object) -> None:
        if data.get("note") and not data.get("cancel_hours"):
            raise ma.ValidationError("A note needs hours.", "note")


class FakePlugin:
    """Remembers in which gyms it was switched on."""

    def __init__(self, plugin_id: str, **manifest: Any) -> None:
        self.manifest = Manifest(
            id=plugin_id,
            title=plugin_id.title(),
            summary="For tests.",
            version="1.0.0",
            **manifest,
        )
        self.enabled_in: list[UUID] = []
        self.seen: list[frozenset[str]] = []
        self.does: Callable[[], object] | None = None

    @hookimpl
    def enabled(self, gym: Gym) -> None:
        if self.does is not None:
            self.does()
        self.enabled_in.append(gym.id)
        self.seen.append(gym.plugins)


def fail() -> None:
    raise RuntimeError("This plugin fails.")


@dataclass
class World:
    floor: FakePlugin
    lessons: FakePlugin
    workshop: FakePlugin
    plugins: Plugins
    directory: Provisioning
    units: UnitOfWork
    operator: UnitOfWork

    def wanted(self, **changed: Any) -> dict[str, Any]:
        slug = changed.pop("slug", f"t-{new_id().hex[-16:]}")
        return {
            "slug": slug,
            "name": "Iron Temple",
            "timezone": "America/New_York",
            "locale": "en",
            "currency": "USD",
            "admin_email": f"olivia@{slug}.example",
            "admin_name": "Olivia Grant",
            "admin_password": "Correct-Horse-7!",
            **changed,
        }

    def create(self, **changed: Any) -> UUID:
        return self.directory.create(self.operator, **self.wanted(**changed))

    @contextmanager
    def inside(self, gym_id: UUID) -> Iterator[TenantSession]:
        here = Context(
            trace_id="test-trace", actor=SYSTEM, hooks_for=self.plugins.for_tenant
        )
        with context.use(here), self.units.open(gym_id) as session:
            here.gym = self.directory.load(session, gym_id)
            yield session

    def load(self, gym_id: UUID) -> Gym:
        with self.inside(gym_id):
            return context.current().require_gym()

    def find(self, slug: str) -> UUID | None:
        with self.units.open(None) as session:
            return self.directory.find(session, slug=slug, host=None)
