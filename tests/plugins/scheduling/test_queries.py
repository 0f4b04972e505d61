"""How many statements the routes send; one more is a decision, not an accident."""

from collections.abc import Callable
from typing import Any

from core.testing.plugin import QueryCount
from tests.plugins.scheduling.studio import Studio


def test_a_list_costs_the_same_however_long_it_is(
    studio: Studio, count_queries: Callable[[], QueryCount]
) -> None:
    api = studio.gym.api("coach")
    api.get("/scheduling/sessions")
    counts = []
    for hour in (9, 10, 11):
        studio.book(studio.at(hour))
        with count_queries() as count:
            api.get("/scheduling/sessions")
        counts.append(len(count))
    assert counts == [1, 1, 1]


def test_booking_and_free_slots_cost_a_fixed_number_of_statements(
    studio: Studio, count_queries: Callable[[], QueryCount]
) -> None:
    api = studio.gym.api("client")
    api.get("/scheduling/sessions")
    with count_queries() as booking:
        api.post("/scheduling/sessions", studio.wish(studio.at(9)))
    query: dict[str, Any] = {
        "coachId": studio.coach,
        "from": studio.day,
        "to": studio.day,
    }
    with count_queries() as slots:
        api.get("/scheduling/availability", query=query)
    assert len(booking) == BOOKING, booking.statements
    assert len(slots) == SLOTS, slots.statements


BOOKING = 7
"""Coach and client, the coach's hours, the session, the rules of reminders, who gets
webhooks of it; with the commit its audit row and the reminders."""

SLOTS = 3
"""Coach, the coach's hours, sessions."""
