"""A compiled shape writes what marshmallow writes, whatever it is given."""

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import marshmallow as ma
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields, post_dump, pre_dump
from typing_extensions import override

from core.clock import as_rfc3339
from core.http import envelope
from core.http.schema import Group, Line, Moment, Schema, Text
from core.http.shapes.dumping import Dumper, dumper
from tests.core.http.shapes.told import dumped

ID = UUID("0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6b13")
MOMENT = datetime(2026, 3, 1, 9, 0, 0, 120, tzinfo=UTC)


class Level(enum.StrEnum):
    LOW = "low"
    HIGH = "high"


class Rank(enum.Enum):
    FIRST = 1


class Inner(Schema):
    starts_at = Moment()
    name = fields.String()


class Around(Schema):
    value = fields.String()


class Twice(fields.Integer):
    @override
    def get_value(self, obj: Any, attr: str, *given: Any, **more: Any) -> Any:
        return [super().get_value(obj, attr, *given, **more)] * 2

    @override
    def _serialize(self, value: Any, *_given: Any, **_more: Any) -> Any:
        return value


class Gone(fields.String):
    @override
    def serialize(self, *_given: Any, **_more: Any) -> Any:
        return ma.missing


class Shouted(fields.String):
    @override
    def _serialize(self, value: Any, *_given: Any, **_more: Any) -> Any:
        return ma.missing if value is None else str(value).upper()


FIELDS: dict[str, tuple[Callable[[], fields.Field[Any]], list[Any]]] = {
    "string": (fields.String, ["a", "", 7, Level.LOW, b"bytes", ID, True]),
    "text": (Text, ["a", 7]),
    "line": (Line, [" a ", 7]),
    "url": (fields.Url, ["https://example.com", 7]),
    "email": (fields.Email, ["a@example.com", 7]),
    "integer": (fields.Integer, [5, 5.7, "8", True, Decimal(3), 2**63, "x"]),
    "number as text": (lambda: fields.Integer(as_string=True), [5, "8"]),
    "float": (fields.Float, [5, 5.7, "8", True, float("nan"), Decimal("1.5")]),
    "decimal as text": (lambda: fields.Decimal(2, as_string=True), [5, Decimal(1)]),
    "decimal": (fields.Decimal, [Decimal(1)]),
    "boolean": (fields.Boolean, [True, False, 1, "yes"]),
    "uuid": (fields.UUID, [ID, str(ID), 7]),
    "moment": (
        Moment,
        [
            MOMENT,
            MOMENT.replace(microsecond=0),
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            MOMENT.astimezone(timezone(timedelta(hours=5, minutes=45))),
            MOMENT.astimezone(ZoneInfo("Europe/Berlin")),
            MOMENT.astimezone(ZoneInfo("UTC")),
            datetime(2026, 3, 1),  # noqa: DTZ001 — read as local by both
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
            "2026-03-01T09:00:00Z",
        ],
    ),
    "date": (fields.Date, [date(2026, 3, 1), date(1, 1, 1), MOMENT, "2026-03-01"]),
    "date of a form": (lambda: fields.Date(format="%d.%m.%Y"), [date(2026, 3, 1)]),
    "time": (fields.Time, [time(9), time(9, 0, 1, 5), time(9, tzinfo=UTC), "09:00"]),
    "datetime": (fields.DateTime, [MOMENT, MOMENT.replace(tzinfo=None)]),
    "timestamp": (lambda: fields.DateTime(format="timestamp"), [MOMENT]),
    "enum": (lambda: fields.Enum(Level), [Level.LOW, "low"]),
    "enum by value": (lambda: fields.Enum(Level, by_value=True), [Level.LOW, "low"]),
    "enum of numbers": (lambda: fields.Enum(Rank, by_value=True), [Rank.FIRST]),
    "enum by field": (
        lambda: fields.Enum(Rank, by_value=fields.String()),
        [Rank.FIRST],
    ),
    "nested": (
        lambda: fields.Nested(Inner),
        [{"starts_at": MOMENT, "name": "a"}, {"name": None}, {}, 7, [{"name": "a"}]],
    ),
    "nested many": (
        lambda: fields.Nested(Inner, many=True),
        [[{"starts_at": MOMENT}, {"name": "a"}], [], {"name": "a"}, 7],
    ),
    "nested in part": (
        lambda: fields.Nested(Inner(only=["name"])),
        [{"starts_at": MOMENT, "name": "a"}],
    ),
    "group": (lambda: Group(Around), ["a", 7]),
    "list": (
        lambda: fields.List(fields.UUID()),
        [[ID, None, "x"], (ID,), [], {ID}, "ab", 7],
    ),
    "list of lists": (
        lambda: fields.List(fields.List(fields.Integer())),
        [[[1, 2], None, []], [["x"]]],
    ),
    "list of nested": (
        lambda: fields.List(fields.Nested(Inner)),
        [[{"name": "a"}, None], [{"starts_at": MOMENT}]],
    ),
    "dict": (fields.Dict, [{"a": 1}, {1: MOMENT}, {}, [("a", 1)], 7]),
    "dict of text": (
        lambda: fields.Dict(keys=fields.String(), values=fields.Integer()),
        [{"a": 1, 5: "6"}, {}, 7],
    ),
    "dict of moments": (
        lambda: fields.Dict(values=Moment()),
        [{"a": MOMENT, "b": None}],
    ),
    "dict of ids": (lambda: fields.Dict(keys=fields.UUID()), [{ID: MOMENT}]),
    "raw": (fields.Raw, [MOMENT, {"a": [ID]}, 5, "a"]),
    "pluck": (lambda: fields.Pluck(Inner, "name"), [{"name": "a"}]),
    "tuple": (
        lambda: fields.Tuple((fields.UUID(), Moment())),
        [(ID, MOMENT), (ID,)],
    ),
    "period": (fields.TimeDelta, [timedelta(hours=1)]),
    "function": (lambda: fields.Function(lambda _thing: MOMENT), [1]),
    "constant": (lambda: fields.Constant(5), [1]),
    "method without one": (fields.Method, [1]),
    "twice": (Twice, [1]),
    "gone": (Gone, [1]),
    "shouted": (Shouted, ["a", 7]),
    "list of shouted": (lambda: fields.List(Shouted()), [["a"], ["a", None]]),
    "with a default": (lambda: fields.Integer(dump_default=4), ["5"]),
    "with a made default": (lambda: Moment(dump_default=lambda: MOMENT), [MOMENT]),
}


class Slotted(NamedTuple):
    value: Any
    at: datetime


@dataclass(slots=True)
class Held:
    value: Any
    at: datetime


class Answering:
    """Makes its attributes up."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None


def forms(value: Any) -> Iterator[Any]:
    """A value in every kind of object that a view returns."""
    yield {"value": value, "at": MOMENT}
    yield SimpleNamespace(value=value, at=MOMENT)
    yield Held(value, MOMENT)
    yield Slotted(value, MOMENT)
    yield Answering({"value": value, "at": MOMENT})


@pytest.mark.parametrize("name", FIELDS)
def test_every_type_is_written_as_by_marshmallow(name: str) -> None:
    make, values = FIELDS[name]
    alone = type("Alone", (Schema,), {"value": make(), "at": Moment()})()
    beside = type("Beside", (Schema,), {"value": make(), "at": fields.Raw()})()
    for schema in (alone, beside):
        for value in (*values, None, ma.missing):
            for thing in forms(value):
                quick, own = dumped(schema, thing)
                assert quick == own, (value, thing)
        for thing in ({}, {"at": MOMENT}, SimpleNamespace(), None, 7, "text", [1]):
            quick, own = dumped(schema, thing)
            assert quick == own, thing


@pytest.mark.parametrize("name", sorted({*FIELDS} - {"gone", "method without one"}))
def test_an_ordinary_value_is_no_work_for_marshmallow(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, values = FIELDS[name]
    alone = type("Alone", (Schema,), {"value": make()})
    write = Dumper(alone())
    things = [{"value": values[0]}, *([{}] if "default" in name else [])]
    expected = [alone().dump(thing) for thing in things]
    monkeypatch.setattr(alone, "dump", lambda *_given, **_more: pytest.fail("slow"))
    for thing, text in zip(things, expected, strict=True):
        option = envelope.CLOSED if write.closed else envelope.OPEN
        given = orjson.dumps(write(thing), default=str, option=option)
        assert given == orjson.dumps(text, default=str, option=envelope.OPEN)


class Wide(Schema):
    id = fields.UUID()
    display_name = fields.String(data_key="label")
    city = fields.String(attribute="address.city")
    count = fields.Integer()
    items = fields.Integer()
    keyword = fields.Integer(attribute="class")
    hidden = fields.String(load_only=True)
    shown = fields.String(dump_only=True)


@pytest.mark.parametrize(
    "thing",
    [
        {"id": ID, "display_name": "a", "address": {"city": "B"}, "items": 3},
        {"id": ID, "address": SimpleNamespace(city="B"), "hidden": "x", "shown": "y"},
        {"id": ID, "address": None, "count": 1, "items": 2},
        SimpleNamespace(id=ID, address={"city": "B"}, display_name="a", **{"class": 3}),
    ],
)
def test_names_and_paths_are_followed(thing: Any) -> None:
    quick, own = dumped(Wide(), thing)
    assert quick == own
    assert "hidden" not in str(quick)


def test_nothing_is_asked_twice_of_what_can_be_read_once() -> None:
    class Out(Schema):
        many = fields.List(fields.Integer())
        missing = fields.Integer(dump_default=ma.missing, attribute="not.there")

    quick = dumper(Out())({"many": iter([1, 2])})
    assert quick == {"many": [1, 2]}


class Hooked(Schema):
    name = fields.String()

    @pre_dump
    def _before(self, thing: Any, **_options: Any) -> Any:
        return {**thing, "name": thing["name"] + "!"}

    @post_dump(pass_collection=True)
    def _after(self, written: Any, *, many: bool, **_options: Any) -> Any:
        return {"all": written} if many else written


class Outer(Schema):
    hooked = fields.Nested(Hooked)
    several = fields.Nested(Hooked, many=True)
    at = Moment()


class Asking(Schema):
    name = fields.String()

    @override
    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        return f"{attr} of {obj}"


class Itself(Schema):
    at = Moment()
    inner = fields.Nested(lambda: Itself(exclude=["all"]))
    all = fields.List(fields.Nested(lambda: Itself(exclude=["inner"])))


def test_what_a_schema_does_by_itself_is_done() -> None:
    assert dumper(Hooked())({"name": "a"}) == {"name": "a!"}
    assert dumper(Hooked(many=True))([{"name": "a"}]) == {"all": [{"name": "a!"}]}
    assert dumper(Asking())(7) == {"name": "name of 7"}
    names = {"hooked": {"name": "a"}, "several": [{"name": "b"}], "at": MOMENT}
    quick, own = dumped(Outer(), names)
    assert quick == own
    assert not dumper(Outer()).closed


class Elsewhere(Group):
    """Shows attributes of another object."""

    @override
    def get_value(self, obj: Any, attr: str, *_given: Any, **_more: Any) -> Any:
        return obj["elsewhere"]


class Parts(Schema):
    at = Moment()
    name = fields.String(data_key="label", dump_default="nobody")


class Grouped(Schema):
    id = fields.UUID()
    parts = Group(Parts)
    all = Group(type("All", (Schema,), {"parts": Group(Parts), "id": fields.UUID()}))
    hooked = Group(Hooked)
    elsewhere = Elsewhere(Around)


@pytest.mark.parametrize("left_out", [[], ["hooked", "elsewhere"]])
def test_a_group_shows_its_own_object(left_out: list[str]) -> None:
    schema = Grouped(exclude=left_out)
    assert dumper(schema).closed is bool(left_out)
    whole = {"id": ID, "at": MOMENT, "name": "a", "elsewhere": {"value": "b"}}
    for thing in (whole, {**whole, "at": None}, {"id": ID, "name": "a"}):
        given = {"elsewhere": {}, **thing}
        quick, own = dumped(schema, given)
        assert quick == own
    quick, _own = dumped(Grouped(only=["all"]), whole)
    parts = b'{"at":"2026-03-01T09:00:00.000120Z","label":"a"}'
    assert quick == b'{"all":{"parts":%s,"id":"%s"}}' % (parts, str(ID).encode())


def test_a_group_is_written_with_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    write, thing = Dumper(Grouped(only=["parts"])), {"at": MOMENT, "name": "a"}
    write(thing)  # which makes the function
    monkeypatch.setattr(Parts, "dump", lambda *_given, **_more: pytest.fail("slow"))
    assert write(thing) == {"parts": {"at": MOMENT, "label": "a"}}


def test_a_shape_may_hold_itself() -> None:
    leaf: dict[str, Any] = {"at": MOMENT, "inner": None, "all": []}
    quick, own = dumped(Itself(), {"at": MOMENT, "inner": leaf, "all": [leaf, leaf]})
    assert quick == own
    assert isinstance(own, bytes)
    assert own.count(b"2026") == 4


def test_moments_are_left_to_orjson_only_where_no_type_is_open() -> None:
    class Closed(Schema):
        at = Moment()
        inner = fields.List(fields.Nested(Inner))

    class Open(Closed):
        raw = fields.Raw()

    thing = {"at": MOMENT, "inner": [], "raw": MOMENT}
    assert dumper(Closed()).closed
    assert dumper(Closed())(thing)["at"] is MOMENT
    assert not dumper(Open()).closed
    text = orjson.dumps(dumper(Open())(thing), option=envelope.OPEN)
    assert text.count(b"00.000120Z") == 1
    assert text.count(b"+00:00") == 1


def test_a_failure_is_not_hidden() -> None:
    class Broken:
        @property
        def name(self) -> str:
            raise ZeroDivisionError

    out = type("Out", (Schema,), {"name": fields.String()})()
    with pytest.raises(ZeroDivisionError):
        dumper(out)(Broken())


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.timezones())  # noqa: DTZ001
)
def test_a_moment_is_the_same_text_by_every_way(moment: datetime) -> None:
    text = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert as_rfc3339(moment) == as_rfc3339(moment.astimezone(UTC)) == text
    left = orjson.dumps(moment.astimezone(UTC), option=envelope.CLOSED)
    assert left.decode() == f'"{text}"'
