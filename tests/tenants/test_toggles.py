"""Switching and setting plugins."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from core.context import current
from core.errors import NotFound, Unprocessable
from tenants.errors import PluginHasDependants
from tenants.toggles import PluginState, Toggles
from tests.tenants.world import World, fail

Change = Callable[..., PluginState]


@pytest.fixture
def gym_id(world: World) -> UUID:
    made = world.create()
    for plugin in (world.floor, world.lessons, world.workshop):
        plugin.enabled_in.clear()
        plugin.seen.clear()
    return made


@pytest.fixture
def change(world: World, gym_id: UUID) -> Change:
    def do(plugin_id: str, **changed: Any) -> PluginState:
        with world.inside(gym_id):
            return Toggles(world.plugins).change(plugin_id, **changed)

    return do


def test_what_was_never_touched_has_its_default(world: World, gym_id: UUID) -> None:
    with world.inside(gym_id):
        listed = Toggles(world.plugins).list()
    assert [(state.manifest.id, state.enabled, state.state) for state in listed] == [
        ("floor", True, "on"),
        ("lessons", True, "on"),
        ("workshop", False, "off"),
    ]
    assert listed[2].requires == ["floor", "lessons"]
    assert listed[0].dependants == ["lessons", "workshop"]
    assert listed[2].settings == {"cancelHours": 24, "note": None}


def test_switching_on_pulls_in_and_tells_only_the_new(
    world: World, gym_id: UUID, change: Change
) -> None:
    change("lessons", enabled=False)
    assert world.load(gym_id).plugins == {"floor"}
    assert change("workshop", enabled=True).state == "on"
    assert world.load(gym_id).plugins == {"floor", "lessons", "workshop"}
    assert world.floor.enabled_in == []
    assert world.lessons.enabled_in == [gym_id]
    assert world.workshop.seen == [frozenset({"floor", "lessons", "workshop"})]
    change("workshop", enabled=True)
    assert world.workshop.enabled_in == [gym_id]


def test_switching_off_needs_consent_for_those_that_build_on_it(
    world: World, gym_id: UUID, change: Change
) -> None:
    with pytest.raises(PluginHasDependants) as refused:
        change("floor", enabled=False)
    assert refused.value.details == {"dependants": ["lessons"]}
    assert world.load(gym_id).plugins == {"floor", "lessons"}
    change("floor", enabled=False, with_dependants=True)
    assert world.load(gym_id).plugins == frozenset()
    assert change("floor", enabled=True).enabled
    assert world.load(gym_id).plugins == {"floor"}


def test_a_plugin_waits_for_what_it_requires(world: World) -> None:
    gym_id = world.create(plugins_off=["floor"])
    world.lessons.enabled_in.clear()
    with world.inside(gym_id):
        toggles = Toggles(world.plugins)
        assert toggles.get("lessons").state == "waiting"
        toggles.change("floor", enabled=True)
        assert toggles.get("lessons").state == "on"
        assert current().require_gym().plugins == {"floor", "lessons"}
    assert world.lessons.enabled_in == [gym_id]


def test_every_change_raises_the_version(
    world: World, gym_id: UUID, change: Change
) -> None:
    before = world.load(gym_id).version
    change("lessons", enabled=False)
    change("workshop", settings={"note": "Bring shoes."})
    assert world.load(gym_id).version == before + 2


def test_settings_merge_and_are_checked_as_a_whole(
    world: World, gym_id: UUID, change: Change
) -> None:
    change("workshop", settings={"cancelHours": 12})
    state = change("workshop", settings={"note": "Bring shoes."})
    assert state.settings == {"cancelHours": 12, "note": "Bring shoes."}
    assert not state.enabled
    with pytest.raises(Unprocessable):
        change("workshop", settings={"cancelHours": 0})
    stored = world.load(gym_id).plugin_settings
    assert stored["workshop"] == {"cancel_hours": 12, "note": "Bring shoes."}


@pytest.mark.parametrize(
    ("plugin_id", "settings", "key"),
    [
        ("workshop", {"cancelHours": "many"}, "cancelHours"),
        ("workshop", {"unknown": 1}, "unknown"),
        ("workshop", {"price": {"unknown": 1}}, "price"),
        ("floor", {"any": 1}, "any"),
    ],
)
def test_wrong_settings_are_named(
    change: Change, plugin_id: str, settings: dict[str, Any], key: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        change(plugin_id, settings=settings)
    details = refused.value.details
    assert details is not None
    assert list(details["body"]["settings"]) == [key]


def test_what_may_only_be_written_is_kept_and_not_shown(
    world: World, gym_id: UUID, change: Change
) -> None:
    state = change("workshop", settings={"apiToken": "s3cret"})
    assert "apiToken" not in state.settings
    change("workshop", settings={"cancelHours": 1})
    assert world.load(gym_id).plugin_settings["workshop"]["api_token"] == "s3cret"


def test_unknown_plugins_are_not_there(world: World, gym_id: UUID) -> None:
    with world.inside(gym_id):
        toggles = Toggles(world.plugins)
        with pytest.raises(NotFound):
            toggles.get("nosuch")
        with pytest.raises(NotFound):
            toggles.change("nosuch", enabled=True)


def test_a_failing_plugin_leaves_everything_as_it_was(
    world: World, gym_id: UUID, change: Change
) -> None:
    world.workshop.does = fail
    with pytest.raises(RuntimeError):
        change("workshop", enabled=True)
    assert world.load(gym_id).plugins == {"floor", "lessons"}


def test_admins_who_switch_at_once_wait_for_each_other(
    world: World, gym_id: UUID, change: Change
) -> None:
    """Ten first changes of one plugin: each sees the row that the first one wrote."""
    before = world.load(gym_id).version
    with ThreadPoolExecutor(10) as threads:
        states = list(
            threads.map(
                lambda n: change("workshop", enabled=True, settings={"cancelHours": n}),
                range(10),
            )
        )
    assert all(state.enabled for state in states)
    assert world.workshop.enabled_in == [gym_id]
    assert world.load(gym_id).version == before + 10


def test_gyms_do_not_see_each_others_toggles(world: World, change: Change) -> None:
    other = world.create()
    change("workshop", enabled=True)
    assert world.load(other).plugins == {"floor", "lessons"}
