"""Examples: the same every time, and true to bounds and patterns."""

import re
from typing import Any
from uuid import UUID

import pytest

from core.http.openapi.examples import Examples, example_id

EXAMPLES = Examples(
    {
        "Node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "next": {"$ref": "#/components/schemas/Node"},
                "all": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/Node"},
                },
            },
        }
    }
)


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("a", {"type": "string", "example": "given"}, "given"),
        ("a", {"type": "string", "examples": ["first", "second"]}, "first"),
        ("a", {"enum": ["one", "two"]}, "one"),
        ("a", {"const": False}, False),
        ("limit", {"type": "integer", "default": 5}, 5),
        ("startsAt", {"type": "string", "format": "date-time"}, "2026-03-02T09:00:00Z"),
        ("contactEmail", {"type": "string"}, "alex.morgan@example.com"),
        ("currency", {"type": ["string", "null"], "maxLength": 3}, "EUR"),
        ("amountMinor", {"type": "integer"}, 4900),
        ("weightKg", {"type": "number"}, 72),
        ("n", {"type": "integer", "minimum": 9}, 9),
        ("n", {"type": "integer", "exclusiveMinimum": 4}, 5),
        ("total", {"type": "integer", "maximum": 10}, 10),
        ("total", {"type": "integer", "exclusiveMaximum": 10}, 9),
        ("on", {"type": "boolean"}, True),
        ("a", {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ("a", {"oneOf": [{"type": "integer"}]}, 1),
        ("a", {}, None),
        ("a", {"type": "null"}, None),
        (
            "tags",
            {"type": "array", "items": {"type": "integer"}, "minItems": 2},
            [1, 1],
        ),
        ("a", {"type": "object"}, {}),
    ],
)
def test_examples_fit(name: str, schema: dict[str, Any], expected: Any) -> None:
    assert EXAMPLES.of(schema, name) == expected


@pytest.mark.parametrize(
    "pattern", [r"^\d{6}$", "^[A-Z]{3}$", r"^#[0-9A-Fa-f]{6}$", r"^\d\d:\d\d$"]
)
def test_patterns_are_kept(pattern: str) -> None:
    text = EXAMPLES.of({"type": "string", "pattern": pattern}, "whatever")
    assert re.search(pattern, text)


def test_lengths_are_kept() -> None:
    assert len(EXAMPLES.of({"type": "string", "minLength": 300}, "name")) == 300
    assert len(EXAMPLES.of({"type": "string", "maxLength": 1}, "name")) == 1


def test_a_circle_of_references_ends() -> None:
    node = {"$ref": "#/components/schemas/Node"}
    assert EXAMPLES.of(node) == {"name": "Alex Morgan", "next": None, "all": []}


def test_requests_and_answers_show_their_own_fields() -> None:
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "secret": {"type": "integer", "writeOnly": True},
        },
    }
    assert EXAMPLES.of(schema) == {"id": 1}
    assert EXAMPLES.of(schema, hidden="readOnly") == {"secret": 1}


def test_ids_are_uuids_of_version_7_and_stay_the_same() -> None:
    made = example_id("clientId")
    assert made == example_id("clientId") != example_id("coachId")
    assert made.version == 7
    assert EXAMPLES.of({"type": "string", "format": "uuid"}, "clientId") == str(made)
    assert UUID(str(made)) == made
