"""Opening hours and a month of sessions for a gym that is shown around."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from core.sdk.base import Gym, hooks, utc_now
from plugins.scheduling.domain.opening import OpeningHours, Window
from plugins.scheduling.domain.sessions import Status
from plugins.scheduling.domain.slots import Rules, free_slots
from plugins.scheduling.domain.walltime import Interval, day_begins, day_of
from plugins.scheduling.repository import (
    RulesRepository,
    SessionRepository,
    WindowRepository,
)

DAYS_BACK = 21
DAYS_AHEAD = 14

_RULES = Rules(
    slot_minutes=60,
    buffer_after_minutes=0,
    minimum_notice_minutes=120,
    maximum_advance_days=60,
)
_EARLY = (Window(6 * 60, 11 * 60), Window(12 * 60, 15 * 60))
_LATE = (Window(11 * 60, 14 * 60), Window(16 * 60, 21 * 60))
_SATURDAY = (Window(9 * 60, 13 * 60),)
_SHIFTS = (
    {1: _EARLY, 2: _EARLY, 3: _LATE, 4: _EARLY, 5: _EARLY, 6: _SATURDAY},
    {1: _LATE, 2: _LATE, 3: _EARLY, 4: _LATE, 5: _LATE},
    {1: _LATE, 2: _EARLY, 4: _LATE, 5: _EARLY, 6: _SATURDAY},
)
_BOOKED_SHARE = 0.7
_PLACES = ("Main floor", "Studio 1", "Studio 2", "Outdoor area", None)
_PAST = (
    (Status.COMPLETED, 86),
    (Status.CANCELED, 8),
    (Status.NO_SHOW, 6),
)

_rules = RulesRepository()
_windows = WindowRepository()
_sessions = SessionRepository()


def fill(*, gym: Gym, coaches: Sequence[UUID], clients: Sequence[UUID]) -> None:
    """Adds opening hours and sessions for every coach who has none yet.

    The same gym gets the same pattern on every machine. Coaches see the clients who
    are assigned to them.
    """
    chance = random.Random(gym.slug)  # noqa: S311 — believable, not secret
    own: dict[UUID, list[UUID]] = {coach_id: [] for coach_id in coaches}
    for client_id in clients:
        coach_id = hooks().coach_of(client_id=client_id)
        if coach_id in own:
            own[coach_id].append(client_id)
    for number, (coach_id, theirs) in enumerate(own.items()):
        if theirs and _rules.of_coach(coach_id) is None:
            _fill_coach(gym, coach_id, theirs, number, chance)


def _fill_coach(
    gym: Gym,
    coach_id: UUID,
    clients: Sequence[UUID],
    number: int,
    chance: random.Random,
) -> None:
    weekly = _SHIFTS[number % len(_SHIFTS)]
    rules = _rules.locked(coach_id, zone=gym.zone)
    _windows.replace(coach_id, weekly)
    _rules.touch(rules, {"minimum_notice_minutes": _RULES.minimum_notice_minutes})
    opening = OpeningHours(gym.zone, weekly)
    today = day_of(utc_now(), gym.zone)
    _sessions.book_many(
        [
            _session(coach_id, chance.choice(clients), slot, chance)
            for slot in _slots(opening, today)
            if chance.random() < _BOOKED_SHARE
        ]
    )


def _slots(opening: OpeningHours, today: date) -> Iterator[Interval]:
    """Every slot of the weeks around today, as seen on the first of these days."""
    first = today - timedelta(days=DAYS_BACK)
    yield from free_slots(
        opening,
        Rules(slot_minutes=_RULES.slot_minutes, maximum_advance_days=None),
        first=first,
        last=today + timedelta(days=DAYS_AHEAD),
        booked=(),
        now=day_begins(first, opening.zone),
    )


def _session(
    coach_id: UUID, client_id: UUID, slot: Interval, chance: random.Random
) -> dict[str, Any]:
    past = slot.ends <= utc_now()
    (drawn,) = chance.choices(
        [status for status, _weight in _PAST], [weight for _status, weight in _PAST]
    )
    return {
        "coach_id": coach_id,
        "client_id": client_id,
        "starts_at": slot.starts,
        "ends_at": slot.ends,
        "status": (drawn if past else Status.SCHEDULED).value,
        "location": chance.choice(_PLACES),
        "notes": None,
    }
