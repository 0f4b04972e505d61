"""What a route can answer: its success, and every refusal with its code."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from core import errors
from core.errors import AppError
from core.http.envelope import JSON
from core.http.openapi.examples import TRACE_ID
from core.http.openapi.shared import reference
from core.http.operation import Operation

NO_CONTENT = 204
_WAITS = frozenset({429, 503})


def success(
    operation: Operation, schema: dict[str, Any] | None, example: Any
) -> dict[str, Any]:
    """The answer when all went well.

    Args:
        operation: The route.
        schema: JSON schema of the data; None where nothing was declared.
        example: An example of the data.
    """
    answer: dict[str, Any] = {
        "description": "Done; there is no body."
        if operation.status == NO_CONTENT
        else "Done.",
        "headers": _headers(operation),
    }
    if operation.status == NO_CONTENT:
        return answer
    if operation.media_type is None:
        answer["content"] = {JSON: _enveloped(operation, schema or {}, example)}
    else:
        answer["content"] = {operation.media_type: _bare(operation, schema, example)}
    return answer


def _headers(operation: Operation) -> dict[str, Any]:
    headers = {"X-Request-Id": reference("headers", "TraceId")}
    if operation.versioned and operation.status != NO_CONTENT:
        headers["ETag"] = reference("headers", "ETag")
    if operation.idempotent:
        headers["Idempotent-Replayed"] = reference("headers", "Replayed")
    return headers


def _enveloped(
    operation: Operation, schema: dict[str, Any], example: Any
) -> dict[str, Any]:
    meta: dict[str, Any] = {"traceId": TRACE_ID}
    if operation.paged:
        meta["pagination"] = {"limit": 20, "page": 1, "total": 1, "pages": 1}
    return {
        "schema": {
            "type": "object",
            "required": ["ok", "data", "meta"],
            "properties": {
                "ok": {"const": True},
                "data": schema,
                "meta": reference("schemas", "PageMeta" if operation.paged else "Meta"),
            },
        },
        "example": {"ok": True, "data": example, "meta": meta},
    }


def _bare(
    operation: Operation, schema: dict[str, Any] | None, example: Any
) -> dict[str, Any]:
    media_type = operation.media_type or JSON
    if schema is not None:
        return {"schema": schema, "example": example}
    if media_type.endswith("json"):
        described: dict[str, Any] = {"schema": {"type": "object"}, "example": {}}
    elif media_type.startswith("text/"):
        described = {"schema": {"type": "string"}}
    else:
        described = {"schema": {"type": "string", "format": "binary"}}
    if example is not None:
        described["example"] = example
    return described


def refusals(
    operation: Operation, *, names_one: bool
) -> dict[int, list[type[AppError]]]:
    """Every error class that the route may answer with, by status.

    Args:
        operation: The route.
        names_one: Whether its path names a thing, which may not exist.
    """
    missing = (errors.NotFound,) if names_one else ()
    grouped: dict[int, dict[str, type[AppError]]] = defaultdict(dict)
    for error in (*_usual(operation), *missing, *operation.errors):
        grouped[error.status][error.code] = error
    return {
        status: sorted(grouped[status].values(), key=lambda error: error.code)
        for status in sorted(grouped)
    }


def _usual(operation: Operation) -> Iterator[type[AppError]]:
    """The refusals that follow from what the route declares."""
    yield errors.ValidationFailed
    yield errors.RateLimited
    yield errors.InternalError
    if not operation.also_status:
        yield errors.Unavailable
    if not operation.public:
        yield from (errors.AuthRequired, errors.TokenExpired, errors.Forbidden)
    if operation.reach == "gym":
        yield from _of_gyms(operation)
    if operation.method != "GET":
        yield from _of_writes(operation)


def _of_gyms(operation: Operation) -> Iterator[type[AppError]]:
    yield from (errors.TenantUnknown, errors.TenantSuspended)
    if not operation.public:
        yield errors.TenantMismatch
        if operation.method != "GET":
            yield errors.CsrfRefused
        if not operation.during_setup:
            yield errors.TotpSetupRequired
    if operation.owner is not None and not operation.always_on:
        yield errors.PluginDisabled


def _of_writes(operation: Operation) -> Iterator[type[AppError]]:
    yield errors.Conflict
    if operation.idempotent:
        yield from (errors.IdempotencyInProgress, errors.IdempotencyKeyReused)
    if operation.versioned:
        yield errors.PreconditionFailed
    if operation.body is not None:
        yield from (errors.PayloadTooLarge, errors.UnsupportedMediaType)


def refusal_name(status: int, kinds: Iterable[type[AppError]]) -> str:
    """The component's name: routes that refuse alike share one description."""
    return f"{status}.{'.'.join(kind.code for kind in kinds)}"


def refusal(status: int, kinds: Iterable[type[AppError]]) -> dict[str, Any]:
    """The answer with ``status``: its codes as an enum, an example for each."""
    known = list(kinds)
    headers = {"X-Request-Id": reference("headers", "TraceId")}
    if status in _WAITS:
        headers["Retry-After"] = reference("headers", "RetryAfter")
    code = {"enum": [kind.code for kind in known]}
    narrowed = {"properties": {"error": {"properties": {"code": code}}}}
    return {
        "description": " ".join(f"`{kind.code}`: {kind.message}" for kind in known),
        "headers": headers,
        "content": {
            JSON: {
                "schema": {"allOf": [reference("schemas", "Failure"), narrowed]},
                "examples": {kind.code: {"value": _example(kind)} for kind in known},
            }
        },
    }


def _example(kind: type[AppError]) -> dict[str, Any]:
    error: dict[str, Any] = {"code": kind.code, "message": kind.message}
    if kind is errors.ValidationFailed:
        error["details"] = {"body": {"name": ["Missing data for required field."]}}
    return {"ok": False, "error": error, "meta": {"traceId": TRACE_ID}}
