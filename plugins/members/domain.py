"""Decisions about members that need nothing but their arguments."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from enum import Enum, StrEnum
from typing import Any, Final, Literal, TypeVar

Client = TypeVar("Client")
Coach = TypeVar("Coach")


class ClientStatus(StrEnum):
    """Where a client stands with the gym."""

    LEAD = "lead"
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"


_NEXT: Mapping[ClientStatus, frozenset[ClientStatus]] = {
    ClientStatus.LEAD: frozenset({ClientStatus.ACTIVE, ClientStatus.LEFT}),
    ClientStatus.ACTIVE: frozenset({ClientStatus.PAUSED, ClientStatus.LEFT}),
    ClientStatus.PAUSED: frozenset({ClientStatus.ACTIVE, ClientStatus.LEFT}),
    # Who comes back either signs up again or is courted again.
    ClientStatus.LEFT: frozenset({ClientStatus.ACTIVE, ClientStatus.LEAD}),
}

GENDERS = (
    ("female", "Female", "Weiblich"),
    ("male", "Male", "Männlich"),
    ("diverse", "Diverse", "Divers"),
    ("undisclosed", "Prefer not to say", "Keine Angabe"),
)
"""The vocabulary as it is seeded: code, English, German."""

MAX_AGE_YEARS = 130
"""Beyond the longest life on record, 122 years."""

IMMUTABLE = {"date_of_birth": "dateOfBirth", "gender": "gender"}
"""Fields that keep their first value → their names on the wire."""

_MANAGED = {"status": "status", "tags": "tags"}
_ACCEPTED = {"terms_version": "termsAcceptance"}

_NO_CLIENT = frozenset({"admin", "team", "coach", "partner"})
_NO_COACH = frozenset({"client", "partner"})


class Absent(Enum):
    """Tells a field that was not sent from one that was sent as null."""

    ABSENT = "absent"


ABSENT: Final[Literal[Absent.ABSENT]] = Absent.ABSENT


def may_become(now: ClientStatus, wanted: ClientStatus) -> bool:
    """Says whether a client may go from one status to another, or stay."""
    return wanted is now or wanted in _NEXT[now]


def tidy_tag(tag: str) -> str:
    """Writes a tag the one way in which it is stored and searched."""
    return " ".join(tag.split()).lower()


def tidy_tags(tags: Sequence[str]) -> list[str]:
    """Tidies tags and drops empty and repeated ones; the first keeps its place."""
    return list(dict.fromkeys(tidy for tag in tags if (tidy := tidy_tag(tag))))


def plausible_birth(born: date, today: date) -> bool:
    """Says whether somebody born on ``born`` can be alive on ``today``."""
    return born <= today and today.year - born.year <= MAX_AGE_YEARS


def frozen_fields(
    stored: Mapping[str, Any], wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """Names the immutable fields that ``wanted`` would change.

    Returns:
        Wire name → the value that stays.
    """
    return {
        wire: stored[name]
        for name, wire in IMMUTABLE.items()
        if name in wanted and stored[name] is not None and wanted[name] != stored[name]
    }


def reserved_fields(
    asked: Collection[str], *, is_self: bool, manages: bool, whole_gym: bool
) -> list[str]:
    """Names, as on the wire, the asked-for fields that the actor may not change.

    Args:
        asked: Fields of the change.
        is_self: The actor is the client.
        manages: The actor may change status and tags.
        whole_gym: The actor reaches every client. Terms are accepted by the client,
            or recorded by the office from a signed paper, never by the coach.
    """
    refused: dict[str, str] = {}
    if not manages:
        refused |= _MANAGED
    if not (is_self or whole_gym):
        refused |= _ACCEPTED
    return [wire for name, wire in refused.items() if name in asked]


def somebody_was_faster(current: object | None, expected: object | None) -> bool:
    """Says whether the client's coach is not the one whom the caller saw.

    Args:
        current: The coach now; None for no coach.
        expected: The coach whom the caller saw, None for no coach, or ``ABSENT``
            when the caller does not mind.
    """
    return expected is not ABSENT and expected != current


def fits_client(role: str) -> bool:
    """Says whether a user of ``role`` may have a client's profile."""
    return role not in _NO_CLIENT


def fits_coach(role: str) -> bool:
    """Says whether a user of ``role`` may have a coach's profile.

    Owners and front-desk people of small gyms train clients too.
    """
    return role not in _NO_COACH


def spread(
    clients: Sequence[Client], coaches: Sequence[Coach]
) -> list[tuple[Client, Coach]]:
    """Deals clients to coaches in turn, so that no two loads differ by over one."""
    if not coaches:
        return []
    return [
        (client, coaches[index % len(coaches)]) for index, client in enumerate(clients)
    ]


def merge_parts(given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Joins the parts of a client's record.

    Raises:
        ValueError: Two plugins give a part of the same name, so that one would hide
            the other.
    """
    merged: dict[str, Any] = {}
    for parts in given:
        for name, part in parts.items():
            if name in merged:
                raise ValueError(f"Two plugins give the record part {name!r}.")
            merged[name] = part
    return merged
