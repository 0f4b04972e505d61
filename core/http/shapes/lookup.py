"""Where the values of an object are found, by the kind of object.

marshmallow asks for ``thing[name]``, then for ``thing.name``. Which of the two answers
is the same for all objects of a class. Entities and rows of SQLAlchemy answer to the
name by a detour that costs more than writing the value; where they hold it is known.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import InstrumentedAttribute

_BY_NUMBER = (tuple.__getitem__, Row.__getitem__)
"""Ways to look up ``thing[key]`` that refuse every text."""

Write = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Lookup:
    """How the function for one kind of object finds values in ``obj``.

    Attributes:
        place: Gives the expression for a name.
        first: The line that goes before.
    """

    place: Callable[[str], str]
    first: str = ""


BY_NAME = Lookup(lambda name: f"obj.{name}")
BY_KEY = Lookup(lambda name: f"obj[{name!r}]")


def lookup_of(kind: type) -> Lookup:
    """How values of this class's objects are found.

    The function may raise where a value is not there: an entity does not hold what it
    has not loaded, and a class that makes up its attributes is asked for keys.
    """
    lookup = getattr(kind, "__getitem__", None)
    if lookup is not None:
        return BY_NAME if lookup in _BY_NUMBER else BY_KEY
    if hasattr(kind, "__getattr__"):
        return BY_KEY
    own = any("__getattribute__" in vars(base) for base in kind.__mro__[:-1])
    if own or not hasattr(kind, "__mapper__"):
        return BY_NAME
    return Lookup(lambda name: _in_entity(kind, name), "held = obj.__dict__")


def _in_entity(kind: type, name: str) -> str:
    """A mapped attribute takes its value from the entity's own dict, if it is there."""
    mapped = inspect.getattr_static(kind, name, None)
    known = type(mapped) is InstrumentedAttribute and mapped.key == name
    if known and mapped.impl.supports_population:
        return f"held[{name!r}]"
    return f"obj.{name}"


def in_row(fields: Sequence[str]) -> Lookup:
    """How values are found in a row with these columns."""

    def place(name: str) -> str:
        # A method of rows hides the column of its name; of two alike neither answers.
        if fields.count(name) != 1 or hasattr(Row, name):
            return f"obj.{name}"
        return f"cells[{fields.index(name)}]"

    return Lookup(place, "cells = tuple(obj)")


def writing_rows(make: Callable[[Lookup], Write]) -> Write:
    """Gives a function that writes rows, each by the columns it has.

    Args:
        make: Makes the function for one way to find values.
    """
    known: dict[tuple[str, ...], Write] = {}
    last: tuple[Any, Write] = (None, make(BY_NAME))

    def write(row: Any) -> Any:
        nonlocal last
        described, of_last = last
        result = row._parent  # noqa: SLF001 — the one object that a result's rows share
        if result is not described:
            columns = tuple(row._fields)
            of_last = known.get(columns) or known.setdefault(
                columns, make(in_row(columns))
            )
            last = (result, of_last)
        return of_last(row)

    return write
