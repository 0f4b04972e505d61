"""Keeps personal data and secrets out of the log."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from structlog.typing import EventDict, WrappedLogger

MASK: Final = "[redacted]"
MAX_TEXT: Final = 2_048
MAX_TRACE_TEXT: Final = 16_384
MAX_ITEMS: Final = 50
MAX_DEPTH: Final = 6

# Longer texts are searched to here only; what stands at the cut may be half an address
# that no pattern knows, so as much as the longest address is dropped from the end.
MAX_SCANNED: Final = 20_000
_LONGEST_ADDRESS: Final = 320

# Written by the platform itself, in forms that hold no personal data.
_OWN_KEYS: Final = frozenset(
    {"ts", "level", "traceId", "tenant", "userId", "apiKeyId", "route", "module"}
)
# Tracebacks use "name" for functions, so only their texts are searched.
_TRACE_KEYS: Final = frozenset({"exception", "stack"})

_SECRET_WORDS: Final = frozenset(
    {
        "address",
        "authorization",
        "birth",
        "birthday",
        "birthdate",
        "cookie",
        "credential",
        "csrf",
        "dob",
        "email",
        "iban",
        "jwt",
        "mail",
        "mobile",
        "otp",
        "passphrase",
        "passwd",
        "password",
        "phone",
        "pwd",
        "secret",
        "signature",
        "ssn",
        "surname",
        "token",
        "totp",
    }
)
_SECRET_KEYS: Final = frozenset(
    {
        "name",
        "alias",
        "clientname",
        "coachname",
        "contactname",
        "displayname",
        "familyname",
        "firstname",
        "fullname",
        "givenname",
        "guardianname",
        "lastname",
        "membername",
        "middlename",
        "nickname",
        "username",
        "body",
        "html",
        "payload",
        "rawbody",
        "requestbody",
        "responsebody",
        "apikey",
        "accesskey",
        "privatekey",
        "encryptionkey",
        "masterkey",
        "recoverycode",
        "recoverycodes",
        "ip",
        "ipaddress",
        "remoteaddr",
        "dateofbirth",
        "args",
        "parameters",
        "params",
        "querystring",
    }
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAMED: Final = (
    r"(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization"
    r"|cookie|signature|otp|e?mail|phone|csrf|username|first_?name|last_?name"
    r"|display_?name)[\w.-]{0,40}"
)
_INT64: Final = 2**63


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What is looked for in a text.

    Attributes:
        needs: Stands, in lower case, in every text in which anything can be found, so
            that most texts are not searched. Without k, s and i: for these, ignoring
            case finds more letters than lower case gives.
    """

    needs: str
    finder: re.Pattern[str]
    replacement: str


def _pattern(needs: str, expression: str, replacement: str = MASK) -> _Pattern:
    finder = re.compile(expression, re.IGNORECASE | re.DOTALL)
    return _Pattern(needs, finder, replacement)


_PATTERNS: Final = (
    # What the database and its driver tell of a refused row.
    _pattern("[", r"\[parameters: .*?\](?=\n|$)", f"[parameters: {MASK}]"),
    _pattern(")=(", r"(key \([^)\n]{1,200}\))=\([^\n]*\)", rf"\1=({MASK})"),
    _pattern("(", r"(failing row contains) \([^\n]*\)", rf"\1 ({MASK})"),
    _pattern(":", r"\b(authorization|(?:set-)?cookie)(\s*:\s*)[^\n]+", rf"\1\2{MASK}"),
    _pattern("bearer", r"\b(bearer)\s+[\w.~+/=-]{6,}", rf"\1 {MASK}"),
    _pattern("eyj", r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}"),
    _pattern(
        "-----", r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|$)"
    ),
    _pattern("@", r"([a-z][a-z0-9+.-]{0,30}://)[^\s/?#]*@", rf"\1{MASK}@"),
    _pattern(
        ":",
        rf"""((["'])(?:[\w.-]{{0,40}}{_NAMED}|name|body)\2\s*:\s*)"""
        r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,}\]]+)""",
        rf"\1{MASK}",
    ),
    _pattern("=", rf"""({_NAMED})=("[^"]*"|'[^']*'|[^\s&;,"']+)""", rf"\1={MASK}"),
    _pattern(
        "@",
        r"""[^\s@<>"'(),;:\[\]=|/]{1,64}@[^\s@<>"'(),;:\[\]=|/.]{1,63}"""
        r"""(?:\.[^\s@<>"'(),;:\[\]=|/.]{1,63})+""",
    ),
)

_EVENT: Final = re.compile(r"[a-z_]{1,40}(?:\.[a-z_]{1,40}){1,4}")
"""The name of an event, such as ``http.request``: most of what the log is told."""

_SEVEN_DIGITS: Final = re.compile(r"\d(?:[\s()./-]{0,3}\d){6}")
"""The least that a telephone number has."""

# International, national with a leading zero, North American.
_PHONES: Final = tuple(
    re.compile(expression)
    for expression in (
        r"(?<![\w+])(?:\+|00)[1-9](?:[\s()./-]{0,2}\d){6,14}(?!\w)",
        r"(?<![\w.:-])\(?0\d{1,5}\)?(?:[\s./-]{0,2}\d){5,11}(?![\w:-])",
        r"(?<![\w.:-])\(?[2-9]\d{2}\)?[\s.-]{1,2}\d{3}[\s.-]\d{4}(?![\w-])",
    )
)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask and bound everything in a log entry; a structlog processor.

    Values under keys that name personal data or secrets are masked whole. In all
    other texts e-mail addresses, phone numbers, tokens, passwords and the rows that
    database errors quote are masked where they stand, at any depth, tracebacks
    included. What comes out is plain JSON of bounded size.
    """
    return {str(key): _redact_entry(str(key), value) for key, value in event.items()}


def redact_text(text: str, limit: int = MAX_TEXT) -> str:
    """Mask personal data and secrets inside a text and cut it to a length.

    Args:
        text: Any text.
        limit: Most characters that are kept.
    """
    return text if _EVENT.fullmatch(text) else _searched(text, limit)


def _searched(text: str, limit: int) -> str:
    clean = text[:MAX_SCANNED]
    if not clean.isascii():
        clean = clean.encode("utf-8", "backslashreplace").decode("utf-8")
    lower = clean.lower()
    for pattern in _PATTERNS:
        if pattern.needs in lower:
            clean = pattern.finder.sub(pattern.replacement, clean)
    if _SEVEN_DIGITS.search(clean):
        for phone in _PHONES:
            clean = phone.sub(MASK, clean)
    if len(text) > MAX_SCANNED:
        clean = clean[:-_LONGEST_ADDRESS]
    if len(clean) > limit or len(text) > MAX_SCANNED:
        return f"{clean[:limit]}… [cut, {len(text)} characters]"
    return clean


@lru_cache(maxsize=1_000)
def is_sensitive_key(key: str) -> bool:
    """Say whether a key names personal data or a secret, however it is spelled."""
    words = [word.lower() for word in _WORD.findall(key)]
    singular = {word.removesuffix("s") for word in words}
    known = singular | set(words)
    return bool(known & _SECRET_WORDS) or "".join(words) in _SECRET_KEYS


def _redact_entry(key: str, value: object) -> object:
    if key in _OWN_KEYS:
        return value if isinstance(value, int) else str(value)[:MAX_TEXT]
    if key in _TRACE_KEYS:
        return _walk(value, 0, _keep_key, MAX_TRACE_TEXT)
    if is_sensitive_key(key):
        return _mask(value)
    return _walk(value, 0, is_sensitive_key, MAX_TEXT)


def _keep_key(_key: str) -> bool:
    return False


def _mask(value: object) -> object:
    # Whether something was there helps to debug, and tells nothing.
    return value if value is None or isinstance(value, bool) else MASK


def _walk(
    value: object, depth: int, sensitive: Callable[[str], bool], limit: int
) -> object:
    if isinstance(value, str):
        return redact_text(value, limit)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else str(value)[:limit]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _walk_many(value, depth + 1, sensitive, limit)
    return redact_text(_as_text(value), limit)


def _walk_many(
    value: Mapping[Any, object] | Iterable[object],
    depth: int,
    sensitive: Callable[[str], bool],
    limit: int,
) -> object:
    if depth > MAX_DEPTH:
        return "[too deep]"
    if not isinstance(value, Mapping):
        items = islice(value, MAX_ITEMS)
        return [_walk(item, depth, sensitive, limit) for item in items]
    return {
        redact_text(str(key), limit): (
            _mask(item) if sensitive(str(key)) else _walk(item, depth, sensitive, limit)
        )
        for key, item in islice(value.items(), MAX_ITEMS)
    }


def _as_text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 a broken __str__ must not cost the log entry
        return f"<{type(value).__name__}>"
