"""Column values as the audit log keeps them: JSON, readable without our code."""

import hashlib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range

from core.clock import as_rfc3339

_JSON_INTEGERS = range(-(2**63), 2**64)


def _moment(value: datetime) -> str:
    return as_rfc3339(value) if value.tzinfo else value.isoformat()


def _bytes(value: bytes) -> str:
    """A digest: enough to tell that two are the same, and small."""
    return f"sha256:{hashlib.sha256(value).hexdigest()}"


def _range(value: Range[Any]) -> dict[str, Any]:
    if value.isempty:
        return {"empty": True}
    return {
        "lower": json_safe(value.lower),
        "upper": json_safe(value.upper),
        "bounds": value.bounds,
    }


_WRITTEN: tuple[tuple[tuple[type, ...], Callable[[Any], Any]], ...] = (
    ((Enum,), lambda value: json_safe(value.value)),
    ((bool, float), lambda value: value),
    ((int,), lambda value: value if value in _JSON_INTEGERS else str(value)),
    ((str, UUID, Decimal), str),
    ((datetime,), _moment),
    ((date, time), lambda value: value.isoformat()),
    ((timedelta,), lambda value: value.total_seconds()),
    ((bytes, bytearray, memoryview), lambda value: _bytes(bytes(value))),
    ((Range,), _range),
    ((Mapping,), lambda value: {str(key): json_safe(value[key]) for key in value}),
    ((AbstractSet,), lambda value: sorted(map(json_safe, value), key=repr)),
    ((list, tuple), lambda value: [json_safe(item) for item in value]),
)
"""Kinds of values in the order in which they are tried, and how each is written."""

_EXACTLY: Mapping[type, Callable[[Any], Any]] = {
    str: lambda value: value,
    bool: lambda value: value,
    UUID: str,
    datetime: _moment,
}
"""The commonest kinds, and none that derive from them: found without trying others."""


def json_safe(value: Any) -> Any:
    """Writes a column value as JSON knows it.

    Exact numbers become text, spans become seconds, binary values a SHA-256 digest.
    """
    if value is None:
        return None
    plain = _EXACTLY.get(type(value))
    if plain is not None:
        return plain(value)
    for kinds, written in _WRITTEN:
        if isinstance(value, kinds):
            return written(value)
    return str(value)
