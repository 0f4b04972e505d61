"""``GET /audits``: filters, pages and cursors."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.audit.recorder import record_event
from core.clock import frozen_at
from core.testing.kit import TestGym

START = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)


@pytest.fixture
def told(gym: TestGym) -> TestGym:
    """A gym in Berlin with nine events, an hour apart, about three things."""
    with gym.unit("team"):
        for number in range(9):
            with frozen_at(START + timedelta(hours=number)):
                record_event(
                    "test.happened",
                    entity="thing",
                    entity_id=f"thing-{number % 3}",
                    details={"some_number": number},
                )
    return gym


def listed(gym: TestGym, **query: Any) -> dict[str, Any]:
    response = gym.api("admin").raw(
        "GET", "/audits", query={"action": "test.happened", **query}
    )
    assert response.status_code == 200, response.get_data(as_text=True)
    body: dict[str, Any] = response.get_json()
    return body


def numbers(body: dict[str, Any]) -> list[int]:
    return [entry["after"]["someNumber"] for entry in body["data"]]


def test_the_newest_come_first_with_totals(told: TestGym) -> None:
    body = listed(told, limit=4)
    assert numbers(body) == [8, 7, 6, 5]
    pagination = body["meta"]["pagination"]
    assert (pagination["page"], pagination["total"], pagination["pages"]) == (1, 9, 3)
    entry = body["data"][0]
    assert entry["at"] == "2026-03-03T06:30:00Z"
    assert entry["userId"] == str(told.user("team"))
    assert (entry["actorKind"], entry["entityId"]) == ("user", "thing-2")
    assert entry["before"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"entity": "thing", "entityId": "thing-1"}, [7, 4, 1]),
        ({"entity": "nothing"}, []),
        ({"sort": "at", "limit": 2, "page": 2}, [2, 3]),
        ({"sort": "entity,at:desc", "limit": 1}, [8]),
        ({"page": 5}, []),
        # 22:30 UTC is 23:30 in Berlin; the second event falls on the next day.
        ({"dateTo": "2026-03-02"}, [0]),
        ({"dateFrom": "2026-03-03", "limit": 2}, [8, 7]),
        ({"dateFrom": "2026-03-04"}, []),
        ({"dateFrom": "0001-01-01", "dateTo": "9999-12-31", "limit": 1}, [8]),
    ],
)
def test_filters_and_orders(
    told: TestGym, query: dict[str, Any], expected: list[int]
) -> None:
    assert numbers(listed(told, **query)) == expected


def test_filtered_by_who(told: TestGym) -> None:
    assert len(listed(told, userId=told.user("team"))["data"]) == 9
    assert not listed(told, userId=told.user("coach"))["data"]


@pytest.mark.parametrize("sort", ["at:desc", "at"])
def test_cursors_read_everything_once_in_order(told: TestGym, sort: str) -> None:
    body = listed(told, limit=4, sort=sort)
    seen = numbers(body)
    cursor = body["meta"]["pagination"]["nextCursor"]
    while cursor is not None:
        body = listed(told, limit=4, cursor=cursor)
        seen += numbers(body)
        assert body["meta"]["pagination"].keys() == {"limit", "nextCursor"}
        cursor = body["meta"]["pagination"]["nextCursor"]
    assert seen == sorted(range(9), reverse=sort == "at:desc")


def test_the_last_page_gives_no_cursor(told: TestGym) -> None:
    assert "nextCursor" not in listed(told)["meta"]["pagination"]
    by_action = listed(told, sort="action", limit=2)
    assert "nextCursor" not in by_action["meta"]["pagination"]


def test_a_cursor_fits_its_own_gym_only(told: TestGym, other_gym: TestGym) -> None:
    cursor = listed(told, limit=1)["meta"]["pagination"]["nextCursor"]
    for api, given in (
        (other_gym.api("admin"), cursor),
        (told.api("admin"), f"{cursor[:-2]}AA"),
        (told.api("admin"), "***"),
    ):
        query = {"cursor": given}
        error = api.fail(
            "GET", "/audits", query=query, expect=422, code="UNPROCESSABLE"
        )
        assert "cursor" in error["details"]["query"]


def test_page_and_cursor_exclude_each_other(told: TestGym) -> None:
    cursor = listed(told, limit=1)["meta"]["pagination"]["nextCursor"]
    told.api("admin").fail(
        "GET",
        "/audits",
        query={"cursor": cursor, "page": 2},
        expect=422,
        code="UNPROCESSABLE",
    )


@pytest.mark.parametrize("role", ["team", "coach", "client", "partner"])
def test_only_admins_read_the_log(gym: TestGym, role: str) -> None:
    gym.api(role).fail("GET", "/audits", expect=403, code="FORBIDDEN")


def test_strangers_are_asked_to_log_in(gym: TestGym) -> None:
    gym.api(None).fail("GET", "/audits", expect=401, code="AUTH_REQUIRED")


def test_another_gyms_log_is_not_to_be_seen(told: TestGym, other_gym: TestGym) -> None:
    assert listed(told)["data"]
    assert not listed(other_gym)["data"]
