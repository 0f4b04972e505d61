"""The WSGI application: one function, and the table of what it serves."""

import random
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from psycopg import OperationalError
from psycopg.errors import (
    DeadlockDetected,
    LockNotAvailable,
    SerializationFailure,
)

from benchmarks.requests.floor import audits, database, gate, login, passes, service
from benchmarks.requests.floor.booking import book_session, move_session
from benchmarks.requests.floor.errors import Refused, conflict, not_found
from benchmarks.requests.floor.idempotency import once
from benchmarks.requests.floor.sessions import list_sessions, read_session
from benchmarks.requests.floor.settings import BODY_MAX_BYTES
from benchmarks.requests.floor.vault import Claims
from benchmarks.requests.floor.wire import Answer, Request, failure

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_ATTEMPTS: Final = 4
_TOO_MANY: Final = "Too many changes at once here; try again."
_REASONS: Final = {
    200: "200 OK",
    201: "201 CREATED",
    400: "400 BAD REQUEST",
    401: "401 UNAUTHORIZED",
    403: "403 FORBIDDEN",
    404: "404 NOT FOUND",
    405: "405 METHOD NOT ALLOWED",
    409: "409 CONFLICT",
    410: "410 GONE",
    412: "412 PRECONDITION FAILED",
    413: "413 REQUEST ENTITY TOO LARGE",
    415: "415 UNSUPPORTED MEDIA TYPE",
    422: "422 UNPROCESSABLE ENTITY",
    429: "429 TOO MANY REQUESTS",
    500: "500 INTERNAL SERVER ERROR",
    501: "501 NOT IMPLEMENTED",
    503: "503 SERVICE UNAVAILABLE",
}


@dataclass(frozen=True, slots=True)
class _Operation:
    """What is served under one method and path.

    Attributes:
        plugin: The feature that must be on.
        permission: What the caller must hold; None for whoever comes.
        creates: Whether it takes an ``Idempotency-Key``.
    """

    route: str
    work: Callable[[Request], Answer]
    plugin: str | None = None
    permission: str | None = None
    creates: bool = False


_SESSIONS: Final = "/api/v1/scheduling/sessions"
_ONE_SESSION: Final = f"{_SESSIONS}/<uuid:session_id>"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_FIXED: Final = {
    ("GET", _SESSIONS): _Operation(
        _SESSIONS, list_sessions, "scheduling", "scheduling.sessions.read"
    ),
    ("POST", _SESSIONS): _Operation(
        _SESSIONS,
        book_session,
        "scheduling",
        "scheduling.sessions.create",
        creates=True,
    ),
    ("POST", "/api/v1/passes/redeem"): _Operation(
        "/api/v1/passes/redeem",
        passes.redeem,
        "passes",
        "passes.passes.redeem",
        creates=True,
    ),
    ("GET", "/api/v1/audits"): _Operation(
        "/api/v1/audits", audits.list_entries, None, "audits.entry.read"
    ),
    ("POST", "/api/v1/auth/login"): _Operation("/api/v1/auth/login", login.log_in),
}
_OF_SESSION: Final = {
    "GET": _Operation(
        _ONE_SESSION, read_session, "scheduling", "scheduling.sessions.read"
    ),
    "PATCH": _Operation(
        _ONE_SESSION, move_session, "scheduling", "scheduling.sessions.update"
    ),
}


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answers one request."""
    if environ["PATH_INFO"] == "/ready":
        return _ready(start_response)
    started = time.perf_counter()
    request = service.receive(environ)
    operation: _Operation | None = None
    try:
        service.hold_address(request)
        operation = _find(request)
        request.body = _body(environ)
        answer = _serve(request, operation)
    except Refused as refused:
        answer = failure(request, refused)
    except LockNotAvailable:
        answer = failure(request, conflict(_TOO_MANY))
    except OperationalError:
        answer = failure(request, _unavailable())
    route = operation.route if operation is not None else None
    headers = service.finish(request, answer, route, time.perf_counter() - started)
    start_response(_REASONS[answer.status], headers)
    return (answer.body,)


def _find(request: Request) -> _Operation:
    found = _FIXED.get((request.method, request.path))
    if found is not None:
        return found
    head, _, last = request.path.rpartition("/")
    if head == _SESSIONS and _ID.fullmatch(last) is not None:
        request.identifier = last
        found = _OF_SESSION.get(request.method)
        if found is not None:
            return found
    raise not_found()


def _body(environ: dict[str, Any]) -> bytes:
    """The body, within bounds; one that is too long is left unread."""
    announced = environ.get("CONTENT_LENGTH")
    if not announced or announced == "0":
        return b""
    length = int(announced)
    if length > BODY_MAX_BYTES:
        message = f"The body may hold {BODY_MAX_BYTES} bytes at most."
        raise Refused(413, "PAYLOAD_TOO_LARGE", message)
    body: bytes = environ["wsgi.input"].read(length)
    return body


def _serve(request: Request, operation: _Operation) -> Answer:
    """Does the work in a transaction, again when it lost against another."""
    gate.resolve(request)
    claims = None if operation.permission is None else gate.identify(request)
    service.hold_caller(request, claims.user if claims else None)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _in_transaction(request, operation, claims)
        except (SerializationFailure, DeadlockDetected) as error:
            if attempt == _ATTEMPTS:
                raise conflict(_TOO_MANY) from error
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311
    raise AssertionError("unreachable")


def _in_transaction(
    request: Request, operation: _Operation, claims: Claims | None
) -> Answer:
    subjects = (request.tenant,) if claims is None else (request.tenant, claims.user)
    versions = database.begin(request.tenant, *subjects)
    try:
        gate.enter(request, claims, versions)
        if operation.permission is None:
            database.commit()  # it opens its own, between which it computes
            return operation.work(request)
        gate.authorize(request, operation.plugin, operation.permission)
        if operation.creates:
            answer = once(request, operation.work)
        else:
            answer = operation.work(request)
    except Refused as refused:
        (database.commit if refused.keeps_work else database.rollback)()
        raise
    except BaseException:
        database.rollback()
        raise
    database.commit()
    return answer


def _ready(start_response: "StartResponse") -> Iterable[bytes]:
    """Says whether the database answers."""
    try:
        database.row("SELECT 1 WHERE %s", (True,))
    except OperationalError:
        start_response(_REASONS[503], [("Content-Type", "application/json")])
        return (orjson.dumps({"status": "unavailable"}),)
    start_response(_REASONS[200], [("Content-Type", "application/json")])
    return (orjson.dumps({"status": "ok"}),)


def _unavailable() -> Refused:
    message = "The service is not available right now; try again shortly."
    return Refused(503, "UNAVAILABLE", message, headers={"Retry-After": "1"})
