"""Examples made from schemas: the same ones every time, and true to the schema."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

JsonSchema = Mapping[str, Any]

MOMENT = "2026-03-02T09:00:00Z"
TRACE_ID = "019cadf2-8a80-7c41-9f0e-5b7d2c6a1e34"

_BY_FORMAT = {
    "date-time": MOMENT,
    "date": "2026-03-02",
    "time": "09:00:00",
    "email": "alex.morgan@example.com",
    "uri": "https://example.com/page",
    "url": "https://example.com/page",
    "ipv4": "203.0.113.7",
    "ipv6": "2001:db8::7",
    "byte": "cGFsZXN0cmE=",
    "decimal": "12.50",
}
_BY_WORD = {
    "action": "auth.login",
    "address": "12 Harbour Street",
    "alias": "alex",
    "bio": "Strength coach since 2014.",
    "city": "Berlin",
    "code": "SPRING-2026",
    "colour": "#1F6F5C",
    "country": "DE",
    "currency": "EUR",
    "description": "What it is, in a sentence or two.",
    "email": "alex.morgan@example.com",
    "lang": "en",
    "language": "en",
    "locale": "en",
    "message": "See you on Monday.",
    "name": "Alex Morgan",
    "note": "Knee is better; add squats.",
    "notes": "Knee is better; add squats.",
    "password": "Correct-Horse-7!",
    "phone": "+4930901820",
    "reason": "Asked for it by phone.",
    "rrule": "FREQ=WEEKLY;BYDAY=MO",
    "slug": "iron-temple",
    "text": "See you on Monday.",
    "time": "09:00",
    "timezone": "Europe/Berlin",
    "title": "Monday strength",
    "totp": "492039",
    "url": "https://example.com/page",
    "version": "1.0.0",
    "zone": "Europe/Berlin",
}
_FALLBACKS = (
    "example", "Example", "EXAMPLE", "a", "ab", "abc", "A", "AB", "ABC", "1", "42",
    "123456", "09:00", "2026-03", "2026-W10", "0.5", "12.50", "#1F6F5C", "a.b.c",
    "0123456789abcdef" * 2, "0123456789abcdef" * 4, "+4930901820",
)  # fmt: skip
_NUMBER_BY_WORD = {
    "age": 34,
    "capacity": 12,
    "cm": 178,
    "kg": 72,
    "limit": 20,
    "minor": 4900,
    "minutes": 60,
    "page": 1,
    "pages": 3,
    "percent": 10,
    "total": 42,
    "year": 2026,
}


class Examples:
    """Makes example values.

    Args:
        schemas: The components that references point at, by name.
    """

    def __init__(self, schemas: Mapping[str, JsonSchema]) -> None:
        self._schemas = schemas

    def of(
        self, schema: JsonSchema, name: str = "", *, hidden: str = "writeOnly"
    ) -> Any:
        """An example of ``schema``.

        Args:
            schema: A JSON schema of the document.
            name: The field's name, which says what kind of text or number fits.
            hidden: Which fields to leave out, those marked ``writeOnly`` (for
                answers) or ``readOnly`` (for requests).
        """
        return self._of(schema, name, hidden, ())

    def _of(
        self, schema: JsonSchema, name: str, hidden: str, above: tuple[str, ...]
    ) -> Any:
        found, given = _given(schema)
        if found:
            return given
        if "$ref" in schema:
            return self._target(str(schema["$ref"]), name, hidden, above)
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return self._of(choices[0], name, hidden, above)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, hidden, above)
        if kind == "array":
            item = self._of(schema.get("items", {}), _one(name), hidden, above)
            return [] if item is None else [item] * max(schema.get("minItems", 1), 1)
        return _scalar(kind, schema, name)

    def _target(
        self, reference: str, name: str, hidden: str, above: tuple[str, ...]
    ) -> Any:
        """An example of what a reference points at; a circle ends in null."""
        target = reference.rpartition("/")[2]
        if target in above:
            return None
        return self._of(self._schemas[target], name, hidden, (*above, target))

    def _object(self, schema: JsonSchema, hidden: str, above: tuple[str, ...]) -> Any:
        return {
            name: self._of(part, name, hidden, above)
            for name, part in schema.get("properties", {}).items()
            if not part.get(hidden)
        }


def _given(schema: JsonSchema) -> tuple[bool, Any]:
    """What the schema itself offers as an example."""
    if "example" in schema:
        return True, schema["example"]
    for several in ("examples", "enum"):
        if schema.get(several):
            return True, schema[several][0]
    if "const" in schema:
        return True, schema["const"]
    if schema.get("default") is not None:
        return True, schema["default"]
    return False, None


def _kind(schema: JsonSchema) -> str | None:
    kind: Any = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    return None if kind is None else str(kind)


def _scalar(kind: str | None, schema: JsonSchema, name: str) -> Any:
    if kind == "string":
        return _text(schema, name)
    if kind in {"integer", "number"}:
        return _number(schema, name, whole=kind == "integer")
    return True if kind == "boolean" else None


def _text(schema: JsonSchema, name: str) -> str:
    """The first candidate that fits the bounds and the pattern."""
    if schema.get("format") == "uuid":
        return str(example_id(name))
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    preferred = _BY_WORD.get(_last_word(name), "Example")
    candidates = [preferred, *_BY_WORD.values(), *_FALLBACKS]
    fitting = (text for text in candidates if _fits(text, schema))
    return next(fitting, None) or preferred.ljust(schema.get("minLength", 0), "x")


def _fits(text: str, schema: JsonSchema) -> bool:
    bounds = schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 1e9)
    pattern = schema.get("pattern")
    return bounds and (pattern is None or re.search(pattern, text) is not None)


def _number(schema: JsonSchema, name: str, *, whole: bool) -> float:
    wanted: float = _NUMBER_BY_WORD.get(_last_word(name), 1 if whole else 1.5)
    if "exclusiveMinimum" in schema:
        wanted = max(wanted, schema["exclusiveMinimum"] + 1)
    wanted = min(wanted, schema.get("maximum", wanted))
    if "exclusiveMaximum" in schema:
        wanted = min(wanted, schema["exclusiveMaximum"] - 1)
    least: float = schema.get("minimum", wanted)
    return max(wanted, least)


def _last_word(name: str) -> str:
    """``weightKg`` → ``kg``: the last word says what kind of thing it is."""
    words = re.findall(r"[A-Z]?[a-z0-9]+", name)
    return words[-1].lower() if words else ""


def _one(name: str) -> str:
    return name.removesuffix("s")


def example_id(name: str) -> UUID:
    """A UUIDv7 that is always the same for the same name."""
    digest = hashlib.sha256((name or "id").encode()).digest()
    time_part = bytes.fromhex("019cadf28a80")
    raw = bytearray(time_part + digest[:10])
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return UUID(bytes=bytes(raw))
