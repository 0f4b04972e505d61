"""A compiled shape takes what marshmallow takes, and leaves it every refusal."""

import enum
from collections.abc import Callable
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import (
    fields,
    post_load,
    pre_load,
    validate,
    validates,
    validates_schema,
)
from typing_extensions import override

from core.http.schema import Line, Moment, PageQuery, RuleBroken, Schema, Sort, Text
from core.http.shapes.loading import loader
from core.http.shapes.reading import Refused
from tests.core.http.shapes.told import loaded

ID = "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6b13"


class Level(enum.StrEnum):
    LOW = "low"
    HIGH = "high"


class Rank(enum.Enum):
    FIRST = 1


class Inner(Schema):
    name = Line(required=True, maximum=5)
    at = Moment()


class Picky(fields.String):
    @override
    def _validate(self, value: Any) -> None:
        if value != "x":
            raise ma.ValidationError("Not x.")


class Loud(fields.String):
    @override
    def deserialize(self, value: Any, *given: Any, **more: Any) -> Any:
        return str(super().deserialize(value, *given, **more)).upper()


ANYTHING: list[Any] = [
    *(None, True, False, 0, 1, 5, 5.0, 5.5, -1, 2**63, 2**80, "", "x", "5", "-5"),
    *(
        "true",
        "false",
        "yes",
        "1",
        " a ",
        "a\n",
        "\u0661",
        "+5",
        "5.0",
        "1e3",
        "low",
        "LOW",
    ),
    *(ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", f" {ID}"),
    *("2026-03-01", "20260301", "2026-W10-1", "2026-02-30", "2026-03-01T09:00:00"),
    *("2026-03-01T09:00:00Z", "2026-03-01t09:00:00.123456789z"),
    *("2026-03-01T09:00:00+05:45", "2026-03-01T25:00:00Z", "0001-01-01T00:00:00+09:00"),
    *("name", "name:desc,at", "name:up", "a@example.com", "https://example.com"),
    *([], [1, 2], ["5"], [None], [[1]], [ID], [{"name": "a"}], [{"nope": 1}]),
    *({}, {"a": 1}, {"a": None}, {"name": "a"}, {"name": " "}, {"name": "a", "x": 1}),
    {"name": "a", "at": "2026-03-01T09:00:00Z"},
    {ID: "2026-03-01"},
]

FIELDS: dict[str, Callable[..., fields.Field[Any]]] = {
    "string": fields.String,
    "text": lambda **more: Text(minimum=1, maximum=4, pattern="^[a-z5]+$", **more),
    "line": lambda **more: Line(maximum=4, **more),
    "blank line": lambda **more: Line(blank=True, **more),
    "url": fields.Url,
    "email": fields.Email,
    "choice": lambda **more: fields.String(
        validate=validate.OneOf(["low", "x"]), **more
    ),
    "integer": fields.Integer,
    "strict integer": lambda **more: fields.Integer(strict=True, **more),
    "bounded": lambda **more: fields.Integer(validate=validate.Range(1, 5), **more),
    "bounded apart": lambda **more: fields.Integer(
        validate=validate.Range(max=5, max_inclusive=False), **more
    ),
    "unbounded": lambda **more: fields.Integer(
        validate=[validate.Range(), validate.Range(min=0)], **more
    ),
    "float": fields.Float,
    "decimal": fields.Decimal,
    "boolean": fields.Boolean,
    "truth": lambda **more: fields.Boolean(truthy={True}, falsy={False}, **more),
    "odd truth": lambda **more: fields.Boolean(truthy={"x"}, falsy={True}, **more),
    "any truth": lambda **more: fields.Boolean(truthy=set(), **more),
    "uuid": fields.UUID,
    "date": fields.Date,
    "date of a form": lambda **more: fields.Date(format="%Y-%m-%d", **more),
    "time": fields.Time,
    "datetime": fields.DateTime,
    "moment": Moment,
    "sort": lambda **_more: Sort("name", "at", default="name"),
    "enum": lambda **more: fields.Enum(Level, **more),
    "enum by value": lambda **more: fields.Enum(Level, by_value=True, **more),
    "enum of numbers": lambda **more: fields.Enum(Rank, by_value=True, **more),
    "enum by field": lambda **more: fields.Enum(
        Level, by_value=fields.String(), **more
    ),
    "nested": lambda **more: fields.Nested(Inner, **more),
    "nested, loose": lambda **more: fields.Nested(Inner, unknown=ma.EXCLUDE, **more),
    "nested many": lambda **more: fields.Nested(Inner, many=True, **more),
    "list": lambda **more: fields.List(
        fields.Integer(validate=validate.Range(max=1)), **more
    ),
    "list of any": lambda **more: fields.List(fields.Raw(allow_none=True), **more),
    "list of lists": lambda **more: fields.List(fields.List(fields.Integer()), **more),
    "list of nested": lambda **more: fields.List(
        fields.Nested(Inner), validate=validate.Length(max=1), **more
    ),
    "list of ids": lambda **more: fields.List(fields.UUID(), **more),
    "dict": fields.Dict,
    "dict of numbers": lambda **more: fields.Dict(
        keys=Text(maximum=1), values=fields.Integer(), **more
    ),
    "dict by id": lambda **more: fields.Dict(
        keys=fields.UUID(), values=fields.Date(), **more
    ),
    "raw": fields.Raw,
    "pluck": lambda **more: fields.Pluck(Inner, "name", **more),
    "constant": lambda **_more: fields.Constant(5),
    "function": lambda **_more: fields.Function(deserialize=lambda value: [value]),
    "picky": Picky,
    "loud": Loud,
    "with steps": lambda **more: fields.String(
        pre_load=str, post_load=str.upper, **more
    ),
}
WAYS: list[dict[str, Any]] = [
    {},
    {"required": True},
    {"allow_none": True},
    {"load_default": None},
    {"load_default": " 5 "},
    {"load_default": list},
]


@pytest.mark.parametrize("where", ["query", "body"])
@pytest.mark.parametrize("name", FIELDS)
def test_every_type_is_read_as_by_marshmallow(name: str, where: str) -> None:
    for way in WAYS:
        field = FIELDS[name](**way)
        schema = type("In", (Schema,), {"a_value": field})()
        texts = [value for value in ANYTHING if isinstance(value, str)]
        for value in texts if where == "query" else ANYTHING:
            quick, own = loaded(schema, {"aValue": value}, where)
            assert quick == own, (way, value)
        for data in ({}, {"a_value": "x"}, {"other": "x"}, {"aValue": "x", "b": "y"}):
            quick, own = loaded(schema, data, where)
            assert quick == own, (way, data)


@pytest.mark.parametrize("data", [None, [], [{}], "x", 5, True])
def test_what_is_no_object_is_refused_alike(data: Any) -> None:
    quick, own = loaded(Inner(), data, "body")
    assert quick == own
    assert str(own).startswith("ValidationFailed")


class Ranged(Schema):
    low = fields.Integer(required=True)
    high = fields.Integer(required=True)

    @validates_schema
    def _ordered(self, data: dict[str, Any], **_options: Any) -> None:
        if data["low"] > data["high"]:
            raise RuleBroken("The lower one first.", "low")

    @validates_schema(pass_original=True)
    def _spelt(self, _data: Any, given: dict[str, Any], **_options: Any) -> None:
        if len(given) != 2:
            raise ma.ValidationError("Both.")


class Made(Ranged):
    @post_load(pass_collection=True)
    def _first(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {**data, "told": sorted(options.items())}

    @post_load(pass_original=True)
    def _after(self, data: Any, given: Any, **_options: Any) -> Any:
        return (list(data.items()), given)


class Holder(Schema):
    ranges = fields.List(fields.Nested(Made), required=True)


@pytest.mark.parametrize(
    "given",
    [{"low": 1, "high": 2}, {"low": 2, "high": 1}, {"low": 1}, {"low": 1, "high": "x"}],
)
def test_what_a_schema_says_of_the_whole_counts(given: Any) -> None:
    for schema in (Ranged(), Made(), Made(unknown=ma.EXCLUDE)):
        quick, own = loaded(schema, given, "body")
        assert quick == own
    quick, own = loaded(Holder(), {"ranges": [given, {"low": 0, "high": 0}]}, "body")
    assert quick == own


def test_a_whole_that_is_in_order_needs_no_marshmallow() -> None:
    given = {"low": 1, "high": 2}
    assert loader(Ranged(), "body")(given) == given
    assert loader(Made(), "body")(given) == Made().load(given)
    with pytest.raises(ma.ValidationError):
        loader(Ranged(), "body")({"low": 2, "high": 1})


class Before(Schema):
    name = fields.String()

    @pre_load
    def _before(self, _data: Any, **_options: Any) -> Any:
        return {"name": "told"}


class Each(Schema):
    name = fields.String()

    @validates("name")
    def _short(self, value: str, **_options: Any) -> None:
        if len(value) > 3:
            raise ma.ValidationError("Too long.")


class Deep(Schema):
    name = fields.String(attribute="inner.name")


@pytest.mark.parametrize(
    "schema",
    [
        Before(),
        Each(),
        Deep(),
        Inner(unknown=ma.INCLUDE),
        Inner(partial=True),
        Inner(many=True),
    ],
    ids=["before", "each", "deep", "include", "partial", "many"],
)
def test_what_is_not_understood_is_left_to_marshmallow(schema: ma.Schema) -> None:
    for data in ({"name": "a"}, {"name": "long"}, {}, {"other": 1}, [{"name": "a"}]):
        with pytest.raises(Refused):
            loader(schema, "body")(data)
        quick, own = loaded(schema, data, "body")
        assert quick == own


def test_a_default_is_made_anew_for_each() -> None:
    class In(Schema):
        words = fields.List(fields.String(), load_default=list)

    load = loader(In(), "body")
    load({})["words"].append("x")
    assert load({}) == {"words": []}


class ThingsQuery(PageQuery):
    sort = Sort("name", "created_at", default="createdAt:desc")
    coach_id = fields.UUID()
    day = fields.Date()


@given(
    st.dictionaries(
        st.sampled_from(["page", "limit", "sort", "coachId", "day", "other"]),
        st.sampled_from([*(v for v in ANYTHING if isinstance(v, str)), "createdAt"])
        | st.text(max_size=5)
        | st.integers(-2, 200).map(str)
        | st.dates().map(str),
    )
)
def test_queries_are_read_as_by_marshmallow(values: dict[str, str]) -> None:
    quick, own = loaded(ThingsQuery(), values, "query")
    assert quick == own


def test_an_ordinary_query_needs_no_marshmallow() -> None:
    load = loader(ThingsQuery(), "query")
    assert load({"coachId": ID, "limit": "5"})["limit"] == 5
    assert load({})["sort"] == ThingsQuery().load({})["sort"]
    with pytest.raises(Refused):
        load({"limit": "101"})
