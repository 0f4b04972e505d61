"""The headers that every answer carries."""

import pytest

from tests.core.http.tiny_app import TinyApp, make_gym


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/things", 200),
        ("/health", 200),
        ("/api/v1/nowhere", 404),
        ("/nowhere", 404),
        ("/api/v1/auth/login", 405),
        ("/api/v1/private", 401),
        ("/api/v1/broken", 500),
    ],
)
def test_every_answer_is_hardened(path: str, status: int) -> None:
    app = TinyApp(make_gym())
    response = app.test_client().get(path, headers={"X-Tenant": "north"})
    assert response.status_code == status
    sent = response.headers
    assert sent["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in sent["Content-Security-Policy"]
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["X-Frame-Options"] == "DENY"
    assert sent["Referrer-Policy"] == "no-referrer"
    assert sent["Strict-Transport-Security"].startswith("max-age=31536000")
    assert sent["Cross-Origin-Opener-Policy"] == "same-origin"
    assert sent["Cache-Control"] == "no-store"
    assert len(sent["X-Request-Id"]) >= 8


def test_a_route_may_set_a_wider_policy() -> None:
    app = TinyApp(make_gym())
    page = ("<p>", {"Content-Security-Policy": "default-src 'self'"})
    app.add_url_rule("/page", view_func=lambda: page)
    response = app.test_client().get("/page")
    assert response.headers.getlist("Content-Security-Policy") == ["default-src 'self'"]
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "Cache-Control" not in response.headers


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("application/json; charset=utf-8", "no-store"),
        ("application/json-seq", None),
        ("text/plain", None),
    ],
)
def test_only_api_answers_are_kept_from_caches(kind: str, kept: str | None) -> None:
    app = TinyApp(make_gym())
    app.add_url_rule("/page", view_func=lambda: ("{}", {"Content-Type": kind}))
    response = app.test_client().get("/page")
    assert response.headers.get("Cache-Control") == kept
    assert len(response.headers.getlist("X-Request-Id")) == 1


def test_a_defect_tells_nothing_but_its_trace_id() -> None:
    app = TinyApp(make_gym())
    response = app.test_client().get(
        "/api/v1/broken",
        headers={"X-Tenant": "north", "X-Request-Id": "trace-0001"},
    )
    assert response.get_json() == {
        "ok": False,
        "error": {"code": "INTERNAL", "message": "Something went wrong on our side."},
        "meta": {"traceId": "trace-0001"},
    }
    assert response.headers["X-Request-Id"] == "trace-0001"
    assert b"secret detail" not in response.data
