"""Wire shapes of milestones."""

from datetime import date
from typing import Any

from marshmallow import post_load

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
)
from plugins.milestones.domain.gifts import (
    MAX_DAYS,
    MAX_USES,
    GiftChannel,
    GiftKind,
    GiftStatus,
    GiftTerms,
)
from plugins.milestones.domain.rules import MAX_AMOUNT, Rule, RuleKind

MAX_GIFTS_NAMED = 200
"""How many gifts one call names."""

_YEARS = range(1990, 2200)


def _in_calendar(value: date | None) -> None:
    """Refuses dates of other centuries.

    Raises:
        RuleBroken: The year is none in which a gym counts.
    """
    if value is not None and value.year not in _YEARS:
        raise RuleBroken(f"Give a year from {_YEARS.start} to {_YEARS.stop - 1}.")


def _words(kind: type[Any], **options: Any) -> fields.Enum[Any]:
    return fields.Enum(kind, by_value=True, metadata={"type": "string"}, **options)


def _whole(most: int, meaning: str, **options: Any) -> fields.Integer:
    return fields.Integer(
        validate=validate.Range(min=1, max=most),
        metadata={"description": meaning},
        **options,
    )


def _day(meaning: str, **options: Any) -> fields.Date:
    return fields.Date(
        allow_none=True,
        validate=_in_calendar,
        metadata={"description": f"{meaning}, in the gym's time zone."},
        **options,
    )


def _threshold(**options: Any) -> fields.Integer:
    return _whole(MAX_AMOUNT, "The sum, or the weeks in a row, it takes.", **options)


def _repeat(**options: Any) -> fields.Integer:
    meaning = "How much more it takes each further time; null: once."
    return _whole(MAX_AMOUNT, meaning, allow_none=True, **options)


def _window(**options: Any) -> fields.Integer:
    meaning = "Only what lies within so many dates is added up; null: all."
    return _whole(3650, meaning, allow_none=True, **options)


class RuleSchema(Schema):
    """When a milestone is reached."""

    kind = _words(RuleKind, load_default=RuleKind.COUNT)
    counter = Text(
        minimum=1,
        maximum=64,
        pattern="^[a-z][a-z0-9_]*$",
        required=True,
        metadata={"description": "A name that `GET /milestones/counters` lists."},
    )
    threshold = _threshold(required=True)
    repeat_every = _repeat(load_default=None)
    window_days = _window(load_default=None)
    counts_from = _day("The first date that counts", load_default=None)
    counts_until = _day("The last date that counts", load_default=None)

    @post_load
    def _made(self, data: dict[str, Any], **_options: Any) -> Rule:
        return Rule(**data)


class RuleChanges(Schema):
    """What to change of a rule; kind and counter stay."""

    threshold = _threshold()
    repeat_every = _repeat()
    window_days = _window()
    counts_from = _day("The first date that counts")
    counts_until = _day("The last date that counts")


def _text(**options: Any) -> Text:
    return Text(maximum=2000, allow_none=True, **options)


def _uses(**options: Any) -> fields.Integer:
    meaning = "How many sessions a pass is good for."
    return _whole(MAX_USES, meaning, allow_none=True, **options)


def _days(**options: Any) -> fields.Integer:
    return _whole(MAX_DAYS, "How long a pass is good.", allow_none=True, **options)


def _channels(**options: Any) -> fields.List[Any]:
    return fields.List(
        _words(GiftChannel), validate=validate.Length(max=len(GiftChannel)), **options
    )


class GiftTermsSchema(Schema):
    """What is given to whoever reaches a milestone."""

    kind = _words(GiftKind, required=True)
    text = _text(load_default=None)
    uses = _uses(load_default=None)
    expires_in_days = _days(load_default=None)
    channels = _channels(load_default=list)

    @post_load
    def _made(self, data: dict[str, Any], **_options: Any) -> GiftTerms:
        channels = tuple(dict.fromkeys(data.pop("channels")))
        return GiftTerms(channels=channels, **data)


class GiftTermsChanges(Schema):
    """What to change of what is given; gifts that were made stay as they are."""

    kind = _words(GiftKind)
    text = _text()
    uses = _uses()
    expires_in_days = _days()
    channels = _channels()

    @post_load
    def _unique(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        if "channels" in data:
            data["channels"] = tuple(dict.fromkeys(data["channels"]))
        return data


class DefinitionSchema(Schema):
    """A milestone."""

    id = fields.UUID()
    title = fields.String()
    description = fields.String(allow_none=True)
    rule = fields.Nested(RuleSchema)
    gift = fields.Nested(GiftTermsSchema)
    archived = fields.Boolean()
    version = fields.Integer()
    created_at = Moment()
    updated_at = Moment()


class NewDefinition(Schema):
    """A milestone to add."""

    title = Line(maximum=200, required=True)
    description = Text(maximum=2000, allow_none=True, load_default=None)
    rule = fields.Nested(RuleSchema, required=True)
    gift = fields.Nested(GiftTermsSchema, load_default=GiftTerms)


class DefinitionChanges(Schema):
    """What to change of a milestone; what is not named stays."""

    title = Line(maximum=200)
    description = Text(maximum=2000, allow_none=True)
    rule = fields.Nested(RuleChanges)
    gift = fields.Nested(GiftTermsChanges)
    archived = fields.Boolean()


class DefinitionsQuery(PageQuery):
    """The query of the list of milestones."""

    archived = fields.Boolean(
        load_default=None, metadata={"description": "Left out: both."}
    )
    sort = Sort("created_at", "title", default="createdAt")


class CounterSchema(Schema):
    """Something that can be counted."""

    name = fields.String()
    title = fields.String()
    unit = fields.String()


class ProgressSchema(Schema):
    """How a client stands with a milestone."""

    definition_id = fields.UUID()
    client_id = fields.UUID()
    title = fields.String()
    kind = _words(RuleKind)
    counter = fields.String()
    current = fields.Integer()
    threshold = fields.Integer()
    percent = fields.Integer()
    times_achieved = fields.Integer()
    achieved_at = Moment(allow_none=True)


class ProgressQuery(PageQuery):
    """Whose progress."""

    client_id = fields.UUID(
        load_default=None, metadata={"description": "Left out by a client: their own."}
    )
    sort = Sort("created_at", "title", default="createdAt")


class AchievementSchema(Schema):
    """That a client reached a milestone."""

    id = fields.UUID()
    client_id = fields.UUID()
    definition_id = fields.UUID()
    occurrence = fields.Integer()
    achieved_at = Moment()


class AchievementsQuery(PageQuery):
    """The query of the list of what was reached."""

    client_id = fields.UUID()
    definition_id = fields.UUID()
    sort = Sort("achieved_at", default="achievedAt:desc")


class EvaluateBody(Schema):
    """Whom to evaluate."""

    client_id = fields.UUID(
        load_default=None, metadata={"description": "Left out: everybody, by job."}
    )


class EvaluatedSchema(Schema):
    """What an evaluation did."""

    achieved = fields.Integer()
    queued = fields.Boolean()


class GiftSchema(Schema):
    """A gift."""

    id = fields.UUID()
    client_id = fields.UUID()
    definition_id = fields.UUID()
    occurrence = fields.Integer()
    title = fields.String()
    note = fields.String(allow_none=True)
    gift = fields.Nested(GiftTermsSchema)
    status = fields.String(validate=validate.OneOf([one.value for one in GiftStatus]))
    failure = fields.String(allow_none=True)
    pass_id = fields.UUID(allow_none=True)
    settled_at = Moment(allow_none=True)
    created_at = Moment()


class NewGift(Schema):
    """A gift to make by hand."""

    client_id = fields.UUID(required=True)
    definition_id = fields.UUID(required=True)
    note = Text(maximum=1000, allow_none=True, load_default=None)


class GiftsQuery(PageQuery):
    """The query of the list of gifts."""

    status = _words(GiftStatus)
    client_id = fields.UUID()
    sort = Sort("created_at", default="createdAt:desc")


class DispatchBody(Schema):
    """Which gifts to hand over."""

    gift_ids = fields.List(
        fields.UUID(),
        load_default=None,
        validate=validate.Length(min=1, max=MAX_GIFTS_NAMED),
        metadata={"description": "Left out: those that wait, the oldest first."},
    )


class QueuedSchema(Schema):
    """How many gifts were queued, and how many wait besides."""

    queued = fields.Integer()
    left = fields.Integer()


class MilestonesSettings(Schema):
    """What a gym sets of milestones."""

    auto_dispatch = fields.Boolean(
        load_default=True,
        metadata={"description": "Whether gifts are handed over as they are made."},
    )
