"""The parts that every document has: envelope, headers, parameters, security."""

from typing import Any

from core.http.idempotency import MAX_KEY
from core.http.openapi.examples import TRACE_ID
from core.http.operation import Operation

ACCESS_COOKIE = "palestra_access"
CSRF_COOKIE = "palestra_csrf"
CSRF_HEADER = "X-CSRF-Token"

DESCRIPTION = """\
Success answers `{"ok": true, "data": …, "meta": {"traceId": …}}`, failure
`{"ok": false, "error": {"code": …, "message": …}, "meta": {"traceId": …}}`.

* **Which gym**: the host, the path prefix `/t/<slug>`, or the header `X-Tenant`.
* **Who**: `Authorization: Bearer <access token or API key>`, or the cookies that a
  browser was given, with `X-CSRF-Token` on whatever changes something. Each belongs to
  one gym.
* **Times** are RFC 3339 in UTC, dates `YYYY-MM-DD`, ids UUIDs, money whole minor units
  with an ISO 4217 currency.
* **Lists** take `page`, `limit` and `sort`; growing ones also `cursor`.
* **Creating** takes an `Idempotency-Key`: sent twice, it takes effect once.
* **Changing** what has a version honours `If-Match`.
"""

_META = {
    "type": "object",
    "required": ["traceId"],
    "properties": {
        "traceId": {
            "type": ["string", "null"],
            "description": "Also in `X-Request-Id`; name it when you report a fault.",
            "example": TRACE_ID,
        }
    },
}

_PAGINATION = {
    "type": "object",
    "description": "Read by cursor, a list has neither page nor total.",
    "required": ["limit"],
    "properties": {
        "page": {"type": "integer", "minimum": 1, "example": 1},
        "limit": {"type": "integer", "minimum": 1, "maximum": 100, "example": 20},
        "total": {"type": "integer", "minimum": 0, "example": 1},
        "pages": {"type": "integer", "minimum": 0, "example": 1},
        "nextCursor": {
            "type": ["string", "null"],
            "description": "Where a growing list goes on; null at its end.",
        },
    },
}

_FAILURE = {
    "type": "object",
    "required": ["ok", "error", "meta"],
    "properties": {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "Stable; for programs."},
                "message": {"type": "string", "description": "For people."},
                "details": {
                    "type": "object",
                    "description": "What exactly, such as messages by field.",
                },
            },
        },
        "meta": {"$ref": "#/components/schemas/Meta"},
    },
}

SCHEMAS: dict[str, Any] = {
    "Meta": _META,
    "Pagination": _PAGINATION,
    "PageMeta": {
        "type": "object",
        "required": ["traceId", "pagination"],
        "properties": {
            **_META["properties"],  # type: ignore[dict-item]
            "pagination": {"$ref": "#/components/schemas/Pagination"},
        },
    },
    "Failure": _FAILURE,
}

PARAMETERS: dict[str, Any] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": (
            "Any text of yours that names this request. Sent again with the same body "
            "within 24 hours, it answers what it answered first."
        ),
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_KEY,
            "pattern": "^[ -~]+$",
        },
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The `ETag` you saw; refused when there is a newer version.",
        "schema": {"type": "string", "pattern": r'^(\*|"\d{1,18}")$'},
    },
}

HEADERS: dict[str, Any] = {
    "TraceId": {
        "description": "The trace id of this request.",
        "schema": {"type": "string", "example": TRACE_ID},
    },
    "ETag": {
        "description": "The resource's version, for `If-Match`.",
        "schema": {"type": "string", "example": '"3"'},
    },
    "RetryAfter": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 0, "example": 1},
    },
    "Replayed": {
        "description": "The answer is that of an earlier request with this key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token that logging in gives.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "pk_…",
        "description": (
            "An API key, sent as a bearer token. It opens routes that ask for a "
            "permission which the key holds."
        ),
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": ACCESS_COOKIE,
        "description": "Set by logging in with `mode: cookie`; scripts cannot read it.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": (
            f"The value of the cookie `{CSRF_COOKIE}`, sent back by a page of the gym. "
            "Needed with cookies wherever something changes."
        ),
    },
}


def security(operation: Operation) -> list[dict[str, list[str]]]:
    """The ways in which a caller of ``operation`` may say who they are."""
    if operation.public:
        return []
    ways: list[dict[str, list[str]]] = [{"bearer": []}]
    if operation.reach == "operator":
        return ways
    if operation.permission is not None and not operation.permission.people_only:
        ways.append({"apiKey": []})
    if operation.strangers_too:
        ways.append({})
    changes = operation.method != "GET"
    return [*ways, {"cookie": [], "csrf": []} if changes else {"cookie": []}]


def reference(section: str, name: str) -> dict[str, str]:
    """A reference to a component."""
    return {"$ref": f"#/components/{section}/{name}"}
