"""Which milestones there are: adding, changing, archiving."""

from typing import Any

import pytest

from tests.plugins.milestones.hall import MESSAGE, PATH, Hall

DEFINITIONS = f"{PATH}/definitions"


def test_what_was_added_is_read_back(hall: Hall) -> None:
    made = hall.milestone(10, gift=MESSAGE, repeatEvery=5, countsFrom="2026-01-01")
    assert made["rule"] == {
        "kind": "count",
        "counter": "sessions_completed",
        "threshold": 10,
        "repeatEvery": 5,
        "windowDays": None,
        "countsFrom": "2026-01-01",
        "countsUntil": None,
    }
    assert made["gift"] == {**MESSAGE, "uses": None, "expiresInDays": None}
    assert (made["archived"], made["version"]) == (False, 1)
    path = f"{DEFINITIONS}/{made['id']}"
    assert hall.gym.api("client").get(path) == made
    assert hall.gym.api("coach").get(DEFINITIONS) == [made]


def test_without_a_gift_nothing_is_given(hall: Hall) -> None:
    assert hall.milestone()["gift"]["kind"] == "none"


@pytest.mark.parametrize(
    ("rule", "gift", "code"),
    [
        ({"counter": "push_ups"}, None, "MILESTONE_COUNTER_UNKNOWN"),
        ({"kind": "streak", "windowDays": 9}, None, "MILESTONE_INVALID"),
        (
            {"countsFrom": "2026-02-02", "countsUntil": "2026-02-01"},
            None,
            "MILESTONE_INVALID",
        ),
        ({"countsFrom": "0001-01-01"}, None, "UNPROCESSABLE"),
        ({}, {"kind": "message"}, "MILESTONE_INVALID"),
        ({}, {"kind": "pass", "channels": ["email"]}, "MILESTONE_INVALID"),
    ],
)
def test_what_contradicts_itself_is_422(
    hall: Hall, rule: dict[str, Any], gift: dict[str, Any] | None, code: str
) -> None:
    body: dict[str, Any] = {
        "title": "No",
        "rule": {"counter": "sessions_completed", "threshold": 1, **rule},
    }
    if gift:
        body["gift"] = gift
    hall.admin.fail("POST", DEFINITIONS, json=body, expect=422, code=code)


@pytest.mark.parametrize(
    "rule",
    [
        {"threshold": 0},
        {"threshold": 1_000_001},
        {"threshold": 1, "repeatEvery": 0},
        {"threshold": 1, "kind": "sometimes"},
        {"threshold": 1, "surprise": True},
        {},
    ],
)
def test_what_is_malformed_is_400(hall: Hall, rule: dict[str, Any]) -> None:
    body = {"title": "No", "rule": {"counter": "sessions_completed", **rule}}
    hall.admin.fail("POST", DEFINITIONS, json=body, expect=400, code="VALIDATION_ERROR")


def test_a_change_touches_what_it_names(hall: Hall) -> None:
    made = hall.milestone(10, gift=MESSAGE, repeatEvery=5)
    path = f"{DEFINITIONS}/{made['id']}"
    changed = hall.admin.patch(
        path, {"rule": {"threshold": 8}, "gift": {"text": "A towel."}}
    )
    assert changed["rule"] == {**made["rule"], "threshold": 8}
    assert changed["gift"] == {**made["gift"], "text": "A towel."}
    assert (changed["title"], changed["version"]) == (made["title"], 2)
    hall.admin.fail(
        "PATCH", path, json={"gift": {"uses": 1}}, expect=422, code="MILESTONE_INVALID"
    )
    hall.admin.fail(
        "PATCH",
        path,
        json={"title": "Late"},
        headers={"If-Match": '"1"'},
        expect=412,
        code="PRECONDITION_FAILED",
    )
    assert hall.admin.get(path) == changed


def test_the_counter_cannot_be_exchanged(hall: Hall) -> None:
    path = f"{DEFINITIONS}/{hall.milestone()['id']}"
    body = {"rule": {"counter": "points"}}
    hall.admin.fail("PATCH", path, json=body, expect=400, code="VALIDATION_ERROR")


def test_an_archived_milestone_is_reached_by_nobody_until_it_is_back(
    hall: Hall,
) -> None:
    made = hall.milestone(1, gift=MESSAGE)
    path = f"{DEFINITIONS}/{made['id']}"
    hall.admin.patch(path, {"archived": True})
    hall.train()
    hall.work()
    assert hall.reached() == hall.progress() == []
    wish = {"clientId": hall.client, "definitionId": made["id"]}
    hall.admin.fail(
        "POST", f"{PATH}/gifts", json=wish, expect=409, code="MILESTONE_ARCHIVED"
    )
    assert hall.admin.get(DEFINITIONS, query={"archived": "false"}) == []
    assert len(hall.admin.get(DEFINITIONS, query={"archived": "true"})) == 1
    assert len(hall.admin.get(DEFINITIONS)) == 1
    hall.admin.patch(path, {"archived": False})
    body = {"clientId": hall.client}
    found = hall.admin.post(f"{PATH}/evaluate", body, expect=200)
    assert found == {"achieved": 1, "queued": False}


def test_only_staff_manages_them(hall: Hall) -> None:
    made = hall.milestone()
    for role in ("coach", "client"):
        hall.gym.api(role).fail(
            "PATCH",
            f"{DEFINITIONS}/{made['id']}",
            json={"title": "Mine"},
            expect=403,
            code="FORBIDDEN",
        )


def test_counters_are_those_of_what_is_on(hall: Hall) -> None:
    counters = f"{PATH}/counters"
    names = [one["name"] for one in hall.gym.api("client").get(counters)]
    assert "sessions_completed" in names
    hall.switch("scheduling", on=False)
    names = [one["name"] for one in hall.gym.api("client").get(counters)]
    assert "sessions_completed" not in names
