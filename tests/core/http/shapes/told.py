"""What the quick way and marshmallow's own say, in a form that can be compared."""

from collections.abc import Callable
from typing import Any

import marshmallow as ma
import orjson

from core.errors import AppError
from core.http import envelope
from core.http.parsing import _load, _load_slowly
from core.http.shapes.dumping import dumper

Told = bytes | str
"""The text on the wire, or what was raised instead."""


def told(act: Callable[[], bytes]) -> Told:
    try:
        return act()
    except Exception as error:  # noqa: BLE001 — the same must be raised by both
        return type(error).__name__


def dumped(schema: ma.Schema, thing: Any) -> tuple[Told, Told]:
    """The JSON of an answer by the compiled shape, and by the schema itself."""
    write = dumper(schema)
    option = envelope.CLOSED if write.closed else envelope.OPEN
    return (
        told(lambda: orjson.dumps(write(thing), option=option)),
        told(lambda: orjson.dumps(schema.dump(thing), option=envelope.OPEN)),
    )


def loaded(schema: ma.Schema, data: Any, where: str) -> tuple[Told, Told]:
    """What becomes of an input, by the compiled shape first and by the schema alone.

    By the ``repr``: 1, 1.0 and True are equal, and are not the same.
    """
    return _read(_load, schema, data, where), _read(_load_slowly, schema, data, where)


def _read(
    load: Callable[[ma.Schema, Any, str], Any], schema: ma.Schema, data: Any, where: str
) -> Told:
    try:
        return repr(load(schema, data, where))
    except AppError as error:
        return f"{type(error).__name__}: {error.details}"
    except Exception as error:  # noqa: BLE001 — the same must be raised by both
        return type(error).__name__
