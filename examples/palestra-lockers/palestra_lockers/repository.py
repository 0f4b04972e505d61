"""All SQL of lockers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from core.sdk.base import Page, SortKey
from core.sdk.data import (
    Listing,
    Repository,
    Statement,
    Updating,
    among,
    given,
    insert_new,
)
from sqlalchemy import and_, func, select

from palestra_lockers.errors import LockerMissing, RentalMissing
from palestra_lockers.models import Locker, Rental

_OUT = select(Rental.locker_id).where(Rental.returned_at.is_(None))

_LOCKERS = Listing(
    select(Locker),
    {
        "archived": Locker.archived_at.is_not(None),
        "in_use": Locker.archived_at.is_(None),
        "free": Locker.id.not_in(_OUT),
        "taken": Locker.id.in_(_OUT),
    },
)
_NUMBERED = Statement(select(Locker).where(Locker.number == given("number")))
_TAKEN = Statement(
    select(Rental.id)
    .where(Rental.locker_id == given("locker_id"), Rental.returned_at.is_(None))
    .limit(1)
)
_RENTALS = Listing(
    select(Rental),
    {
        "client_id": Rental.client_id == given("client_id"),
        "open": Rental.returned_at.is_(None),
        "overdue": and_(Rental.returned_at.is_(None), Rental.due_at < given("overdue")),
    },
)

_NUMBERS = (
    select(Rental.id, Rental.client_id, Rental.due_at, Rental.deposit, Locker.number)
    .join(Locker, Locker.id == Rental.locker_id)
    .where(Rental.returned_at.is_(None))
)
_OF_CLIENT = Statement(
    _NUMBERS.where(Rental.client_id == given("client_id")).order_by(Locker.number)
)
_TO_REMIND = Statement(
    _NUMBERS.where(
        Rental.reminded_at.is_(None), Rental.due_at < given("before")
    ).order_by(Rental.due_at)
)
_REMINDED = Updating(
    Rental, among(Rental.id, "ids"), values={"reminded_at": given("now")}
)
_OPEN = select(func.count()).select_from(Rental).where(Rental.returned_at.is_(None))
_COUNT = Statement(_OPEN)
_COUNT_OVERDUE = Statement(_OPEN.where(Rental.due_at < given("now")))


class LockerRepository(Repository[Locker]):
    """Lockers."""

    model = Locker
    missing = LockerMissing
    sorts: ClassVar = {"number": Locker.number, "place": Locker.place}

    def create(self, *values: Mapping[str, Any]) -> list[Locker]:
        """Writes lockers, leaving out those whose number is taken."""
        return insert_new(self.session, Locker, values)

    def numbered(self, number: str) -> Locker | None:
        """The locker of that number."""
        found: Locker | None = self.session.read_one(_NUMBERED, number=number)
        return found

    def listed(
        self,
        *,
        free: bool | None,
        archived: bool,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
    ) -> Page:
        """A page of the lockers in use or of those archived; free or taken ones."""
        wanted = {
            "archived" if archived else "in_use": True,
            "free": free or None,
            "taken": True if free is False else None,
        }
        return self.page(_LOCKERS, wanted, page=page, limit=limit, sort=sort)

    def save(self) -> None:
        """Writes what was changed now."""
        self.session.flush()


class RentalRepository(Repository[Rental]):
    """Rentals."""

    model = Rental
    missing = RentalMissing
    sorts: ClassVar = {"due_at": Rental.due_at, "created_at": Rental.created_at}

    def create(self, values: Mapping[str, Any]) -> Rental | None:
        """Writes a rental; None when somebody has the locker."""
        written = insert_new(self.session, Rental, [values])
        return written[0] if written else None

    def is_taken(self, locker_id: UUID) -> bool:
        """Whether somebody has the locker."""
        return self.session.read_one(_TAKEN, locker_id=locker_id) is not None

    def listed(
        self,
        *,
        wanted: Mapping[str, Any],
        now: datetime,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
    ) -> Page:
        """A page of the rentals that the actor reaches."""
        filters = {
            "client_id": wanted["client_id"],
            "open": wanted["open"] or None,
            "overdue": now if wanted["overdue"] else None,
        }
        return self.page(_RENTALS, filters, page=page, limit=limit, sort=sort)

    def of_client(self, client_id: UUID) -> list[Any]:
        """Columns of a client's open rentals, each with the locker's number."""
        return self.session.read(_OF_CLIENT, client_id=client_id)

    def to_remind(self, before: datetime) -> list[Any]:
        """Columns of open rentals due before a moment and not reminded of."""
        return self.session.read(_TO_REMIND, before=before)

    def reminded(self, ids: list[UUID], now: datetime) -> None:
        """Notes that the clients of these rentals were reminded."""
        _REMINDED.run(self.session, ids=ids, now=now)

    def count(self) -> int:
        """How many lockers are rented."""
        return int(self.session.read_value(_COUNT))

    def count_overdue(self, now: datetime) -> int:
        """How many lockers are overdue at a moment."""
        return int(self.session.read_value(_COUNT_OVERDUE, now=now))

    def save(self) -> None:
        """Writes what was changed now."""
        self.session.flush()
