"""Objects and inputs of any shape, made by hypothesis: fitting ones and odd ones."""

from collections.abc import Callable
from datetime import UTC, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import marshmallow as ma
from hypothesis import strategies as st
from marshmallow import fields, validate

from core.http.schema import Moment

Values = st.SearchStrategy[Any]

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2)), ZoneInfo("Asia/Kolkata")])
ODD: Values = st.none() | st.sampled_from(
    [0, 7, 5.5, True, "", "text", "7", [], ["a"], {}, {"a": 1}, "2026-03-01"]
)
_DEEP = 3


def things(schema: ma.Schema, depth: int = 0) -> Values:
    """What a view might return for a schema, of which some values may be odd."""
    values = {
        field.attribute or name: st.one_of(_held(field, depth), st.none(), ODD)
        if depth == 0
        else _held(field, depth)
        for name, field in schema.dump_fields.items()
        if "." not in (field.attribute or "")
    }
    whole = st.fixed_dictionaries(values)
    part = st.fixed_dictionaries({}, optional=values)
    return st.one_of(whole, whole.map(lambda given: SimpleNamespace(**given)), part)


def inputs(schema: ma.Schema, *, text: bool, depth: int = 0) -> Values:
    """What a caller might send for a schema, of which some values may be odd."""
    required: dict[str, Values] = {}
    optional: dict[str, Values] = {}
    for name, field in schema.load_fields.items():
        key = name if field.data_key is None else field.data_key
        value = _sent(field, text=text, depth=depth)
        (required if field.required else optional)[key] = value
    good = st.fixed_dictionaries(required, optional=optional)
    if depth:
        return good
    odd = ODD.filter(lambda value: isinstance(value, str)) if text else ODD
    keys = st.sampled_from([*required, *optional, "unknown"])
    return st.one_of(good, st.builds(_changed, good, keys, odd))


def _changed(given: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**given, key: value}


def _held(field: fields.Field[Any], depth: int) -> Values:
    if isinstance(field, fields.Nested):
        if depth >= _DEEP:
            return st.none()
        inner = things(field.schema, depth + 1)
        many = field.many or field.schema.many
        return st.lists(inner, max_size=2) if many else inner
    if isinstance(field, fields.List):
        return st.lists(_held(field.inner, depth), max_size=2)
    if isinstance(field, fields.Dict) and field.value_field is not None:
        inner = _held(field.value_field, depth)
        return st.dictionaries(st.text(max_size=4), inner, max_size=2)
    if isinstance(field, fields.Enum):
        return st.sampled_from(field.enum)
    return _of_kind(field, _HELD)


def _sent(field: fields.Field[Any], *, text: bool, depth: int) -> Values:
    if isinstance(field, fields.Nested):
        if depth >= _DEEP:
            return st.none()
        return inputs(field.schema, text=text, depth=depth + 1)
    if isinstance(field, fields.List):
        inner = _sent(field.inner, text=text, depth=depth)
        return st.lists(inner, max_size=2)
    if isinstance(field, fields.Dict) and field.value_field is not None:
        inner = _sent(field.value_field, text=text, depth=depth)
        return st.dictionaries(st.text(max_size=4), inner, max_size=2)
    choices = _choices(field)
    given = st.sampled_from(choices) if choices else _of_kind(field, _SENT)
    return given.map(_as_text) if text else given


def _choices(field: fields.Field[Any]) -> list[Any]:
    """What alone a field takes; nothing where it takes more than can be listed."""
    if isinstance(field, fields.Enum):
        return [member.value for member in field.enum]
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            return list(check.choices)
    return []


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_kind(
    field: fields.Field[Any], kinds: list[tuple[type, Callable[[], Values]]]
) -> Values:
    for kind, make in kinds:
        if isinstance(field, kind):
            return make()
    return ODD


def _moments() -> Values:
    return st.datetimes(timezones=ZONES)


_WORDS = st.text(max_size=6) | st.sampled_from(["Ada", "a@example.com", "Europe/Rome"])
_HELD: list[tuple[type, Callable[[], Values]]] = [
    (Moment, _moments),
    (fields.DateTime, _moments),
    (fields.Date, st.dates),
    (fields.UUID, st.uuids),
    (fields.Boolean, st.booleans),
    (fields.Integer, lambda: st.integers(-(2**53), 2**53)),
    (fields.Number, lambda: st.floats(allow_nan=False)),
    (fields.String, lambda: _WORDS),
]
_SENT: list[tuple[type, Callable[[], Values]]] = [
    (fields.DateTime, lambda: _moments().map(lambda at: at.isoformat())),
    (fields.Date, lambda: st.dates().map(str)),
    (fields.UUID, lambda: st.uuids().map(str)),
    (fields.Boolean, st.booleans),
    (fields.Integer, lambda: st.integers(-1, 500)),
    (fields.Number, lambda: st.floats(-1, 500)),
    (fields.String, lambda: _WORDS),
]
