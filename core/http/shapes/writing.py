"""How a value of each type of field is written, as an expression of Python."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import marshmallow as ma
from marshmallow import fields

from core.clock import as_rfc3339
from core.http.schema import Moment
from core.http.shapes.source import Source, overrides

Nest = Callable[[fields.Nested], Callable[[Any], Any]]

_SEVERAL = (list, tuple, set, frozenset)
"""What can be gone through twice, should marshmallow have to begin again."""

ISO = ("iso", "iso8601", None)
"""Formats of a date that orjson writes too."""


class Absent(Exception):
    """A value is not there, or is such that marshmallow decides."""


class Writing:
    """Makes expressions that give what a field's ``_serialize`` gives.

    A field is known by the method that it inherits: one that overrides it is asked.

    Args:
        source: The function under construction.
        closed: Whether moments are left to orjson.
        nested: Makes the function that writes a nested shape.
    """

    def __init__(self, source: Source, *, closed: bool, nested: Nest) -> None:
        self._source = source
        self._closed = closed
        self._nested = nested

    def of(self, field: fields.Field[Any], value: str, place: str) -> str:
        """An expression for one field.

        Args:
            field: Whose value it is.
            value: The name of the variable that holds it.
            place: What the field is told besides: its name and the object.
        """
        asked = f"{self._bind('ask', _asking(field))}({value}, {place})"
        known = _KNOWN.get(type(field)._serialize)  # noqa: SLF001 — see above
        if known is None or overrides(field, fields.Field, "_CHECK_ATTRIBUTE"):
            return asked
        if known is Writing._list:
            # What is no list might be gone through only once.
            asked = f"{self._bind('absent', _absent)}()"
        return f"({known(self, field, value, place)} else {asked})"

    def _bind(self, hint: str, thing: Any) -> str:
        return self._source.bind(hint, thing)

    def _as_is(self, _field: Any, value: str, _place: str) -> str:
        return f"{value} if {value} is not {self._bind('missing', ma.missing)}"

    def _exactly(self, kind: type, value: str) -> str:
        return f"{value} if {value} is None or type({value}) is {self._type(kind)}"

    def _type(self, kind: type) -> str:
        return self._bind(kind.__name__, kind)

    def _text(self, _field: Any, value: str, _place: str) -> str:
        return self._exactly(str, value)

    def _id(self, _field: Any, value: str, _place: str) -> str:
        return self._exactly(UUID, value)

    def _number(self, field: Any, value: str, _place: str) -> str:
        kept = not field.as_string and not overrides(
            field, fields.Number, "_format_num"
        )
        kind: type = field.num_type if kept else type(None)
        return self._exactly(kind, value)

    def _moment(self, _field: Any, value: str, _place: str) -> str:
        kind, utc = self._type(datetime), self._bind("UTC", UTC)
        if self._closed:
            left = f"type({value}) is {kind} and {value}.tzinfo is {utc}"
            return f"{value} if {value} is None or {left}"
        told = f"{self._bind('as_rfc3339', as_rfc3339)}({value})"
        return f"None if {value} is None else {told} if type({value}) is {kind}"

    def _temporal(self, field: Any, value: str, _place: str) -> str:
        if isinstance(field, fields.Date) and field.format in ISO:
            return self._exactly(date, value)
        return f"None if {value} is None"

    def _enum(self, field: Any, value: str, _place: str) -> str:
        part = "name"
        if field.by_value:
            if type(field.field) is not fields.Raw:
                return f"None if {value} is None"
            part = "value"
        kind = self._bind("kind", field.enum)
        written = f"{value}.{part} if type({value}) is {kind}"
        return f"None if {value} is None else {written}"

    def _inner(self, field: Any, value: str, _place: str) -> str:
        write = self._bind("nested", self._nested(field))
        there = f"{value} is not {self._bind('missing', ma.missing)}"
        return f"None if {value} is None else {write}({value}) if {there}"

    def _list(self, field: Any, value: str, place: str) -> str:
        item, kinds = self._source.fresh("item"), self._bind("several", _SEVERAL)
        each = f"[{self.of(field.inner, item, place)} for {item} in {value}]"
        return f"None if {value} is None else {each} if isinstance({value}, {kinds})"

    def _mapping(self, field: Any, value: str, _place: str) -> str:
        if field.mapping_type is not dict:
            return f"None if {value} is None"
        given = f"isinstance({value}, dict)"
        if field.key_field is None and field.value_field is None:
            return f"None if {value} is None else dict({value}) if {given}"
        key, item = self._source.fresh("key"), self._source.fresh("item")
        keys, items = (
            name if inner is None else self.of(inner, name, "None, None")
            for inner, name in ((field.key_field, key), (field.value_field, item))
        )
        pairs = f"{{{keys}: {items} for {key}, {item} in {value}.items()}}"
        return f"None if {value} is None else {pairs} if {given}"


_KNOWN: dict[Any, Callable[[Writing, Any, str, str], str]] = {
    fields.Field._serialize: Writing._as_is,  # noqa: SLF001 — see Writing
    fields.String._serialize: Writing._text,  # noqa: SLF001
    fields.UUID._serialize: Writing._id,  # noqa: SLF001
    fields.Number._serialize: Writing._number,  # noqa: SLF001
    Moment._serialize: Writing._moment,  # noqa: SLF001
    fields.Date._serialize: Writing._temporal,  # noqa: SLF001
    fields.Enum._serialize: Writing._enum,  # noqa: SLF001
    fields.Nested._serialize: Writing._inner,  # noqa: SLF001
    fields.List._serialize: Writing._list,  # noqa: SLF001
    fields.Dict._serialize: Writing._mapping,  # noqa: SLF001
}


def _asking(field: fields.Field[Any]) -> Callable[..., Any]:
    """Lets the field itself write a value."""

    def ask(value: Any, attr: str | None, thing: Any) -> Any:
        if value is ma.missing:
            raise Absent
        written = field._serialize(value, attr, thing)  # noqa: SLF001
        if written is ma.missing:
            raise Absent
        return written

    return ask


def _absent() -> None:
    raise Absent
