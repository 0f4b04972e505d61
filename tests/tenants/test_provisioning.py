"""Creating gyms, once, whole or not at all; and changing their status."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import IntegrityError, ProgrammingError

from core.access import Role
from core.db.unit import session
from core.errors import TenantUnknown
from core.ids import new_id
from core.sdk.users import find_user_by_email
from core.testing.kit import TestGym
from tenants import repository
from tenants.errors import DomainTaken, GymClosed, GymExists, GymInvalid
from tenants.models import GymStatus, Toggle
from tests.tenants.world import World, fail


def test_the_same_again_changes_nothing(world: World) -> None:
    wanted = world.wanted()
    first = world.directory.create(world.operator, **wanted)
    again = world.directory.create(
        world.operator, **{**wanted, "name": "Other", "timezone": "Europe/Berlin"}
    )
    assert again == first
    gym = world.load(first)
    assert (gym.name, gym.timezone, gym.version) == (
        "Iron Temple",
        "America/New_York",
        1,
    )


def test_the_first_admin_can_act(world: World) -> None:
    wanted = world.wanted()
    gym_id = world.directory.create(world.operator, **wanted)
    with world.inside(gym_id):
        admin = find_user_by_email(wanted["admin_email"])
    assert admin is not None
    assert (admin.role, admin.name, admin.status) == (
        Role.ADMIN,
        "Olivia Grant",
        "active",
    )


def test_a_slug_that_is_somebody_elses_is_refused(world: World) -> None:
    wanted = world.wanted()
    world.directory.create(world.operator, **wanted)
    with pytest.raises(GymExists):
        world.directory.create(
            world.operator, **{**wanted, "admin_email": "eve@other.example"}
        )


def test_twenty_at_once_make_one_gym(world: World) -> None:
    wanted = world.wanted()

    together = Barrier(20)

    def create(_number: int) -> UUID:
        together.wait(timeout=60)
        return world.directory.create(world.operator, **wanted)

    with ThreadPoolExecutor(20) as threads:
        made = set(threads.map(create, range(20)))
    assert made == {world.find(wanted["slug"])}
    assert world.floor.enabled_in.count(made.pop()) == 1


def test_a_gym_whose_plugin_fails_to_start_does_not_exist(world: World) -> None:
    wanted = world.wanted()
    world.lessons.does = fail
    with pytest.raises(RuntimeError):
        world.directory.create(world.operator, **wanted)
    assert world.find(wanted["slug"]) is None
    world.lessons.does = None
    assert world.directory.create(world.operator, **wanted) == world.find(
        wanted["slug"]
    )


def test_a_plugins_own_collision_is_not_taken_for_a_race(world: World) -> None:
    def collide() -> None:
        session().add_all(Toggle(plugin_id="x", enabled=True) for _ in range(2))
        session().flush()

    world.lessons.does = collide
    with pytest.raises(IntegrityError):
        world.create()


def test_plugins_start_by_default_or_as_asked(world: World) -> None:
    usual = world.create()
    assert world.load(usual).plugins == {"floor", "lessons"}
    full = world.create(plugins_on=["workshop"])
    assert world.load(full).plugins == {"floor", "lessons", "workshop"}
    empty = world.create(plugins_off=["floor"])
    assert world.load(empty).plugins == frozenset()
    assert world.floor.enabled_in == [usual, full]
    assert world.workshop.enabled_in == [full]


def test_a_domain_leads_to_one_gym(world: World) -> None:
    domain = f"{new_id().hex}.example"
    world.create(domains=[domain, domain])
    late = world.wanted(domains=[domain])
    with pytest.raises(DomainTaken):
        world.directory.create(world.operator, **late)
    assert world.find(late["slug"]) is None


def test_two_gyms_that_want_one_domain_at_once(world: World) -> None:
    domain = f"{new_id().hex}.example"
    plans = [world.wanted(domains=[domain]) for _ in range(6)]

    together = Barrier(6)

    def create(plan: dict[str, Any]) -> bool:
        together.wait(timeout=60)
        try:
            world.directory.create(world.operator, **plan)
        except DomainTaken:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(create, plans)) == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("slug", "a"),
        ("slug", "no spaces"),
        ("slug", "www"),
        ("name", "  "),
        ("name", "x" * 121),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../etc/passwd"),
        ("locale", "fr"),
        ("currency", "ABC"),
        ("domains", ["localhost"]),
        ("limits", {"members": 0}),
        ("limits", {"unknown": 5}),
        ("plugins", None),
        ("admin_password", None),
    ],
)
def test_every_wrong_part_is_named(world: World, part: str, value: Any) -> None:
    wanted = world.wanted()
    if part == "plugins":
        wanted["plugins_on"] = ["nosuch"]
    elif part == "admin_password":
        del wanted["admin_password"]
    else:
        wanted[part] = value
    with pytest.raises(GymInvalid) as refused:
        world.directory.create(world.operator, **wanted)
    assert list(refused.value.details or {}) == [part]
    assert part in str(refused.value)


def test_currency_and_slug_are_brought_into_form(world: World) -> None:
    wanted = world.wanted(currency="usd")
    wanted["slug"] = wanted["slug"].upper()
    gym = world.load(world.directory.create(world.operator, **wanted))
    assert (gym.slug, gym.currency) == (wanted["slug"].lower(), "USD")


def test_status_changes_raise_the_version_once(world: World) -> None:
    gym_id = world.create()
    slug = world.load(gym_id).slug

    def change(status: GymStatus) -> tuple[str, int]:
        world.directory.change_status(world.operator, slug, status)
        gym = world.load(gym_id)
        return gym.status, gym.version

    assert change(GymStatus.ACTIVE) == ("active", 1)
    assert change(GymStatus.SUSPENDED) == ("suspended", 2)
    assert change(GymStatus.SUSPENDED) == ("suspended", 2)
    assert change(GymStatus.ACTIVE) == ("active", 3)
    assert change(GymStatus.CLOSED) == ("closed", 4)
    with pytest.raises(GymClosed):
        change(GymStatus.ACTIVE)


def test_unknown_gyms_have_no_status(world: World) -> None:
    with pytest.raises(TenantUnknown):
        world.directory.change_status(world.operator, "no-such", GymStatus.CLOSED)
    with pytest.raises(TenantUnknown):
        world.directory.show(world.operator, "no-such")


def test_a_suspended_gym_is_refused_at_once(gym: TestGym, world: World) -> None:
    admin = gym.api("admin")
    admin.get("/admin/gym")
    world.directory.change_status(world.operator, gym.slug, GymStatus.SUSPENDED)
    admin.fail("GET", "/admin/gym", expect=403, code="TENANT_SUSPENDED")
    world.directory.change_status(world.operator, gym.slug, GymStatus.ACTIVE)
    assert admin.get("/admin/gym")["status"] == "active"
    world.directory.change_status(world.operator, gym.slug, GymStatus.CLOSED)
    admin.fail("GET", "/admin/gym", expect=403, code="TENANT_SUSPENDED")


def test_requests_cannot_write_the_registry(world: World) -> None:
    gym_id = world.create()

    def write() -> None:
        with world.inside(gym_id) as here:
            row = repository.find_gym(here, gym_id)
            assert row is not None
            row.limits = {"members": 1_000_000}

    with pytest.raises(ProgrammingError) as refused:
        write()
    assert isinstance(refused.value.orig, InsufficientPrivilege)
