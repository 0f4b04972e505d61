"""Loads the platform's test kit, and makes a gym with a locker in it."""

import pytest

pytest_plugins = ["core.testing.plugin"]


@pytest.fixture
def client_id(gym):
    """The gym's client."""
    found = str(gym.user("client"))
    gym.api("admin").post("/members/clients", {"userId": found})
    return found


@pytest.fixture
def locker_id(gym):
    """A locker that nobody has."""
    place = {"number": "12", "place": "Changing room 1"}
    return gym.api("admin").post("/lockers/units", place)["id"]
