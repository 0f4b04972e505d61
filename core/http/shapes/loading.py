"""Queries and bodies: what a schema's ``load`` gives, where there is nothing amiss."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import marshmallow as ma
from marshmallow import decorators, fields

from core.http.schema import Sort
from core.http.shapes.reading import Reading, Refused, refuse
from core.http.shapes.source import Source, overrides

_SHAPES = 4_096
"""How many shapes are kept; a process has a few hundred."""

_UNTOUCHED = ("load", "_do_load", "_deserialize", "_run_validator")
_HOOKS = (decorators.VALIDATES_SCHEMA, decorators.POST_LOAD)


@lru_cache(maxsize=_SHAPES)
def loader(schema: ma.Schema, where: str) -> Callable[[Any], Any]:
    """What loads input of this schema, made at the first of it.

    The function returns what ``strict.faults`` lets through and ``schema.load`` makes
    of it. It raises where they would refuse it, and for what it does not know; only
    they say which, and why.

    Args:
        schema: What the input is to be.
        where: ``query`` if its values are text, ``body`` if they are JSON.
    """
    return compile_load(schema, text=where == "query", unknown=schema.unknown)


def compile_load(
    schema: ma.Schema, *, text: bool, unknown: str
) -> Callable[[Any], Any]:
    """Makes the function that loads one object; see ``loader``.

    Args:
        schema: Its shape.
        text: Whether values are text.
        unknown: What becomes of names that the schema does not know.
    """
    if not _is_known(schema, unknown):
        return refuse
    source = Source(f"load of {type(schema).__name__}")
    lines = _lines(source, schema, text=text, unknown=unknown)
    return source.function("load(data)", lines)


def _is_known(schema: ma.Schema, unknown: str) -> bool:
    hooks = schema._hooks  # noqa: SLF001 — nothing else tells
    return not (
        schema.many
        or schema.partial is not None
        or unknown == ma.INCLUDE
        or schema.dict_class is not dict
        or hooks.get(decorators.PRE_LOAD)
        or hooks.get(decorators.VALIDATES)
        or any("." in (field.attribute or "") for field in schema.load_fields.values())
        or overrides(schema, ma.Schema, *_UNTOUCHED)
    )


def _lines(
    source: Source, schema: ma.Schema, *, text: bool, unknown: str
) -> Iterator[str]:
    """The function's body: every field in turn, then what the schema says of all."""
    names = {_key(name, field) for name, field in schema.load_fields.items()}
    refused = source.bind("refuse", refuse)
    extra = ""
    if unknown == ma.RAISE:
        extra = f" or not data.keys() <= {source.bind('names', frozenset(names))}"
    yield f"if type(data) is not dict{extra}: {refused}()"
    yield "get = data.get"
    yield "loaded = {}"
    reading = Reading(source, text=text, nested=lambda inner: _nested(inner, text=text))
    for name, field in schema.load_fields.items():
        yield from _field_lines(source, reading, name, field)
    yield from _hook_lines(source, schema, unknown)
    yield "return loaded"


def _key(name: str, field: fields.Field[Any]) -> str:
    return name if field.data_key is None else field.data_key


def _field_lines(
    source: Source, reading: Reading, name: str, field: fields.Field[Any]
) -> Iterator[str]:
    key, missing = _key(name, field), source.bind("missing", ma.missing)
    value, target = source.fresh("value"), f"loaded[{field.attribute or name!r}]"
    yield f"{value} = get({key!r}, {missing})"
    yield f"if {value} is not {missing}:"
    yield f"    {target} = {reading.of(field, value, f'{key!r}, data')}"
    # The ordering that a list has by itself cannot change, though a function tells it.
    told = callable(field.load_default) and not isinstance(field, Sort)
    if told or not reading.knows(field):
        left_out = source.bind("left_out", field.deserialize)
        yield "else:"
        yield f"    {value} = {left_out}({missing}, {key!r}, data)"
        yield f"    if {value} is not {missing}: {target} = {value}"
    elif field.required:
        yield f"else: {source.bind('refuse', refuse)}()"
    elif field.load_default is not ma.missing:
        default = source.bind("default", field.deserialize(ma.missing))
        yield f"else: {target} = {default}"


def _hook_lines(source: Source, schema: ma.Schema, unknown: str) -> Iterator[str]:
    """Runs validators of the whole, then what is made of it.

    Of both kinds, those that would take a whole list come first.
    """
    told = f"partial=None, many=False, unknown={unknown!r}"
    for kind in _HOOKS:
        hooks = schema._hooks.get(kind, ())  # noqa: SLF001
        for name, _of_list, options in sorted(hooks, key=lambda hook: not hook[1]):
            given = "loaded, data" if options.get("pass_original") else "loaded"
            call = f"{source.bind('hook', getattr(schema, name))}({given}, {told})"
            yield call if kind == decorators.VALIDATES_SCHEMA else f"loaded = {call}"


def _nested(field: fields.Nested, *, text: bool) -> Callable[[Any], Any]:
    """Loads a nested shape; made when first met, since shapes may hold themselves."""
    made: list[Callable[[Any], Any]] = []

    def load(value: Any) -> Any:
        if not made:
            made.append(_nested_now(field, text=text))
        return made[0](value)

    return load


def _nested_now(field: fields.Nested, *, text: bool) -> Callable[[Any], Any]:
    schema = field.schema
    unknown = schema.unknown if field.unknown is None else field.unknown
    return refuse if field.many else compile_load(schema, text=text, unknown=unknown)


__all__ = ["Refused", "loader"]
