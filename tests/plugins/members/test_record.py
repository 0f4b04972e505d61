"""The client's record, and the questions other plugins ask."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from core.context import Gym, current
from core.plugin.manager import Plugins
from core.sdk.base import hooks, new_id
from core.sdk.plugin import Manifest, hookimpl
from core.testing.kit import TestGym
from plugins.members.plugin import plugin as members_plugin
from plugins.members.service import clients

NewClient = Callable[..., dict[str, Any]]


class Memos:
    """Another plugin, which knows something about clients."""

    manifest = Manifest(id="memos", title="Memos", summary="Memos.", version="1.0.0")

    @hookimpl
    def client_record_parts(self, client_id: UUID) -> Mapping[str, Any]:
        return {"lastNotes": [f"about {client_id}"]}


def test_the_record_shows_profile_and_coach(
    members: TestGym, new_client: NewClient, assign: Callable[..., Any]
) -> None:
    client_id = new_client()["id"]
    path = f"/members/clients/{client_id}/record"
    alone = members.api("team").get(path)
    assert alone["coach"] is None
    client = assign(client_id, members.user("coach"))
    record = members.api("coach").get(path)
    assert record["profile"] == client
    coach = members.api("coach").get(f"/members/coaches/{members.user('coach')}")
    assert record["coach"] == coach


@pytest.mark.parametrize("on", [True, False])
def test_parts_come_from_the_plugins_that_are_on(members: TestGym, *, on: bool) -> None:
    installed = Plugins([members_plugin, Memos()])
    client_id = members.user("client")

    def hooks_for(gym: Gym) -> Any:
        plugins = gym.plugins | {"memos"} if on else gym.plugins
        return installed.for_tenant(replace(gym, plugins=plugins))

    with members.unit("client"):
        current().hooks_for = hooks_for
        record = clients.record_of(client_id=client_id)
    assert record["parts"] == ({"lastNotes": [f"about {client_id}"]} if on else {})


def test_gyms_with_the_same_plugins_on_share_their_hooks(members: TestGym) -> None:
    installed = Plugins([members_plugin, Memos()])
    off = replace(members.gym, plugins=frozenset({"members"}))
    on = replace(members.gym, plugins=frozenset({"members", "memos"}))

    def parts(gym: Gym) -> list[Any]:
        found = installed.for_tenant(gym).client_record_parts(
            gym=gym, client_id=new_id()
        )
        return list(found)

    assert [len(parts(gym)) for gym in (on, off, on, off)] == [1, 0, 1, 0]
    again = replace(off, id=new_id(), version=off.version + 1)
    assert installed.for_tenant(again) is installed.for_tenant(off)


def test_others_may_ask_who_exists(
    members: TestGym, other_gym: TestGym, assign: Callable[..., Any]
) -> None:
    client, coach = members.user("client"), members.user("coach")
    assign(client, coach)
    with members.unit("partner"):
        ask = hooks()
        assert ask.client_exists(client_id=client) is True
        assert ask.client_exists(client_id=coach) is False
        assert ask.coach_exists(coach_id=coach) is True
        assert ask.coach_exists(coach_id=client) is False
        for both in product((client, coach), repeat=2):
            known = ask.client_and_coach_exist(client_id=both[0], coach_id=both[1])
            assert known == (both[0] == client, both[1] == coach)
        assert ask.coach_of(client_id=client) == coach
        assert ask.coach_of(client_id=new_id()) is None
    with other_gym.unit():
        assert hooks().client_exists(client_id=client) is False
        assert hooks().coach_exists(coach_id=coach) is False
        assert hooks().client_and_coach_exist(client_id=client, coach_id=coach) == (
            False,
            False,
        )
        assert hooks().coach_of(client_id=client) is None


def test_the_dashboard_counts_active_clients(
    members: TestGym, new_client: NewClient
) -> None:
    new_client(status="active")
    new_client(status="lead")
    with members.unit():
        tiles = [
            tile
            for tiles in hooks().dashboard_tiles(gym=members.gym)
            for tile in tiles
            if tile["id"] == "members.active"
        ]
    # The gym's own client has an active account, hence an active profile.
    assert [tile["value"] for tile in tiles] == [2]
