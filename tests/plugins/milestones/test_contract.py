"""Milestones keeps the contract of plugins."""

from collections.abc import Mapping
from uuid import UUID

from typing_extensions import override

from core.testing.contract import PluginContract
from core.testing.kit import TestGym
from tests.plugins.milestones.hall import MESSAGE, PATH, Hall


class TestMilestones(PluginContract):
    plugin_id = "milestones"

    @override
    def populate(self, gym: TestGym) -> Mapping[str, object]:
        hall = Hall(gym)
        hall.set_auto(on=False)
        made = hall.milestone(2, gift=MESSAGE)
        hall.count(3)
        hall.work()
        later = hall.milestone(50, gift=MESSAGE)
        note = "Stay strong, Client Person."
        wish = {"clientId": hall.client, "definitionId": later["id"], "note": note}
        gift = hall.admin.post(f"{PATH}/gifts", wish)
        return {
            "clientId": UUID(hall.client),
            "definitionId": UUID(made["id"]),
            "giftId": UUID(gift["id"]),
        }
