"""What milestones gives to others: record part, tile, demo data, audit, figures."""

from dataclasses import replace
from uuid import UUID

import pytest

from core.sdk.base import Role, hooks
from core.testing.personal import erase_everybody
from plugins.milestones.plugin import plugin
from tests.plugins.milestones.hall import MESSAGE, PATH, Hall


def test_the_client_record_shows_the_progress(hall: Hall) -> None:
    hall.milestone(4)
    hall.count()
    record = hall.gym.api("coach").get(f"/members/clients/{hall.client}/record")
    [one] = record["parts"]["milestones"]
    assert (one["title"], one["percent"]) == ("4 sessions", 25)
    hall.switch("milestones", on=False)
    record = hall.gym.api("coach").get(f"/members/clients/{hall.client}/record")
    assert "milestones" not in record["parts"]


def test_the_dashboard_counts_gifts_that_wait(hall: Hall) -> None:
    hall.set_auto(on=False)
    hall.milestone(1, gift=MESSAGE, repeatEvery=1)
    hall.count(3)
    hall.work()
    hall.admin.post(f"{PATH}/gifts/{hall.gifts()[0]['id']}/cancel", expect=200)
    with hall.gym.unit("admin"):
        given = hooks().dashboard_tiles(gym=hall.gym.gym)
    tiles = {tile["id"]: tile["value"] for group in given for tile in group}
    assert tiles["milestones.giftsPending"] == 2


@pytest.mark.parametrize(
    ("locale", "first"), [("en", "First session"), ("de", "Erste Stunde")]
)
def test_demo_data_is_believable_comes_once_and_tells_nobody(
    hall: Hall, locale: str, first: str
) -> None:
    clients = [UUID(hall.client)]
    clients += [UUID(hall.studio.another("clients")) for _ in range(7)]
    gym = replace(hall.gym.gym, locale=locale)
    for _again in range(2):
        with hall.gym.unit():
            plugin.demo_data(gym=gym, users={Role.CLIENT: clients})
    titles = [one["title"] for one in hall.admin.get(f"{PATH}/definitions")]
    assert (len(titles), titles[0]) == (4, first)
    assert {one["kind"] for one in hall.progress()} == {"count", "streak"}
    statuses = {one["status"] for one in hall.gifts()}
    assert statuses == {"pending", "sent"}
    assert hall.work() == []


def test_what_is_done_is_in_the_audit_log_and_notes_are_not(hall: Hall) -> None:
    hall.set_auto(on=False)
    made = hall.milestone(1, gift=MESSAGE)
    wish = {"clientId": hall.client, "definitionId": made["id"], "note": "Sealed?"}
    gift = hall.admin.post(f"{PATH}/gifts", wish)
    hall.admin.post(f"{PATH}/gifts/{gift['id']}/cancel", expect=200)
    hall.count()
    hall.work()
    entries = hall.admin.get("/audits", query={"limit": 100})
    told = {one["action"] for one in entries}
    assert told >= {
        "milestones.definition.create",
        "milestones.gift.create",
        "milestones.gift.update",
        "milestones.achievement.create",
    }


def test_figures_are_counted_with_the_commit(hall: Hall) -> None:
    def figure() -> float:
        lines = hall.admin.at("GET", "/metrics").get_data(as_text=True).splitlines()
        name = "milestones_achieved_total"
        found = [line.split()[-1] for line in lines if line.startswith(f"{name} ")]
        return float(found[0]) if found else 0.0

    before = figure()
    hall.milestone(1, repeatEvery=1)
    hall.count(3)
    hall.work()
    assert figure() == before + 3


def test_the_manifest_says_what_it_sends_and_hears() -> None:
    assert set(plugin.manifest.events_emitted) == {
        "milestones.milestone.achieved",
        "milestones.gift.dispatched",
    }
    assert len(plugin.subscribers()) == len(plugin.manifest.events_consumed) == 3


def test_erased_people_leave_nothing_and_are_not_counted_again(
    hall: Hall,
) -> None:
    hall.milestone(1, gift=MESSAGE)
    hall.count()
    hall.work()
    erase_everybody(hall.gym)
    assert not hall.count()
