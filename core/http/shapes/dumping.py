"""Answers: what a schema's ``dump`` gives, from a function made for the schema."""

from collections.abc import Generator, Iterator
from functools import lru_cache
from keyword import iskeyword
from typing import Any, cast

import marshmallow as ma
from marshmallow import fields, utils
from sqlalchemy import Row

from core.http.schema import Group
from core.http.shapes.closed import is_closed, is_group, is_plain
from core.http.shapes.lookup import Lookup, Write, lookup_of, writing_rows
from core.http.shapes.source import Source, overrides
from core.http.shapes.writing import Absent, Writing

_ABSENT = (Absent, AttributeError, KeyError, IndexError, TypeError)
"""What reading a value that is not there may raise."""

_SHAPES = 4_096
"""How many shapes are kept; a process has a few hundred."""


class Dumper:
    """Writes objects as a schema does, for orjson to finish.

    Ids, dates and, in a closed shape, moments are left as objects: orjson writes the
    same text for them, and quicker.

    Attributes:
        closed: The shape holds no value whose type it leaves open, so orjson is to
            write moments in UTC with ``Z``, and finds text for keys.
    """

    def __init__(self, schema: ma.Schema) -> None:
        self.closed = is_plain(schema) and is_closed(schema)
        self._schema = schema
        self._one = compile_one(schema, closed=self.closed)
        self._alone = not schema.many and is_plain(schema)
        self._each = schema.many and is_plain(schema)

    def __call__(self, data: Any) -> Any:
        """Writes what a view returned.

        Raises:
            Exception: What the schema's ``dump`` would raise.
        """
        if self._alone:
            return self._one(data)
        if self._each and data is not None:
            one = self._one
            return [one(item) for item in data]
        return self._schema.dump(data)


@lru_cache(maxsize=_SHAPES)
def dumper(schema: ma.Schema) -> Dumper:
    """What writes answers of this schema, made at the first of them."""
    return Dumper(schema)


def compile_one(schema: ma.Schema, *, closed: bool) -> Write:
    """Makes the function that writes one object.

    Args:
        schema: Whose fields are written.
        closed: Whether moments are left to orjson.
    """
    if not is_plain(schema):
        return lambda thing: schema.dump(thing, many=False)
    ways: dict[type, Write] = {}

    def make(lookup: Lookup) -> Write:
        source = Source(f"dump of {type(schema).__name__}")
        return source.function(
            "write(obj)", _lines(source, schema, lookup, closed=closed)
        )

    def way_for(kind: type) -> Write:
        way = writing_rows(make) if issubclass(kind, Row) else make(lookup_of(kind))
        return ways.setdefault(kind, way)

    def one(thing: Any) -> Any:
        kind = type(thing)
        way = ways.get(kind) or way_for(kind)
        try:
            return way(thing)
        except _ABSENT:
            pass
        return schema.dump(thing, many=False)

    return one


def _lines(
    source: Source, schema: ma.Schema, lookup: Lookup, *, closed: bool
) -> Iterator[str]:
    """The function's body: every value is looked up, then all are written."""
    writing = Writing(
        source, closed=closed, nested=lambda inner: _nested(inner, closed=closed)
    )
    yield lookup.first
    written = yield from _object(source, schema, lookup, writing)
    yield f"return {written}"


def _object(
    source: Source, schema: ma.Schema, lookup: Lookup, writing: Writing
) -> Generator[str, None, str]:
    """The lines that look the values of a shape up; returns what writes them."""
    written = []
    for name, field in schema.dump_fields.items():
        key = name if field.data_key is None else field.data_key
        if is_group(field):
            inner = cast("Group", field).schema
            group = yield from _object(source, inner, lookup, writing)
            written.append(f"{key!r}: {group}")
            continue
        if overrides(field, fields.Field, "serialize", "get_value"):
            whole = source.bind("whole", _whole(field, name, schema))
            written.append(f"{key!r}: {whole}(obj)")
            continue
        value = "None"
        if field._CHECK_ATTRIBUTE:  # noqa: SLF001 — marshmallow's own sign
            value = source.fresh("value")
            yield f"{value} = {_value(source, field, name, lookup)}"
        written.append(f"{key!r}: {writing.of(field, value, f'{name!r}, obj')}")
    return f"{{{', '.join(written)}}}"


def _value(source: Source, field: fields.Field[Any], name: str, lookup: Lookup) -> str:
    attribute = name if field.attribute is None else field.attribute
    plain = attribute.isidentifier() and not iskeyword(attribute)
    if plain and field.dump_default is ma.missing:
        return lookup.place(attribute)
    return f"{source.bind('lookup', _by_path(field, attribute))}(obj)"


def _by_path(field: fields.Field[Any], path: str) -> Write:
    """Looks a value up by a dotted path, or lets its default stand in."""

    def lookup(thing: Any) -> Any:
        value: Any = utils.get_value(thing, path)
        if value is ma.missing:
            default = field.dump_default
            value = default() if callable(default) else default
        if value is ma.missing:
            raise Absent
        return value

    return lookup


def _whole(field: fields.Field[Any], name: str, schema: ma.Schema) -> Write:
    """Leaves a field that looks its value up by itself to itself."""

    def write(thing: Any) -> Any:
        written = field.serialize(name, thing, accessor=schema.get_attribute)
        if written is ma.missing:
            raise Absent
        return written

    return write


def _nested(field: fields.Nested, *, closed: bool) -> Write:
    """Writes a nested shape; made when first met, since shapes may hold themselves."""
    made: list[Write] = []

    def write(value: Any) -> Any:
        if not made:
            made.append(_nested_now(field, closed=closed))
        return made[0](value)

    return write


def _nested_now(field: fields.Nested, *, closed: bool) -> Write:
    schema = field.schema
    many = bool(schema.many or field.many)
    if not is_plain(schema):
        return lambda value: schema.dump(value, many=many)
    one = compile_one(schema, closed=closed)
    if many:
        return lambda values: [one(value) for value in values]
    return one
