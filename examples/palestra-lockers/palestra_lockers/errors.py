"""What lockers refuses."""

from core.sdk.base import Conflict, NotFound, Unprocessable


class LockerMissing(NotFound):
    """There is no such locker in this gym."""

    code = "LOCKERS_LOCKER_NOT_FOUND"
    message = "There is no such locker."


class RentalMissing(NotFound):
    """There is no such rental in this gym."""

    code = "LOCKERS_RENTAL_NOT_FOUND"
    message = "There is no such rental."


class NumberTaken(Conflict):
    """A locker of this number is there already."""

    code = "LOCKERS_NUMBER_TAKEN"
    message = "There is a locker of this number already."


class LockerTaken(Conflict):
    """Somebody has the locker."""

    code = "LOCKERS_LOCKER_TAKEN"
    message = "Somebody has this locker."


class LockerArchived(Conflict):
    """The locker is out of use."""

    code = "LOCKERS_LOCKER_ARCHIVED"
    message = "This locker is out of use."


class RentalRefused(Conflict):
    """Another plugin objects; ``details.reasons`` says why."""

    code = "LOCKERS_RENTAL_REFUSED"
    message = "This client cannot have a locker now."


class AlreadyReturned(Conflict):
    """The locker was given back before."""

    code = "LOCKERS_RENTAL_ENDED"
    message = "This locker was given back already."


class ClientUnknown(Unprocessable):
    """Nobody of this id is a client of this gym."""

    code = "LOCKERS_CLIENT_UNKNOWN"
    message = "There is no such client in this gym."


class MoreThanDeposit(Unprocessable):
    """More would be kept than was paid."""

    code = "LOCKERS_MORE_THAN_DEPOSIT"
    message = "No more than the deposit can be kept."


class DueInThePast(Unprocessable):
    """A rental would end before it begins."""

    code = "LOCKERS_DUE_IN_THE_PAST"
    message = "A rental ends later than now."
