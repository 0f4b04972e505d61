"""Lockers keeps what every plugin has to keep."""

from collections.abc import Mapping

from core.testing.contract import PluginContract
from core.testing.kit import TestGym


class TestLockers(PluginContract):
    plugin_id = "lockers"

    def populate(self, gym: TestGym) -> Mapping[str, object]:
        admin, client = gym.api("admin"), str(gym.user("client"))
        admin.post("/members/clients", {"userId": client})
        place = {"number": "12", "place": "Changing room 1"}
        locker = admin.post("/lockers/units", place)["id"]
        wanted = {"lockerId": locker, "clientId": client}
        rental = admin.post("/lockers/rentals", wanted)["id"]
        return {"lockerId": locker, "clientId": client, "rentalId": rental}
