"""Column values as the audit log keeps them."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy.dialects.postgresql import Range

from core.audit.values import json_safe

ID = UUID("019cadf2-8a80-7c41-9f0e-5b7d2c6a1e34")


class Colour(Enum):
    RED = "red"


class Status(StrEnum):
    ACTIVE = "active"


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (2**80, str(2**80)),
        (1.5, 1.5),
        ("text", "text"),
        (ID, str(ID)),
        (Decimal("12.50"), "12.50"),
        (Colour.RED, "red"),
        (Status.ACTIVE, "active"),
        (Level.HIGH, 3),
        (date(2026, 3, 2), "2026-03-02"),
        (time(9, 30), "09:30:00"),
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-02T09:00:00Z"),
        (
            datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=2))),
            "2026-03-02T07:00:00Z",
        ),
        (timedelta(minutes=2), 120.0),
        (
            b"abc",
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        ({"b", "a"}, ["a", "b"]),
        ((1, ID), [1, str(ID)]),
        ({ID: [Decimal(1)]}, {str(ID): ["1"]}),
        (
            Range(date(2026, 3, 2), None, bounds="[)"),
            {"lower": "2026-03-02", "upper": None, "bounds": "[)"},
        ),
        (Range(empty=True), {"empty": True}),
        (complex(1, 2), "(1+2j)"),
    ],
)
def test_every_kind_of_value_becomes_json(value: Any, expected: Any) -> None:
    written = json_safe(value)
    assert written == expected
    assert type(written) is type(expected)
    assert orjson.loads(orjson.dumps(written)) == expected
