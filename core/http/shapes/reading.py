"""How a value of each type of field is read, as an expression of Python."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Never
from uuid import UUID

import marshmallow as ma
from marshmallow import fields, validate

from core.http import strict
from core.http.schema import RFC3339, Line, Moment, Sort
from core.http.shapes.source import Source, overrides

Nest = Callable[[fields.Nested], Callable[[Any], Any]]
Read = Callable[[Any], Any]

_RELIED_ON = ("_validate", "_validate_all", "_validate_missing")


class Refused(Exception):
    """Marshmallow decides about this input."""


def refuse(*_anything: Any) -> Never:
    """Leaves the input to marshmallow.

    Raises:
        Refused: Always.
    """
    raise Refused


class Reading:
    """Makes expressions that give what a field's ``deserialize`` gives, or raise.

    They hold a value to its type as ``strict`` does. A field is known by the methods
    that it inherits: one that overrides them is asked.

    Args:
        source: The function under construction.
        text: Whether values are text, as in a query.
        nested: Makes the function that loads a nested shape.
    """

    def __init__(self, source: Source, *, text: bool, nested: Nest) -> None:
        self._source = source
        self._text = text
        self._nested = nested

    def knows(self, field: fields.Field[Any]) -> bool:
        """Whether nothing but type, validators and ``None`` decide about a field."""
        how = type(field).deserialize
        return (
            how in {fields.Field.deserialize, Line.deserialize}
            and not overrides(field, fields.Field, *_RELIED_ON)
            and not getattr(field, "pre_load", None)
            and not getattr(field, "post_load", None)
        )

    def of(self, field: fields.Field[Any], value: str, place: str) -> str:
        """An expression for one field.

        Args:
            field: Whose value it is.
            value: The name of the variable that holds it.
            place: What the field is told besides: its key and the whole input.
        """
        read = None
        known = _KNOWN.get(type(field)._deserialize)  # noqa: SLF001 — see above
        if known is not None and self.knows(field):
            read = known(self, field, value)
        if read is None:
            ask = self._bind("ask", _asking(field, text=self._text))
            return f"{ask}({value}, {place})"
        read = self._valid(field, read)
        if type(field).deserialize is Line.deserialize:
            read = f"{read}.strip()"
        none = "None" if field.allow_none else f"{self._refused()}()"
        return f"({none} if {value} is None else {read})"

    def _bind(self, hint: str, thing: Any) -> str:
        return self._source.bind(hint, thing)

    def _refused(self) -> str:
        return self._bind("refuse", refuse)

    def _if(self, fits: str, read: str) -> str:
        return f"({read} if {fits} else {self._refused()}())"

    def _valid(self, field: fields.Field[Any], read: str) -> str:
        """Adds the field's validators to an expression."""
        others = []
        for one in field.validators:
            told = _bounds(one)
            if told is None:
                others.append(one)
                continue
            measured, low, high = told
            name = self._source.fresh("checked")
            size = measured.format(f"{name} := {read}")
            parts = [] if low is None else [f"{self._bind('low', low)} <= "]
            parts.append(size)
            parts += [] if high is None else [f" <= {self._bind('high', high)}"]
            read = self._if("".join(parts), name)
        if others:
            read = f"{self._bind('check', _checking(others))}({read})"
        return read

    def _as_is(self, field: Any, value: str) -> str | None:
        """Anything goes, unless ``strict`` has a word about it."""
        return value if isinstance(field, fields.Raw) else None

    def _string(self, _field: Any, value: str) -> str:
        return self._if(f"type({value}) is str", value)

    def _matched(self, pattern: Any, value: str, read: str) -> str:
        fits = self._bind("fits", pattern.fullmatch)
        return self._if(f"type({value}) is str and {fits}({value})", read)

    def _id(self, field: Any, value: str) -> str | None:
        if overrides(field, fields.UUID, "_validated"):
            return None
        made = self._bind("UUID", UUID)
        return self._matched(strict.UUID_TEXT, value, f"{made}({value})")

    def _whole(self, field: Any, value: str) -> str | None:
        if not isinstance(field, fields.Integer) or overrides(
            field, fields.Integer, "_validated", "_format_num", "num_type"
        ):
            return None
        if not self._text:
            return self._if(f"type({value}) is int", value)
        if field.strict:
            return None
        return self._matched(strict.WHOLE_TEXT, value, f"int({value})")

    def _boolean(self, field: Any, value: str) -> str | None:
        if self._text:
            return None
        if True not in field.truthy or False not in field.falsy:
            return None
        if True in field.falsy or False in field.truthy:
            return None
        return self._if(f"{value} is True or {value} is False", value)

    def _date(self, field: Any, value: str) -> str | None:
        if not isinstance(field, fields.Date) or field.format != "iso":
            return None
        made = self._bind("date", date.fromisoformat)
        return self._matched(strict.DATE_TEXT, value, f"{made}({value})")

    def _moment(self, field: Any, value: str) -> str | None:
        if field.format != "iso":
            return None
        made, utc = self._bind("moment", datetime.fromisoformat), self._bind("UTC", UTC)
        return self._matched(RFC3339, value, f"{made}({value}).astimezone({utc})")

    def _enum(self, field: Any, value: str) -> str | None:
        if field.by_value and type(field.field) is not fields.Raw:
            return None
        members = {
            member.value if field.by_value else name: member
            for name, member in field.enum.__members__.items()
        }
        table = self._bind("members", members)
        return self._if(f"type({value}) is str", f"{table}[{value}]")

    def _sort(self, field: Any, value: str) -> str:
        return self._if(
            f"type({value}) is str", f"{self._bind('sort', field.parse)}({value})"
        )

    def _inner(self, field: Any, value: str) -> str:
        return f"{self._bind('nested', self._nested(field))}({value})"

    def _list(self, field: Any, value: str) -> str:
        item = self._source.fresh("item")
        each = f"[{self.of(field.inner, item, 'None, None')} for {item} in {value}]"
        return self._if(f"type({value}) is list", each)

    def _mapping(self, field: Any, value: str) -> str | None:
        if field.mapping_type is not dict:
            return None
        key, item = self._source.fresh("key"), self._source.fresh("item")
        keys, items = (
            name if inner is None else self.of(inner, name, "None, None")
            for inner, name in ((field.key_field, key), (field.value_field, item))
        )
        pairs = f"{{{keys}: {items} for {key}, {item} in {value}.items()}}"
        return self._if(f"type({value}) is dict", pairs)


_KNOWN: dict[Any, Callable[[Reading, Any, str], str | None]] = {
    fields.Field._deserialize: Reading._as_is,  # noqa: SLF001 — see Reading
    fields.String._deserialize: Reading._string,  # noqa: SLF001
    fields.UUID._deserialize: Reading._id,  # noqa: SLF001
    fields.Number._deserialize: Reading._whole,  # noqa: SLF001
    fields.Boolean._deserialize: Reading._boolean,  # noqa: SLF001
    fields.Date._deserialize: Reading._date,  # noqa: SLF001
    Moment._deserialize: Reading._moment,  # noqa: SLF001
    fields.Enum._deserialize: Reading._enum,  # noqa: SLF001
    Sort._deserialize: Reading._sort,  # noqa: SLF001
    fields.Nested._deserialize: Reading._inner,  # noqa: SLF001
    fields.List._deserialize: Reading._list,  # noqa: SLF001
    fields.Dict._deserialize: Reading._mapping,  # noqa: SLF001
}


def _asking(field: fields.Field[Any], *, text: bool) -> Callable[..., Any]:
    """Lets the field itself read a value, once ``strict`` has no objection."""

    def ask(value: Any, attr: str | None, data: Any) -> Any:
        if strict.fault_of(field, value, text=text):
            raise Refused
        read = field.deserialize(value, attr, data)
        if read is ma.missing:
            raise Refused
        return read

    return ask


def _checking(validators: list[Any]) -> Read:
    def check(value: Any) -> Any:
        for one in validators:
            one(value)
        return value

    return check


def _bounds(validator: Any) -> tuple[str, Any, Any] | None:
    """What a validator measures, and its bounds; None for one that is to be called."""
    if type(validator) is validate.Length and validator.equal is None:
        measured = "len({})"
    elif type(validator) is validate.Range and (
        validator.min_inclusive and validator.max_inclusive
    ):
        measured = "({})"
    else:
        return None
    low, high = validator.min, validator.max
    return None if low is None and high is None else (measured, low, high)
