"""Off in one gym, on in another: the one sees nothing of it, the other all."""

from core.sdk.jobs import enqueue
from core.testing.background import run_jobs

from palestra_lockers import service
from palestra_lockers.hooks import RentalStarted

UNITS = "/lockers/units"


def add(gym, number):
    place = {"number": number, "place": "Changing room 1"}
    return gym.api("admin").post(UNITS, place)


def rent_to_client(gym):
    client = str(gym.user("client"))
    gym.api("admin").post("/members/clients", {"userId": client})
    wanted = {"lockerId": add(gym, "1")["id"], "clientId": client}
    return gym.api("admin").post("/lockers/rentals", wanted)


def paths_of(gym):
    document = gym.api("admin").raw("GET", "/openapi.json").get_json()
    return {path for path in document["paths"] if "/lockers" in path}


def permissions_of(gym):
    return {
        one["name"]
        for group in gym.api("admin").get("/permissions")
        for one in group["permissions"]
        if one["name"].startswith("lockers.")
    }


def test_http_documents_and_permissions(gym, other_gym):
    gym.disable("lockers")
    gym.api("admin").fail("GET", UNITS, expect=404, code="PLUGIN_DISABLED")
    assert (paths_of(gym), permissions_of(gym)) == (set(), set())

    add(other_gym, "1")
    assert len(other_gym.api("admin").get(UNITS)) == 1
    assert len(paths_of(other_gym)) == 5
    assert len(permissions_of(other_gym)) == 6


def test_jobs(gym, other_gym):
    gym.disable("lockers")
    for one in (gym, other_gym):
        with one.unit():
            enqueue("lockers.remind", args={})
    ((_, off),) = run_jobs(gym)
    ((_, on),) = run_jobs(other_gym)
    assert (off, on) == ("dropped", "done")


def test_events(gym, other_gym, events):
    """Nothing emits them where it is off, and no webhook is to be had for them."""
    rent_to_client(gym)
    gym.disable("lockers")
    with events() as seen:
        rent_to_client(other_gym)
    (event,) = seen.of(RentalStarted)
    assert str(event.client_id) == str(other_gym.user("client"))

    def types(one):
        listed = one.api("admin").get("/admin/webhooks/types")
        return {name["type"] for name in listed if "lockers" in name["type"]}

    assert types(gym) == set()
    assert types(other_gym) == {"lockers.rental.started", "lockers.rental.ended"}


def test_hooks(gym, other_gym):
    for one in (gym, other_gym):
        rent_to_client(one)
    gym.disable("lockers")

    def tiles(one):
        board = one.api("admin").get("/admin/dashboard/summary")
        return {tile["id"] for tile in board["tiles"] if tile["plugin"] == "lockers"}

    assert tiles(gym) == set()
    assert tiles(other_gym) == {"rented", "overdue"}
    with gym.unit():
        assert service.figures() == (1, 0)
