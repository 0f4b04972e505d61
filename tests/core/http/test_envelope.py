"""The one envelope around every JSON answer."""

from typing import Any

import orjson
import pytest
from flask import Response

from core import context
from core.context import Context
from core.errors import Conflict, RateLimited
from core.http.envelope import failure, success
from core.http.page import Page


def body(response: Response) -> dict[str, Any]:
    assert response.content_type == "application/json"
    parsed: dict[str, Any] = orjson.loads(response.get_data())
    return parsed


def test_success_carries_data_and_the_trace_id() -> None:
    with context.use(Context(trace_id="trace-0001")):
        response = success({"a": 1}, status=201)
    assert response.status_code == 201
    assert body(response) == {
        "ok": True,
        "data": {"a": 1},
        "meta": {"traceId": "trace-0001"},
    }


def test_outside_a_request_there_is_no_trace_id() -> None:
    assert body(success(None))["meta"] == {"traceId": None}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (Page([], 1, 20, 0), {"page": 1, "limit": 20, "total": 0, "pages": 0}),
        (Page([1], 2, 20, 21), {"page": 2, "limit": 20, "total": 21, "pages": 2}),
        (Page([1], 2, 20, 40), {"page": 2, "limit": 20, "total": 40, "pages": 2}),
        (Page([1], 0, 20, None), {"limit": 20, "nextCursor": None}),
        (Page([1], 0, 20, None, "more"), {"limit": 20, "nextCursor": "more"}),
        (
            Page([1], 1, 1, 2, "more"),
            {"page": 1, "limit": 1, "total": 2, "pages": 2, "nextCursor": "more"},
        ),
    ],
)
def test_a_page_describes_itself(page: Page, expected: dict[str, Any]) -> None:
    assert body(success(page.items, page=page))["meta"]["pagination"] == expected


def test_failure_carries_code_message_and_details() -> None:
    response = failure(Conflict("Taken.", details={"by": "Ada"}))
    assert response.status_code == 409
    parsed = body(response)
    assert parsed["ok"] is False
    assert parsed["error"] == {
        "code": "CONFLICT",
        "message": "Taken.",
        "details": {"by": "Ada"},
    }


def test_failure_without_details_has_none_and_keeps_headers() -> None:
    response = failure(RateLimited(headers={"Retry-After": "7"}))
    assert response.headers["Retry-After"] == "7"
    assert "details" not in body(response)["error"]
