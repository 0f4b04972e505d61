"""Requests read and answers written."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

import orjson

from benchmarks.requests.floor.errors import (
    Refused,
    against_rule,
    malformed,
    unreadable,
)
from benchmarks.requests.floor.settings import BODY_MAX_BYTES

MAX_DEPTH = 64
CALENDAR = range(1990, 2200)

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_CONTROLS = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True, slots=True)
class Gym:
    """A gym at one version.

    Attributes:
        per_minute: Requests that its plan grants; None for any number.
        required_roles: Roles that must log in with a second factor.
        roles: What the gym itself says of roles: name → permissions and scope.
    """

    id: str
    slug: str
    status: str
    zone: ZoneInfo
    version: int
    plugins: frozenset[str]
    scheduling: Mapping[str, Any]
    required_roles: frozenset[str]
    roles: Mapping[str, tuple[frozenset[str], str]]
    origins: frozenset[str]
    per_minute: int | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with the rights of this moment; ``scope`` is own, granted or all."""

    user_id: str
    role: str
    permissions: frozenset[str]
    scope: str
    restricted: bool


@dataclass(slots=True)
class Request:
    """One request.

    Attributes:
        at: The moment it came, in seconds since 1970.
        identifier: The id in its path; empty where the path has none.
        standing: Limit and what it leaves, of the limit that leaves least.
        entered: The gym of this moment.
    """

    environ: Mapping[str, Any]
    trace_id: str
    at: float
    method: str
    path: str
    tenant: str = ""
    identifier: str = ""
    body: bytes = b""
    standing: tuple[int, int] | None = None
    entered: Gym | None = None
    actor: Actor | None = None

    @property
    def gym(self) -> Gym:
        """The gym, once it is entered."""
        if self.entered is None:
            raise LookupError("No gym is entered yet.")
        return self.entered

    @property
    def address(self) -> str | None:
        """The address of the connection."""
        found: str | None = self.environ.get("REMOTE_ADDR")
        return found

    def caller(self) -> Actor:
        """The actor, on a route that nobody enters without one."""
        if self.actor is None:
            raise LookupError("A public route asked who is calling.")
        return self.actor


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def success(
    request: Request,
    data: Any,
    *,
    status: int = 200,
    page: Mapping[str, Any] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """Answers with data."""
    meta: dict[str, Any] = {"traceId": request.trace_id}
    if page is not None:
        meta["pagination"] = page
    body = {"ok": True, "data": data, "meta": meta}
    return Answer(status, orjson.dumps(body, option=orjson.OPT_UTC_Z), headers)


def failure(request: Request, refused: Refused) -> Answer:
    """Answers with an error."""
    error: dict[str, Any] = {"code": refused.code, "message": str(refused)}
    if refused.details:
        error["details"] = refused.details
    body = {"ok": False, "error": error, "meta": {"traceId": request.trace_id}}
    return Answer(
        refused.status, orjson.dumps(body), tuple((refused.headers or {}).items())
    )


def written(values: Any) -> str:
    """JSON for a column."""
    return orjson.dumps(values, option=orjson.OPT_UTC_Z).decode()


class Fault(ValueError):
    """A value that is malformed or, where ``rule`` is set, against a rule."""

    def __init__(self, message: str, *, rule: bool = False) -> None:
        super().__init__(message)
        self.rule = rule


Reader = Callable[[Any], Any]


def read_query(request: Request, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Reads the query string; every parameter once, and none that is unknown."""
    text = request.environ.get("QUERY_STRING")
    if not text:
        return {}
    given: dict[str, str] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if "%" in part or "+" in part:
            name, value = unquote_plus(name), unquote_plus(value)
        if name in given:
            raise malformed("query", {name: ["Give this parameter once."]})
        if "\0" in value or "\0" in name:
            raise unreadable("The query holds a NUL character.")
        given[name] = value
    return _read(given, readers, "query")


def read_body(
    request: Request, readers: Mapping[str, Reader], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Reads a JSON object within bounds."""
    raw = request.body
    if len(raw) > BODY_MAX_BYTES:
        message = f"The body may hold {BODY_MAX_BYTES} bytes at most."
        raise Refused(413, "PAYLOAD_TOO_LARGE", message)
    kind = request.environ.get("CONTENT_TYPE", "")
    if kind != "application/json" and kind.partition(";")[0].strip().lower() != (
        "application/json"
    ):
        raise Refused(
            415, "UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json."
        )
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise unreadable(f"The body is not valid JSON: {error}.") from error
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or b"\\u0000" in raw:
        raise unreadable("The body is nested deeper than it may, or holds a NUL.")
    if not isinstance(given, dict):
        raise malformed("body", {"_schema": ["Invalid input type."]})
    values = _read(given, readers, "body")
    missing = [name for name in required if name not in values]
    if missing:
        fault = ["Missing data for required field."]
        raise malformed("body", dict.fromkeys(missing, fault))
    return values


def _read(
    given: Mapping[str, Any], readers: Mapping[str, Reader], where: str
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}
    rules_only = True
    for name, value in given.items():
        try:
            values[name] = readers.get(name, _unknown)(value)
        except Fault as fault:
            faults[name] = [str(fault)]
            rules_only = rules_only and fault.rule
    if faults:
        raise (against_rule if rules_only else malformed)(where, faults)
    return values


def _unknown(_value: Any) -> Any:
    raise Fault("Unknown field.")


def uuid(value: Any) -> str:
    """Reads an id, as lower-case text."""
    if not isinstance(value, str) or _UUID.fullmatch(value) is None:
        raise Fault("Not a valid UUID.")
    return value.lower()


def moment(value: Any) -> datetime:
    """Reads an instant with its offset, as UTC."""
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise Fault("Give date, time and offset, as in 2026-03-01T09:00:00Z.")
    try:
        found = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Fault("Not a valid datetime.") from error
    _in_calendar(found)
    return found


def day(value: str) -> date:
    """Reads a date."""
    if _DATE.fullmatch(value) is None:
        raise Fault("Not a valid date.")
    try:
        found = date.fromisoformat(value)
    except ValueError as error:
        raise Fault("Not a valid date.") from error
    _in_calendar(found)
    return found


def whole(most: int) -> Reader:
    """Reads a number from 1 to ``most``, written as text."""

    def read(value: str) -> int:
        if _WHOLE.fullmatch(value) is None:
            raise Fault("Not a valid integer.")
        number = int(value)
        if not 1 <= number <= most:
            raise Fault(
                f"Must be greater than or equal to 1 and less than or equal to {most}."
            )
        return number

    return read


def one_of(*words: str) -> Reader:
    """Reads one of some words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise Fault(f"Must be one of: {', '.join(words)}.")
        return value

    return read


def text(most: int, *, least: int = 0, nullable: bool = False) -> Reader:
    """Reads text of bounded length."""

    def read(value: Any) -> str | None:
        if value is None and nullable:
            return None
        if not isinstance(value, str):
            raise Fault("Not a valid string.")
        if not least <= len(value) <= most:
            raise Fault(f"Longer than maximum length {most}.")
        return value

    return read


def line(most: int, *, least: int = 0, nullable: bool = False) -> Reader:
    """Reads one line of text; spaces around it are taken off."""
    bounded = text(most, least=least, nullable=nullable)

    def read(value: Any) -> str | None:
        found: str | None = bounded(value)
        if found is None:
            return None
        if _CONTROLS.search(found) is not None:
            raise Fault("Give one line of text, without control characters.")
        return found.strip()

    return read


def flag(value: Any) -> bool:
    """Reads a JSON boolean."""
    if not isinstance(value, bool):
        raise Fault("Not a valid boolean.")
    return value


def _in_calendar(value: date) -> None:
    if value.year not in CALENDAR:
        last = CALENDAR.stop - 1
        raise Fault(f"Give a year from {CALENDAR.start} to {last}.", rule=True)
