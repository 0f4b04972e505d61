"""Believable profiles for a demo gym; running it again changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from core.sdk.base import Gym, utc_now
from plugins.members.domain import ClientStatus, spread
from plugins.members.repository import ClientRepository, CoachRepository
from plugins.members.service.assignments import assign_coach

_GOALS = {
    "en": (
        ["Run a half marathon in autumn"],
        ["Lose 6 kg by summer", "Sleep better"],
        ["First strict pull-up"],
        ["Deadlift twice my body weight", "Keep my back free of pain"],
        ["Get back in shape after a long break"],
        ["Train three times a week"],
    ),
    "de": (
        ["Im Herbst einen Halbmarathon laufen"],
        ["Bis zum Sommer 6 kg abnehmen", "Besser schlafen"],
        ["Der erste saubere Klimmzug"],
        ["Das doppelte Körpergewicht heben", "Ein Rücken ohne Schmerzen"],
        ["Nach langer Pause wieder fit werden"],
        ["Dreimal in der Woche trainieren"],
    ),
}
_TAGS: tuple[list[str], ...] = (
    ["morning"],
    ["yoga", "morning"],
    ["strength"],
    ["strength", "evening"],
    [],
)
_STATUSES = (
    *(ClientStatus.ACTIVE,) * 6,
    ClientStatus.LEAD,
    ClientStatus.PAUSED,
    ClientStatus.ACTIVE,
    ClientStatus.LEFT,
)
_COACHES = {
    "en": (
        (["strength", "olympic lifting"], "Twelve years under the bar."),
        (["yoga", "mobility"], "Calm breath first, then depth."),
        (["running", "endurance"], "Has paced nine marathons, and finished them."),
    ),
    "de": (
        (["kraft", "gewichtheben"], "Seit zwölf Jahren unter der Hantel."),
        (["yoga", "beweglichkeit"], "Erst der ruhige Atem, dann die Tiefe."),
        (["laufen", "ausdauer"], "Hat in neun Marathons das Tempo gemacht."),
    ),
}
_CERTIFICATIONS = (
    {
        "title": "Strength and Conditioning Coach",
        "issuer": "EuropeActive",
        "year": 2016,
    },
    {"title": "Yoga Teacher, 500 hours", "issuer": "Yoga Alliance", "year": 2019},
    {"title": "Running Coach, Level 2", "issuer": "World Athletics", "year": 2021},
)
_GENDERS = ("female", "male", "female", "male", "diverse", "undisclosed")


def fill(gym: Gym, users: Mapping[str, Sequence[UUID]]) -> None:
    """Gives the users profiles, and each active client a coach, evenly."""
    language = gym.locale if gym.locale in _GOALS else "en"
    coaches, clients = CoachRepository(), ClientRepository()
    coach_ids, client_ids = users.get("coach", ()), users.get("client", ())
    coaches.create(*(_coach(who, n, language) for n, who in enumerate(coach_ids)))
    clients.create(*(_client(who, n, language) for n, who in enumerate(client_ids)))
    for client_id, coach_id in spread(clients.without_coach(client_ids), coach_ids):
        assign_coach(client_id=client_id, coach_id=coach_id, expected_coach_id=None)


def _coach(coach_id: UUID, number: int, language: str) -> dict[str, Any]:
    specialties, bio = _COACHES[language][number % len(_COACHES[language])]
    return {
        "id": coach_id,
        "specialties": specialties,
        "bio": bio,
        "certifications": [_CERTIFICATIONS[number % len(_CERTIFICATIONS)]],
    }


def _client(client_id: UUID, number: int, language: str) -> dict[str, Any]:
    goals = _GOALS[language]
    now = utc_now()
    return {
        "id": client_id,
        "status": _STATUSES[number % len(_STATUSES)].value,
        "status_since": now,
        # Ages from 18 to 62, spread without a pattern that meets the eye.
        "date_of_birth": date(
            now.year - 19 - number * 7 % 44, number * 5 % 12 + 1, number * 11 % 28 + 1
        ),
        "gender": _GENDERS[number % len(_GENDERS)],
        "goals": goals[number % len(goals)],
        "tags": _TAGS[number % len(_TAGS)],
        "preferences": {"language": language, "reminders": number % 3 != 0},
        "terms_version": "1",
        "terms_accepted_at": now,
    }
