"""Routes of lockers."""

from typing import Any
from uuid import UUID

from core.sdk.base import Forbidden, Page, PreconditionFailed
from core.sdk.http import Blueprint

from palestra_lockers import errors, permissions, schemas, service
from palestra_lockers.models import Locker, Rental

lockers = Blueprint(
    "lockers_units",
    prefix="/lockers/units",
    tag="Lockers",
    owner="lockers",
    description="Lockers, and who has them.",
)
rentals = Blueprint(
    "lockers_rentals",
    prefix="/lockers/rentals",
    tag="Lockers",
    owner="lockers",
    description="Lockers, and who has them.",
)

_LOCKER = {
    "id": "01890f3e-6b1c-7cc3-98c4-dc0c0c07398f",
    "number": "12",
    "place": "Changing room 1",
    "archivedAt": None,
    "version": 1,
}
_RENTAL = {
    "id": "01890f3e-6b1c-7cc3-98c4-dc0c0c073990",
    "lockerId": "01890f3e-6b1c-7cc3-98c4-dc0c0c07398f",
    "clientId": "01890f3e-6b1c-7cc3-98c4-dc0c0c073991",
    "dueAt": "2026-03-31T09:00:00Z",
    "returnedAt": None,
    "deposit": 2000,
    "refunded": None,
    "createdAt": "2026-03-01T09:00:00Z",
}


@lockers.get(
    summary="List lockers",
    permission=permissions.LOCKERS_READ,
    query=schemas.LockersLockerQuery,
    returns=schemas.LockersLocker,
    paged=True,
    example=[_LOCKER],
)
def list_lockers(query: dict[str, Any]) -> Page:
    """All in use; `free` asks for those that nobody has, or that somebody has."""
    return service.find_lockers(**query)


@lockers.post(
    summary="Add a locker",
    permission=permissions.LOCKERS_CREATE,
    body=schemas.LockersLockerNew,
    returns=schemas.LockersLocker,
    status=201,
    errors=(errors.NumberTaken,),
    example=_LOCKER,
    request_example={"number": "12", "place": "Changing room 1"},
)
def add_locker(body: dict[str, Any]) -> Locker:
    """Its number must be new."""
    return service.add_locker(**body)


@lockers.patch(
    "/<uuid:locker_id>",
    summary="Change a locker",
    permission=permissions.LOCKERS_UPDATE,
    body=schemas.LockersLockerChange,
    returns=schemas.LockersLocker,
    versioned=True,
    errors=(
        errors.LockerMissing,
        errors.NumberTaken,
        errors.LockerTaken,
        PreconditionFailed,
    ),
    example=_LOCKER,
    request_example={"place": "Changing room 1"},
)
def change_locker(
    locker_id: UUID, body: dict[str, Any], if_match: int | None
) -> Locker:
    """`archived` takes it out of use, or brings it back."""
    return service.change_locker(
        locker_id=locker_id, changes=body, expected_version=if_match
    )


@rentals.get(
    summary="List rentals",
    permission=permissions.RENTALS_READ,
    query=schemas.LockersRentalQuery,
    returns=schemas.LockersRental,
    paged=True,
    example=[_RENTAL],
)
def list_rentals(query: dict[str, Any]) -> Page:
    """Those of clients within reach."""
    return service.find_rentals(**query)


@rentals.post(
    summary="Rent a locker out",
    permission=permissions.RENTALS_CREATE,
    body=schemas.LockersRentalNew,
    returns=schemas.LockersRental,
    status=201,
    errors=(
        errors.LockerMissing,
        errors.ClientUnknown,
        errors.LockerArchived,
        errors.LockerTaken,
        errors.DueInThePast,
        errors.RentalRefused,
    ),
    example=_RENTAL,
    request_example={
        "lockerId": "01890f3e-6b1c-7cc3-98c4-dc0c0c07398f",
        "clientId": "01890f3e-6b1c-7cc3-98c4-dc0c0c073991",
    },
)
def rent_out(body: dict[str, Any]) -> Rental:
    """Against the deposit of the gym's settings, and for as many days as they say."""
    return service.rent_out(**body)


@rentals.get(
    "/<uuid:rental_id>",
    summary="Show a rental",
    permission=permissions.RENTALS_READ,
    returns=schemas.LockersRental,
    errors=(errors.RentalMissing, Forbidden),
    example=_RENTAL,
)
def show_rental(rental_id: UUID) -> Rental:
    return service.get_rental(rental_id=rental_id)


@rentals.post(
    "/<uuid:rental_id>/return",
    summary="Take a locker back",
    permission=permissions.RENTALS_END,
    body=schemas.LockersReturn,
    returns=schemas.LockersRental,
    errors=(
        errors.RentalMissing,
        errors.AlreadyReturned,
        errors.MoreThanDeposit,
        Forbidden,
    ),
    example={**_RENTAL, "returnedAt": "2026-03-20T09:00:00Z", "refunded": 2000},
    request_example={"kept": 0},
)
def take_back(rental_id: UUID, body: dict[str, Any]) -> Rental:
    """The deposit goes back, but for what is `kept` of it."""
    return service.take_back(rental_id=rental_id, **body)
