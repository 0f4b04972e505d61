"""Gifts: made once, by whoever; listed, called off."""

from typing import Any
from uuid import uuid4

import pytest

from tests.plugins.milestones.hall import MESSAGE, PATH, Hall

GIFTS = f"{PATH}/gifts"


@pytest.fixture
def quiet(hall: Hall) -> Hall:
    """A hall where gifts wait for somebody to hand them over."""
    hall.set_auto(on=False)
    return hall


def give(hall: Hall, definition: dict[str, Any], **more: Any) -> dict[str, Any]:
    wish = {"clientId": hall.client, "definitionId": definition["id"], **more}
    made: dict[str, Any] = hall.admin.post(GIFTS, wish)
    return made


def refuse(
    hall: Hall, definition_id: str, *, expect: int, code: str, **more: Any
) -> None:
    wish = {"clientId": hall.client, "definitionId": definition_id, **more}
    hall.admin.fail("POST", GIFTS, json=wish, expect=expect, code=code)


def test_each_time_of_reaching_a_milestone_makes_a_gift(quiet: Hall) -> None:
    made = quiet.milestone(2, gift=MESSAGE, repeatEvery=2)
    quiet.count(5)
    quiet.work()
    gifts = quiet.gifts(status="pending", clientId=quiet.client)
    assert sorted(one["occurrence"] for one in gifts) == [1, 2]
    for one in gifts:
        assert one["definitionId"] == made["id"]
        assert one["gift"]["text"] == MESSAGE["text"]
        assert (one["title"], one["settledAt"]) == ("2 sessions", None)
    assert quiet.gifts(status="sent") == []


def test_a_milestone_without_gift_makes_none(quiet: Hall) -> None:
    made = quiet.milestone(1)
    quiet.count()
    quiet.work()
    assert len(quiet.reached()) == 1
    assert quiet.gifts() == []
    refuse(quiet, made["id"], expect=422, code="GIFT_NOTHING_GIVEN")


def test_a_gift_keeps_the_terms_it_was_made_with(quiet: Hall) -> None:
    made = quiet.milestone(1, gift=MESSAGE)
    quiet.count()
    quiet.work()
    path = f"{PATH}/definitions/{made['id']}"
    quiet.admin.patch(path, {"title": "Later", "gift": {"text": "Less."}})
    [gift] = quiet.gifts()
    assert (gift["title"], gift["gift"]["text"]) == ("1 sessions", MESSAGE["text"])


def test_by_hand_once_and_then_no_more(quiet: Hall) -> None:
    made = quiet.milestone(2, gift=MESSAGE)
    gift = give(quiet, made, note="Well done!")
    assert (gift["occurrence"], gift["note"]) == (1, "Well done!")
    refuse(quiet, made["id"], expect=409, code="GIFT_DUPLICATE")
    quiet.count(2)
    quiet.work()
    assert len(quiet.reached()) == 1
    assert [one["id"] for one in quiet.gifts()] == [gift["id"]]
    refuse(quiet, made["id"], expect=409, code="GIFT_DUPLICATE")


def test_what_was_reached_by_itself_is_not_given_again_by_hand(quiet: Hall) -> None:
    made = quiet.milestone(1, gift=MESSAGE)
    quiet.count()
    quiet.work()
    refuse(quiet, made["id"], expect=409, code="GIFT_DUPLICATE")


def test_unknown_and_foreign(quiet: Hall) -> None:
    made = quiet.milestone(1, gift=MESSAGE)
    refuse(quiet, str(uuid4()), expect=404, code="NOT_FOUND")
    refuse(
        quiet,
        made["id"],
        clientId=str(uuid4()),
        expect=404,
        code="MILESTONE_CLIENT_UNKNOWN",
    )
    quiet.admin.fail("GET", f"{GIFTS}/{uuid4()}", expect=404, code="NOT_FOUND")


def test_a_gift_called_off_stays_so(quiet: Hall) -> None:
    made = quiet.milestone(1, gift=MESSAGE)
    path = f"{GIFTS}/{give(quiet, made)['id']}"
    canceled = quiet.admin.post(f"{path}/cancel", expect=200)
    assert canceled["status"] == "canceled"
    assert canceled["settledAt"] is not None
    quiet.admin.fail("POST", f"{path}/cancel", expect=409, code="GIFT_SETTLED")
    quiet.admin.fail(
        "POST",
        f"{GIFTS}/dispatch",
        json={"giftIds": [canceled["id"]]},
        expect=409,
        code="GIFT_SETTLED",
    )
    refuse(quiet, made["id"], expect=409, code="GIFT_DUPLICATE")
    assert quiet.inbox() == []


def test_reach(quiet: Hall) -> None:
    made = quiet.milestone(1, gift=MESSAGE)
    other = quiet.studio.another("clients")
    mine, theirs = give(quiet, made), give(quiet, made, clientId=other)
    coach = quiet.gym.api("coach")
    assert [one["id"] for one in coach.get(GIFTS)] == [mine["id"]]
    coach.fail("GET", f"{GIFTS}/{theirs['id']}", expect=403, code="FORBIDDEN")
    coach.fail("POST", f"{GIFTS}/{mine['id']}/cancel", expect=403, code="FORBIDDEN")
    quiet.gym.api("client").fail("GET", GIFTS, expect=403, code="FORBIDDEN")
