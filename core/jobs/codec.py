"""Arguments of jobs: to JSON when a row is written, back by annotation when it runs."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

from core.jobs.errors import JobDeclarationError

MAX_BYTES = 64 * 1024
"""Larger things belong into a table or a file, and their id into the arguments."""


def encode(args: Mapping[str, Any]) -> dict[str, Any]:
    """Turns arguments into plain JSON values.

    Raises:
        JobDeclarationError: One cannot be written as JSON, or all are too large.
    """
    try:
        written = orjson.dumps(dict(args), default=_plain)
    except TypeError as error:
        raise JobDeclarationError(f"Arguments of a job: {error}.") from error
    if len(written) > MAX_BYTES:
        raise JobDeclarationError(
            f"Arguments of a job take {len(written)} bytes; {MAX_BYTES} are allowed."
        )
    plain: dict[str, Any] = orjson.loads(written)
    return plain


def decode(kind: Any, value: Any) -> Any:
    """Reads a JSON value as ``kind``, an annotation.

    Fields of a dataclass that the stored value lacks take their default, and those it
    has too many are left out: rows outlive the version that wrote them.
    """
    if value is None or kind is Any:
        return value
    origin = get_origin(kind)
    if origin in {Union, UnionType}:
        return decode(_only_option(kind), value)
    if origin is not None:
        return _decode_many(origin, get_args(kind), value)
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode_dataclass(kind, value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    reader = _READERS.get(kind)
    return value if reader is None else reader(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, frozenset | set):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored")


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    Decimal: Decimal,
    timedelta: lambda seconds: timedelta(seconds=seconds),
}


def _only_option(kind: Any) -> Any:
    """What ``X | None`` holds; a wider union says nothing about the stored form."""
    options = [option for option in get_args(kind) if option is not NoneType]
    return options[0] if len(options) == 1 else Any


def _decode_many(origin: Any, inner: tuple[Any, ...], value: Any) -> Any:
    if isinstance(value, dict):
        return {key: decode(inner[-1], item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if origin is tuple and Ellipsis not in inner:
        return tuple(
            decode(kind, item) for kind, item in zip(inner, value, strict=True)
        )
    items = [decode(inner[0], item) for item in value]
    return origin(items) if origin in {tuple, set, frozenset} else items


def _decode_dataclass(kind: type[Any], value: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind) if field.init]
    return kind(
        **{name: decode(hints[name], value[name]) for name in known if name in value}
    )
