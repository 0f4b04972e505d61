"""What the front desk does with lockers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from core.sdk.base import as_rfc3339, utc_now
from core.testing import frozen_at
from core.testing.background import run_jobs

from palestra_lockers import service
from palestra_lockers.hooks import RentalEnded, RentalStarted

UNITS, RENTALS = "/lockers/units", "/lockers/rentals"
SWITCH = "/admin/plugins/lockers"


def wanted(locker_id, client_id, **more):
    return {"lockerId": locker_id, "clientId": client_id, **more}


def test_a_locker_is_rented_and_given_back(gym, client_id, locker_id, events):
    desk = gym.api("team")
    with events() as seen:
        rental = desk.post(RENTALS, wanted(locker_id, client_id))
    assert (rental["deposit"], rental["refunded"]) == (2000, None)
    assert len(seen.of(RentalStarted)) == 1
    assert desk.get(UNITS, query={"free": "true"}) == []
    assert len(desk.get(UNITS, query={"free": "false"})) == 1

    path = f"{RENTALS}/{rental['id']}/return"
    with events() as seen:
        ended = desk.post(path, {"kept": 500}, expect=200)
    assert ended["refunded"] == 1500
    assert seen.of(RentalEnded)[0].refunded == 1500
    assert len(desk.get(UNITS, query={"free": "true"})) == 1
    assert desk.get(RENTALS, query={"open": "true"}) == []
    desk.fail("POST", path, json={"kept": 0}, expect=409, code="LOCKERS_RENTAL_ENDED")


def test_deposit_and_days_are_the_gyms(gym, client_id, locker_id):
    settings = {"deposit": 500, "days": 7, "graceDays": 0}
    gym.api("admin").patch(SWITCH, {"settings": settings})
    moment = utc_now().replace(microsecond=0)
    with frozen_at(moment):
        rental = gym.api("team").post(RENTALS, wanted(locker_id, client_id))
    assert rental["deposit"] == 500
    assert rental["dueAt"] == as_rfc3339(moment + timedelta(days=7))


def test_more_than_the_deposit_is_not_kept(gym, client_id, locker_id):
    desk = gym.api("team")
    rental = desk.post(RENTALS, wanted(locker_id, client_id))
    desk.fail(
        "POST",
        f"{RENTALS}/{rental['id']}/return",
        json={"kept": 2001},
        expect=422,
        code="LOCKERS_MORE_THAN_DEPOSIT",
    )


def test_what_cannot_be_rented(gym, client_id, locker_id):
    desk = gym.api("team")

    def refused(body, status, code):
        desk.fail("POST", RENTALS, json=body, expect=status, code=code)

    coach = str(gym.user("coach"))
    refused(wanted(locker_id, coach), 422, "LOCKERS_CLIENT_UNKNOWN")
    refused(wanted(client_id, client_id), 404, "LOCKERS_LOCKER_NOT_FOUND")
    yesterday = as_rfc3339(utc_now() - timedelta(days=1))
    past = wanted(locker_id, client_id, dueAt=yesterday)
    refused(past, 422, "LOCKERS_DUE_IN_THE_PAST")
    desk.patch(f"{UNITS}/{locker_id}", {"archived": True})
    refused(wanted(locker_id, client_id), 409, "LOCKERS_LOCKER_ARCHIVED")
    desk.patch(f"{UNITS}/{locker_id}", {"archived": False})
    desk.post(RENTALS, wanted(locker_id, client_id))
    refused(wanted(locker_id, client_id), 409, "LOCKERS_LOCKER_TAKEN")
    desk.fail(
        "PATCH",
        f"{UNITS}/{locker_id}",
        json={"archived": True},
        expect=409,
        code="LOCKERS_LOCKER_TAKEN",
    )


def test_of_many_who_want_a_locker_one_gets_it(gym, client_id, locker_id):
    desk = gym.api("team")

    def ask(_number):
        body = wanted(locker_id, client_id)
        return desk.raw("POST", RENTALS, json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(ask, range(8)))
    assert answers == [201] + [409] * 7


def test_numbers_are_unique_in_a_gym(gym, other_gym, locker_id):
    admin, place = gym.api("admin"), "Changing room 2"
    taken = {"expect": 409, "code": "LOCKERS_NUMBER_TAKEN"}
    admin.fail("POST", UNITS, json={"number": " 12 ", "place": place}, **taken)
    other = admin.post(UNITS, {"number": "13", "place": place})
    admin.fail("PATCH", f"{UNITS}/{other['id']}", json={"number": "12"}, **taken)
    there = other_gym.api("admin").post(UNITS, {"number": "12", "place": place})
    assert there["id"] != locker_id


def test_people_see_rentals_within_their_reach(gym, client_id, locker_id):
    rental = gym.api("team").post(RENTALS, wanted(locker_id, client_id))
    path = f"{RENTALS}/{rental['id']}"
    assert gym.api("client").get(path)["id"] == rental["id"]
    assert gym.api("coach").get(RENTALS) == []
    gym.api("coach").fail("GET", path, expect=403, code="FORBIDDEN")
    gym.api("client").fail(
        "POST", f"{path}/return", json={"kept": 0}, expect=403, code="FORBIDDEN"
    )


def test_whoever_is_overdue_gets_one_mail(gym, client_id, locker_id, mailbox):
    rental = gym.api("team").post(RENTALS, wanted(locker_id, client_id))
    with frozen_at(utc_now() + timedelta(days=30, hours=1)), gym.unit():
        assert service.remind_of_overdue() == 0
    with frozen_at(utc_now() + timedelta(days=31, hours=1)):
        with gym.unit():
            assert service.remind_of_overdue() == 1
            assert service.remind_of_overdue() == 0
        run_jobs(gym)
        late = gym.api_for(gym.user("team"))  # a token that is good then
        (found,) = late.get(RENTALS, query={"overdue": "true"})
    assert found["id"] == rental["id"]
    (mail,) = mailbox.to(gym.email("client"))
    assert mail["Subject"] == "Your locker 12 is overdue"
    assert "your deposit waits there" in mail.get_body(("plain",)).get_content()


def test_the_dashboard_and_the_clients_page_show_lockers(gym, client_id, locker_id):
    gym.api("team").post(RENTALS, wanted(locker_id, client_id))
    board = gym.api("admin").get("/admin/dashboard/summary")
    tiles = [one for one in board["tiles"] if one["plugin"] == "lockers"]
    assert {one["id"]: one["value"] for one in tiles} == {"rented": 1, "overdue": 0}
    record = gym.api("admin").get(f"/members/clients/{client_id}/record")
    assert "12" in str(record)


def test_a_client_who_is_erased_leaves_a_note_for_the_desk(gym, client_id, locker_id):
    gym.api("team").post(RENTALS, wanted(locker_id, client_id))
    with gym.unit():
        (line,) = service.left_by(gym.user("client"))
    assert line.startswith("Locker 12 has to be emptied; its deposit was 2000")


def test_the_demo_has_lockers_and_somebody_overdue(gym):
    with gym.unit():
        service.fill_demo([gym.user("client")])
        assert service.figures() == (1, 1)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_is_gone_where_it_is_off(gym, client_id, locker_id, mailbox, method):
    gym.api("team").post(RENTALS, wanted(locker_id, client_id))
    gym.disable("lockers")
    gym.api("team").fail(method, RENTALS, expect=404, code="PLUGIN_DISABLED")
    record = gym.api("admin").get(f"/members/clients/{client_id}/record")
    assert "lockers" not in str(record)
    gym.enable("lockers")
    assert len(gym.api("team").get(RENTALS)) == 1
