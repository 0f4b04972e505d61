"""Holds what a caller sent to the types that the OpenAPI document promises.

marshmallow converts what it can: ``"yes"`` to true, 5.7 to 5, a UUID without hyphens.
Taken at its word, the document forbids all of these, and a slip of a caller that is
silently converted comes back as wrong data. So types are looked at before anything
is converted.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHOLE_TEXT = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")

Check = Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reads(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_ANYWHERE: tuple[tuple[type[Any], Check, str], ...] = (
    (fields.UUID, _reads(UUID_TEXT), "Not a valid UUID."),
    (fields.Date, _reads(DATE_TEXT), "Not a valid date."),
)
_IN_JSON: tuple[tuple[type[Any], Check, str], ...] = (
    *_ANYWHERE,
    (fields.Boolean, lambda value: isinstance(value, bool), "Not a valid boolean."),
    (fields.Integer, _is_whole, "Not a valid integer."),
    (fields.Float, _is_number, "Not a valid number."),
)
_IN_TEXT: tuple[tuple[type[Any], Check, str], ...] = (
    *_ANYWHERE,
    (fields.Boolean, lambda value: value in {"true", "false"}, "Not a valid boolean."),
    (fields.Integer, _reads(WHOLE_TEXT), "Not a valid integer."),
    (fields.Float, _reads(_NUMBER), "Not a valid number."),
)


def faults(schema: ma.Schema, data: Mapping[str, Any], *, text: bool) -> dict[Any, Any]:
    """Names every value of another type than its field's, as marshmallow would.

    Args:
        schema: What the data are to be.
        data: As parsed; what is missing or unknown is left to the schema.
        text: Whether values are text, as in a query string, rather than JSON.
    """
    found = {}
    for name, field in schema.load_fields.items():
        key = field.data_key or name
        fault = fault_of(field, data.get(key), text=text)
        if fault:
            found[key] = fault
    return found


def fault_of(field: fields.Field[Any], value: Any, *, text: bool) -> Any:
    if value is None:
        return None
    if isinstance(field, fields.Nested):
        return _nested(field, value, text=text)
    if isinstance(field, fields.List) and isinstance(value, list):
        return _numbered(fault_of(field.inner, item, text=text) for item in value)
    if isinstance(field, fields.Dict) and isinstance(value, dict):
        return _by_key(field, value, text=text)
    for kind, fits, message in _IN_TEXT if text else _IN_JSON:
        if isinstance(field, kind) and not fits(value):
            return [message]
    return None


def _nested(field: fields.Nested, value: Any, *, text: bool) -> Any:
    if isinstance(value, dict):
        return faults(field.schema, value, text=text)
    if isinstance(value, list):
        return _numbered(
            faults(field.schema, item, text=text) if isinstance(item, dict) else None
            for item in value
        )
    return None


def _by_key(field: fields.Dict, value: dict[str, Any], *, text: bool) -> Any:
    if field.value_field is None:
        return None
    checked = {
        key: fault_of(field.value_field, item, text=text) for key, item in value.items()
    }
    return {key: {"value": fault} for key, fault in checked.items() if fault}


def _numbered(found: Any) -> dict[int, Any]:
    return {number: fault for number, fault in enumerate(found) if fault}
