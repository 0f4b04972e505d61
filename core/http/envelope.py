"""The one envelope around every JSON answer."""

from collections.abc import Mapping
from http.client import NOT_MODIFIED
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response
from typing_extensions import override

from core.context import current_or_none
from core.errors import AppError
from core.http.page import Page

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.datastructures import Headers

JSON = "application/json"

OPEN = orjson.OPT_NON_STR_KEYS
"""How orjson writes: validation messages about a list are keyed by item number."""

CLOSED = orjson.OPT_UTC_Z
"""How it writes a closed shape, which leaves moments to it and has text for keys."""


def trace_id() -> str | None:
    """The trace id of this request, where one has begun."""
    context = current_or_none()
    return context.trace_id if context else None


def success(
    data: Any, *, status: int = 200, page: Page | None = None, closed: bool = False
) -> Response:
    """Answers with data.

    Args:
        data: What orjson can write.
        status: The status.
        page: Which page of a list the data are.
        closed: The data come from a closed shape (``core.http.shapes``).
    """
    meta: dict[str, Any] = {"traceId": trace_id()}
    if page is not None:
        meta["pagination"] = page.describe()
    body = {"ok": True, "data": data, "meta": meta}
    return json_response(body, status=status, closed=closed)


def failure(error: AppError) -> Response:
    """Answers with an error."""
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.details:
        body["details"] = error.details
    return json_response(
        {"ok": False, "error": body, "meta": {"traceId": trace_id()}},
        status=error.status,
        headers=error.headers,
    )


class _Written(Response):
    """JSON that is complete: what Werkzeug would look for at its end is known."""

    @override
    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> "Headers":
        if self.status_code == NOT_MODIFIED:
            return super().get_wsgi_headers(environ)
        return self.headers


def json_response(
    body: Any,
    *,
    status: int,
    headers: Mapping[str, str] | None = None,
    closed: bool = False,
) -> Response:
    """Writes JSON as it is, without the envelope."""
    text = orjson.dumps(body, option=CLOSED if closed else OPEN)
    given = [("Content-Type", JSON), ("Content-Length", str(len(text)))]
    return _Written([text], status, [*given, *(headers or {}).items()])
