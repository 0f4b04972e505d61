"""What can be done with lockers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from core.sdk.base import (
    Page,
    as_rfc3339,
    current,
    hooks,
    require_version,
    utc_now,
)
from core.sdk.jobs import emit
from core.sdk.notifications import send_mail

from palestra_lockers import domain
from palestra_lockers.errors import (
    AlreadyReturned,
    ClientUnknown,
    DueInThePast,
    LockerArchived,
    LockerTaken,
    MoreThanDeposit,
    NumberTaken,
    RentalRefused,
)
from palestra_lockers.hooks import RentalEnded, RentalStarted
from palestra_lockers.models import Locker, Rental
from palestra_lockers.repository import LockerRepository, RentalRepository

_lockers = LockerRepository()
_rentals = RentalRepository()


def find_lockers(**wanted: Any) -> Page:
    """Returns a page of lockers; see ``LockerRepository.listed``."""
    return _lockers.listed(**wanted)


def add_locker(*, number: str, place: str) -> Locker:
    """Adds a locker.

    Raises:
        NumberTaken: There is one of this number.
    """
    values = {"number": domain.tidy(number), "place": domain.tidy(place)}
    made = _lockers.create(values)
    if not made:
        raise NumberTaken
    return made[0]


def change_locker(
    *, locker_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> Locker:
    """Renumbers or moves a locker, takes it out of use or brings it back.

    Raises:
        LockerMissing: There is no such locker.
        PreconditionFailed: It is another version by now.
        NumberTaken: There is one of the new number.
        LockerTaken: It is rented, so it cannot be taken out of use.
    """
    row = _lockers.get(locker_id, lock=True)
    require_version(row.version, expected_version)
    if "number" in changes:
        row.number = _free_number(row, domain.tidy(changes["number"]))
    if "place" in changes:
        row.place = domain.tidy(changes["place"])
    if "archived" in changes:
        if changes["archived"] and _rentals.is_taken(row.id):
            raise LockerTaken
        row.archived_at = utc_now() if changes["archived"] else None
    _lockers.save()
    return row


def find_rentals(*, page: int, limit: int, sort: Any, **wanted: Any) -> Page:
    """Returns a page of the rentals that the caller reaches."""
    return _rentals.listed(
        wanted=wanted, now=utc_now(), page=page, limit=limit, sort=sort
    )


def get_rental(*, rental_id: UUID) -> Rental:
    """Returns a rental.

    Raises:
        RentalMissing: There is no such rental.
        Forbidden: It is of a client whom the caller does not reach.
    """
    return _rentals.get(rental_id)


def rent_out(*, locker_id: UUID, client_id: UUID, due_at: datetime | None) -> Rental:
    """Gives a client a locker, against the deposit that the gym asks for.

    Raises:
        LockerMissing: There is no such locker.
        ClientUnknown: There is no such client.
        LockerArchived: The locker is out of use.
        LockerTaken: Somebody has it.
        DueInThePast: It would end before it begins.
        RentalRefused: Another plugin objects.
    """
    settings, now = _settings(), utc_now()
    # Locked, so that nobody takes it out of use meanwhile.
    locker = _lockers.get(locker_id, lock=True)
    if not hooks().client_exists(client_id=client_id):
        raise ClientUnknown
    if locker.archived_at is not None:
        raise LockerArchived
    until = due_at or domain.due_at(now, settings["days"])
    if until <= now:
        raise DueInThePast
    _require_no_objection(client_id)
    row = _rentals.create(
        {
            "locker_id": locker.id,
            "client_id": client_id,
            "lent_by": current().actor.user_id,
            "due_at": until,
            "deposit": settings["deposit"],
        }
    )
    if row is None:
        raise LockerTaken
    hooks().locker_rented(client_id=client_id, rental_id=row.id)
    emit(RentalStarted(row.id, locker.id, client_id))
    return row


def take_back(*, rental_id: UUID, kept: int) -> Rental:
    """Ends a rental and settles its deposit.

    Args:
        rental_id: Which.
        kept: What the gym keeps of the deposit, in minor units.

    Raises:
        RentalMissing: There is no such rental.
        AlreadyReturned: It ended before.
        MoreThanDeposit: More would be kept than was paid.
    """
    row = _rentals.get(rental_id, lock=True)
    if row.returned_at is not None:
        raise AlreadyReturned
    refunded = domain.refund(row.deposit, kept)
    if refunded is None:
        raise MoreThanDeposit
    row.returned_at, row.refunded = utc_now(), refunded
    _rentals.save()
    emit(RentalEnded(row.id, row.locker_id, row.client_id, refunded))
    return row


def remind_of_overdue() -> int:
    """Mails each client whose locker is overdue, once; returns how many."""
    now = utc_now()
    found = _rentals.to_remind(now - timedelta(days=_settings()["grace_days"]))
    for rental in found:
        send_mail(
            template="lockers.overdue",
            variables={"number": rental.number, "due_at": as_rfc3339(rental.due_at)},
            to_user_id=rental.client_id,
        )
    _rentals.reminded([rental.id for rental in found], now)
    return len(found)


def lockers_of(*, client_id: UUID) -> list[dict[str, Any]]:
    """A client's lockers, JSON-ready, for the page with all about them."""
    return [
        {
            "rentalId": str(rental.id),
            "number": rental.number,
            "dueAt": as_rfc3339(rental.due_at),
        }
        for rental in _rentals.of_client(client_id)
    ]


def figures() -> tuple[int, int]:
    """How many lockers are rented, and how many of those are overdue."""
    return _rentals.count(), _rentals.count_overdue(utc_now())


def left_by(person_id: UUID) -> Sequence[str]:
    """What the gym has to see to when a client is erased."""
    return [
        f"Locker {rental.number} has to be emptied; its deposit was {rental.deposit} in "
        "minor units."
        for rental in _rentals.of_client(person_id)
    ]


def fill_demo(clients: Sequence[UUID]) -> None:
    """Gives a demo gym two dozen lockers, a few of them rented and one overdue."""
    made = _lockers.create(
        *(
            {"number": f"{number:02}", "place": place}
            for place, first in (("Changing room 1", 1), ("Changing room 2", 13))
            for number in range(first, first + 12)
        )
    )
    now = utc_now()
    for number, client_id in enumerate(clients[:4]):
        _rentals.create(
            {
                "locker_id": made[number * 3].id,
                "client_id": client_id,
                "due_at": now + timedelta(days=10 * number - 5),
                "deposit": _settings()["deposit"],
            }
        )


def _settings() -> Mapping[str, Any]:
    settings: Mapping[str, Any] = current().require_gym().plugin_settings["lockers"]
    return settings


def _require_no_objection(client_id: UUID) -> None:
    told = hooks().locker_objections(client_id=client_id)
    reasons = list(chain.from_iterable(told))
    if reasons:
        raise RentalRefused(details={"reasons": reasons})


def _free_number(row: Locker, number: str) -> str:
    there = _lockers.numbered(number)
    if there is not None and there.id != row.id:
        raise NumberTaken
    return number
