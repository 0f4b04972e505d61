"""Wire shapes of lockers."""

from typing import Any

from core.sdk.http import (
    Line,
    Moment,
    PageQuery,
    Schema,
    Sort,
    fields,
    validate,
)

MAX_NUMBER, MAX_PLACE, MAX_DAYS, MAX_MONEY = 20, 100, 3650, 10_000_000


def _money(**options: Any) -> fields.Integer:
    return fields.Integer(validate=validate.Range(min=0, max=MAX_MONEY), **options)


class LockersSettings(Schema):
    """What a gym may set."""

    deposit = _money(load_default=2000, metadata={"description": "In minor units."})
    days = fields.Integer(
        load_default=30,
        validate=validate.Range(min=1, max=MAX_DAYS),
        metadata={"description": "For how long a locker is rented unless said."},
    )
    grace_days = fields.Integer(
        load_default=1,
        validate=validate.Range(min=0, max=MAX_DAYS),
        metadata={"description": "Days after the last one until a mail is sent."},
    )


class LockersLocker(Schema):
    """A locker as it is shown."""

    id = fields.UUID(required=True)
    number = Line(required=True, maximum=MAX_NUMBER)
    place = Line(required=True, maximum=MAX_PLACE)
    archived_at = Moment(allow_none=True)
    version = fields.Integer(required=True)


class LockersLockerNew(Schema):
    """A locker to add."""

    number = Line(required=True, maximum=MAX_NUMBER)
    place = Line(required=True, maximum=MAX_PLACE)


class LockersLockerChange(Schema):
    """What to change of a locker; the rest stays."""

    number = Line(maximum=MAX_NUMBER)
    place = Line(maximum=MAX_PLACE)
    archived = fields.Boolean()


class LockersLockerQuery(PageQuery):
    """Which lockers to list."""

    free = fields.Boolean(load_default=None)
    archived = fields.Boolean(load_default=False)
    sort = Sort("number", "place", default="number")


class LockersRental(Schema):
    """A rental as it is shown; money in minor units."""

    id = fields.UUID(required=True)
    locker_id = fields.UUID(required=True)
    client_id = fields.UUID(required=True)
    due_at = Moment(required=True)
    returned_at = Moment(allow_none=True)
    deposit = fields.Integer(required=True)
    refunded = fields.Integer(allow_none=True)
    created_at = Moment(required=True)


class LockersRentalNew(Schema):
    """A rental to begin."""

    locker_id = fields.UUID(required=True)
    client_id = fields.UUID(required=True)
    due_at = Moment(allow_none=True, load_default=None)


class LockersReturn(Schema):
    """How a rental ends."""

    kept = _money(load_default=0, metadata={"description": "Of the deposit."})


class LockersRentalQuery(PageQuery):
    """Which rentals to list."""

    client_id = fields.UUID(load_default=None)
    open = fields.Boolean(load_default=False)
    overdue = fields.Boolean(load_default=False)
    sort = Sort("due_at", "created_at", default="dueAt")
