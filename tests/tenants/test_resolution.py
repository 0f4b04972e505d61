"""Names, plugin states and stored settings, and the gym they become."""

from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from core.access import RowScope
from core.context import RoleRights
from core.db.session import TenantSession
from core.http.described import json_schema
from core.ids import new_id
from core.plugin.manifest import Manifest, working
from core.plugin.settings import settings_of
from core.rbac.models import GymRole
from tenants.models import GymRow
from tenants.resolution import Resolution, is_domain, is_slug
from tests.tenants.world import WorkshopSettings, World


def manifest(plugin_id: str, **more: Any) -> Manifest:
    return Manifest(id=plugin_id, title="T", summary="S", version="1.0", **more)


@pytest.mark.parametrize("slug", ["abc", "iron-temple", "24h-gym", "a" * 40])
def test_slugs(slug: str) -> None:
    assert is_slug(slug)


@pytest.mark.parametrize(
    "slug",
    ["ab", "a" * 41, "Iron", "-abc", "abc-", "a--b", "a_b", "a.b", "abc\n", "a\0b", ""],
)
def test_what_is_no_slug(slug: str) -> None:
    assert not is_slug(slug)


def test_domains() -> None:
    assert is_domain("gym.example.com")
    assert not any(map(is_domain, ["localhost", "a b.com", "x.com/", "GYM.com", "."]))


def test_names_that_cannot_exist_are_not_looked_up() -> None:
    no_session = cast("TenantSession", None)
    resolution = Resolution([])
    assert resolution.find(no_session, slug="a\0bc", host=None) is None
    assert resolution.find(no_session, slug=None, host="x\0.example") is None
    assert resolution.find(no_session, slug=None, host=None) is None


def test_a_plugin_works_by_default_by_choice_and_with_what_it_requires() -> None:
    manifests = [
        manifest("files2", always_on=True),
        manifest("floor"),
        manifest("lessons", requires={"floor": ">=1"}),
        manifest("quiet", default_enabled=False),
    ]
    assert working(manifests, {}) == {"files2", "floor", "lessons"}
    assert working(manifests, {"floor": False}) == {"files2"}
    chosen = {"quiet": True, "files2": False, "uninstalled": True}
    assert working(manifests, chosen) == {"files2", "floor", "lessons", "quiet"}


def test_settings_come_with_defaults_and_without_what_no_longer_fits() -> None:
    known = manifest("workshop", settings=WorkshopSettings)
    assert settings_of(known, {}) == {"cancel_hours": 24, "note": None}
    with capture_logs() as logs:
        stored = {"cancelHours": -1, "gone": 1, "price": {"amountMinor": 5}}
        loaded = settings_of(known, stored)
    assert loaded == {"note": None, "price": {"amount_minor": 5}}
    assert [(line["event"], line["keys"]) for line in logs] == [
        ("settings.outdated", ["cancelHours"])
    ]
    assert settings_of(manifest("plain"), {"x": 1}) == {}


def test_the_slug_never_changes() -> None:
    row = GymRow(slug="iron-temple")
    row.slug = "iron-temple"
    with pytest.raises(ValueError, match="never changes"):
        row.slug = "lotus-loft"


def test_a_gym_is_found_by_slug_and_by_domain(world: World) -> None:
    domain = f"{new_id().hex}.example"
    gym_id = world.create(domains=[f" {domain.upper()}."])
    slug = world.load(gym_id).slug
    with world.units.open(None) as session:
        find = world.directory.find
        assert find(session, slug=slug, host=None) == gym_id
        assert find(session, slug=None, host=domain) == gym_id
        assert find(session, slug=f"{slug}x", host=None) is None
        assert find(session, slug=None, host=f"x.{domain}") is None
        assert slug in world.directory.slugs(session)


def test_a_loaded_gym_holds_all_that_a_request_needs(world: World) -> None:
    domain = f"{new_id().hex}.example"
    gym_id = world.create(
        domains=[domain], cors_origins=["https://app.example"], plugins_off=["lessons"]
    )
    with world.inside(gym_id) as session:
        session.add(
            GymRole(name="trainee", title="Trainee", permissions=["a.b.c"], scope="own")
        )
        world.directory.store_settings(
            session, gym_id, {"auth.selfRegistration.enabled": True}
        )
    gym = world.load(gym_id)
    assert (gym.id, gym.status, gym.version) == (gym_id, "active", 2)
    assert (gym.timezone, gym.locale, gym.currency) == ("America/New_York", "en", "USD")
    assert gym.domains == {domain}
    assert gym.cors_origins == {"https://app.example"}
    assert gym.plugins == {"floor"}
    assert gym.plugin_settings == {"workshop": {"cancel_hours": 24, "note": None}}
    assert gym.settings == {"auth.selfRegistration.enabled": True}
    assert gym.roles == {"trainee": RoleRights(frozenset({"a.b.c"}), RowScope.OWN)}


def test_an_unknown_gym_is_none(world: World) -> None:
    gym_id = new_id()
    with world.units.open(gym_id) as session:
        assert world.directory.load(session, gym_id) is None


def test_settings_are_described_as_json_schema() -> None:
    described = json_schema(WorkshopSettings)
    assert described["properties"]["cancelHours"] == {
        "type": "integer",
        "default": 24,
        "minimum": 0,
    }
    price = described["properties"]["price"]
    assert price["properties"] == {"amountMinor": {"type": "integer", "default": 0}}
    assert described["properties"]["note"]["type"] == ["string", "null"]
    assert json_schema(None)["properties"] == {}
