"""Wire shapes of passes."""

from datetime import date
from typing import Any, Final

from core.sdk.http import (
    Line,
    Moment,
    PageQuery,
    RuleBroken,
    Schema,
    Sort,
    Text,
    fields,
    validate,
    validates_schema,
)
from plugins.passes.domain.kinds import (
    OF_CODES,
    Entry,
    Kind,
    Per,
    ProductKind,
    State,
    ValidFrom,
)

MAX_COUNT: Final = 10_000
MAX_USES: Final = 1000
MAX_DAYS: Final = 3650
MAX_TO_ONE: Final = 50
"""Codes that one client is given at once; they all stand in one message."""

MAX_PAUSE_DAYS: Final = 366
_YEARS: Final = range(2000, 2200)


def _word(kinds: Any, **options: Any) -> fields.Enum[Any]:
    return fields.Enum(kinds, by_value=True, metadata={"type": "string"}, **options)


def _says(kinds: Any) -> fields.String:
    return fields.String(
        allow_none=True, validate=validate.OneOf([*(one.value for one in kinds), None])
    )


def _whole(
    minimum: int, maximum: int, about: str = "", **options: Any
) -> fields.Integer:
    return fields.Integer(
        validate=validate.Range(min=minimum, max=maximum),
        metadata={"description": about} if about else {},
        **options,
    )


def _yes(**options: Any) -> fields.Boolean:
    return fields.Boolean(truthy={True}, falsy={False}, **options)


def _in_calendar(day: date) -> None:
    if day.year not in _YEARS:
        raise RuleBroken("Give a date from 2000 to 2199.")


def _reason(**options: Any) -> Line:
    return Line(maximum=500, required=True, **options)


class NewPassesSchema(Schema):
    """A wish for codes."""

    count = _whole(1, MAX_COUNT, required=True)
    expires_in_days = _whole(
        1,
        MAX_DAYS,
        "They can be redeemed through so many days after today, in the gym's zone.",
        required=True,
    )
    uses = _whole(1, MAX_USES, "Of each; 1 when left out, or as the product says.")
    kind = fields.String(
        validate=validate.OneOf([one.value for one in OF_CODES]),
        metadata={"description": "`free` when left out, or as the product says."},
    )
    client_id = fields.UUID(
        metadata={
            "description": f"Who holds them all, at most {MAX_TO_ONE}; else whoever "
            "redeems one."
        }
    )
    product_id = fields.UUID(
        metadata={"description": "A pack whose terms they have, instead of uses, kind."}
    )

    @validates_schema
    def _fitting(self, data: dict[str, Any], **_options: Any) -> None:
        if "product_id" in data and {"uses", "kind"} & data.keys():
            raise RuleBroken("The product says uses and kind.", "productId")
        if "client_id" in data and data["count"] > MAX_TO_ONE:
            raise RuleBroken(f"One client gets at most {MAX_TO_ONE} at once.", "count")


class BatchSchema(Schema):
    """Codes that were generated together."""

    batch_id = fields.UUID()
    kind = fields.String()
    uses = fields.Integer(attribute="remaining")
    client_id = fields.UUID(allow_none=True)
    product_id = fields.UUID(allow_none=True)
    expires_at = Moment()
    codes = fields.List(fields.String())


class PassSchema(Schema):
    """What somebody holds."""

    id = fields.UUID()
    code = fields.String(
        allow_none=True,
        metadata={"description": "For its holder and for who manages passes."},
    )
    kind = fields.String(validate=validate.OneOf([kind.value for kind in Kind]))
    status = fields.String(validate=validate.OneOf([one.value for one in State]))
    client_id = fields.UUID(allow_none=True)
    product_id = fields.UUID(allow_none=True)
    batch_id = fields.UUID(allow_none=True)
    remaining = fields.Integer(
        allow_none=True,
        metadata={"description": "Uses left; null where they are not counted down."},
    )
    allowance = fields.Integer(allow_none=True)
    allowance_per = _says(Per)
    starts_at = Moment()
    expires_at = Moment(allow_none=True)
    valid_days = fields.Integer(
        allow_none=True,
        metadata={"description": "Days that begin with the first use."},
    )
    renews = fields.Boolean()
    paused_from = fields.Date(allow_none=True)
    paused_until = fields.Date(allow_none=True)
    blocked = fields.Boolean()
    blocked_reason = fields.String(allow_none=True)
    version = fields.Integer()
    created_at = Moment()
    updated_at = Moment()


class PassesQuery(PageQuery):
    """The query of the list of passes."""

    status = _word(State)
    client_id = fields.UUID()
    kind = _word(Kind)
    batch_id = fields.UUID()
    sort = Sort("created_at", "expires_at", "kind", default="createdAt:desc")


class RedemptionSchema(Schema):
    """A code, and what it shall pay for."""

    code = Line(
        maximum=64,
        required=True,
        metadata={
            "description": "Any case, with or without hyphens; O counts as 0, I and L "
            "count as 1."
        },
    )
    session_id = fields.UUID(
        metadata={"description": "The session that it pays for; none at the desk."}
    )
    client_id = fields.UUID(
        metadata={"description": "Who shall hold a pass that nobody holds."}
    )


class NewGrantSchema(Schema):
    """A pack or membership for a client."""

    client_id = fields.UUID(required=True)
    product_id = fields.UUID(required=True)
    starts_on = fields.Date(
        validate=_in_calendar,
        metadata={"description": "Its first day, in the gym's zone; else today."},
    )


class AdjustmentSchema(Schema):
    """Uses to add, or to take away."""

    uses = _whole(-10_000, 10_000, required=True)
    reason = _reason()

    @validates_schema
    def _moves(self, data: dict[str, Any], **_options: Any) -> None:
        if data["uses"] == 0:
            raise RuleBroken("Say how many uses to add or take away.", "uses")


class PauseSchema(Schema):
    """The dates of a pause, both included, in the gym's zone."""

    first = fields.Date(required=True, data_key="from", validate=_in_calendar)
    last = fields.Date(required=True, data_key="until", validate=_in_calendar)

    @validates_schema
    def _bounded(self, data: dict[str, date], **_options: Any) -> None:
        if not 0 <= (data["last"] - data["first"]).days < MAX_PAUSE_DAYS:
            raise RuleBroken(
                f"A pause lasts 1 to {MAX_PAUSE_DAYS} days, the first one first.",
                "until",
            )


class BlockSchema(Schema):
    """Why a pass is blocked."""

    reason = _reason()


class LedgerEntrySchema(Schema):
    """A movement of uses."""

    id = fields.UUID()
    kind = fields.String(validate=validate.OneOf([one.value for one in Entry]))
    uses = fields.Integer()
    balance = fields.Integer(allow_none=True)
    session_id = fields.UUID(allow_none=True)
    reason = fields.String(allow_none=True)
    created_at = Moment()


class LedgerQuery(PageQuery):
    """The query of a ledger."""

    sort = Sort("created_at", default="createdAt")


class ProductSchema(Schema):
    """A pack or a membership that the gym offers."""

    id = fields.UUID()
    name = fields.String()
    description = fields.String(allow_none=True)
    kind = fields.String(validate=validate.OneOf([one.value for one in ProductKind]))
    uses = fields.Integer(allow_none=True)
    valid_days = fields.Integer(allow_none=True)
    valid_from = _says(ValidFrom)
    period_months = fields.Integer(allow_none=True)
    renews = fields.Boolean()
    allowance = fields.Integer(allow_none=True)
    allowance_per = _says(Per)
    archived_at = Moment(allow_none=True)
    version = fields.Integer()
    created_at = Moment()
    updated_at = Moment()


_OF_PACKS = frozenset({"uses", "valid_days", "valid_from"})
_OF_MEMBERSHIPS = frozenset({"period_months", "renews", "allowance", "allowance_per"})


class NewProductSchema(Schema):
    """A product to offer."""

    name = Line(maximum=200, required=True)
    description = Text(maximum=2000, allow_none=True)
    kind = fields.String(
        required=True,
        validate=validate.OneOf([one.value for one in ProductKind]),
    )
    uses = _whole(1, MAX_USES, "Sessions of a pack.")
    valid_days = _whole(1, MAX_DAYS, "Days a pack is good for, the first included.")
    valid_from = fields.String(
        validate=validate.OneOf([one.value for one in ValidFrom]),
        metadata={"description": "From when the days of a pack count."},
    )
    period_months = _whole(1, 60, "Length of a membership's period.")
    renews = _yes(
        metadata={"description": "Whether a membership goes on after each period."}
    )
    allowance = _whole(1, 100, "Sessions of a membership; any number when left out.")
    allowance_per = fields.String(
        validate=validate.OneOf([one.value for one in Per]),
        metadata={"description": "For which stretch the allowance counts."},
    )

    @validates_schema
    def _whole_terms(self, data: dict[str, Any], **_options: Any) -> None:
        if data["kind"] == ProductKind.PACK:
            needed, foreign = _OF_PACKS, _OF_MEMBERSHIPS
        else:
            needed, foreign = frozenset({"period_months"}), _OF_PACKS
        if needed - data.keys() or foreign & data.keys():
            raise RuleBroken(
                "A pack has uses, validDays and validFrom; a membership periodMonths, "
                "and renews, allowance and allowancePer if it likes.",
                "kind",
            )
        if ("allowance" in data) != ("allowance_per" in data):
            raise RuleBroken("Give allowance and allowancePer together.", "allowance")


class ProductChanges(Schema):
    """What to change of a product; its terms stay."""

    name = Line(maximum=200)
    description = Text(maximum=2000, allow_none=True)
    archived = _yes()


class ProductsQuery(PageQuery):
    """The query of the list of products."""

    kind = fields.String(validate=validate.OneOf([one.value for one in ProductKind]))
    archived = fields.Boolean(
        load_default=False,
        metadata={"description": "Those that are archived, instead of the others."},
    )
    sort = Sort("name", "created_at", default="name")
