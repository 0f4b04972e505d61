"""The plugins of this repository keep the contract."""

from collections.abc import Mapping

from typing_extensions import override

from core.testing.contract import PluginContract
from core.testing.kit import TestGym
from tests.contract.world import booking, passes, people


class TestMembers(PluginContract):
    plugin_id = "members"

    @override
    def populate(self, gym: TestGym) -> Mapping[str, object]:
        return people(gym)


class TestScheduling(PluginContract):
    plugin_id = "scheduling"

    @override
    def populate(self, gym: TestGym) -> Mapping[str, object]:
        return booking(gym)


class TestPasses(PluginContract):
    plugin_id = "passes"

    @override
    def populate(self, gym: TestGym) -> Mapping[str, object]:
        return passes(gym)
