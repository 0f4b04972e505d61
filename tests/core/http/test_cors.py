"""Cross-origin calls: who is let in, and what a stranger can learn."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.http.cors import RESPONSE_HEADERS
from tests.core.http.tiny_app import TinyApp, make_gym

OURS = "https://app.north.example"
DEFAULT = "https://app.example.com"
STRANGER = "https://evil.example"
GRANTING = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
)


@pytest.fixture
def app() -> TinyApp:
    """Two gyms: north lists an origin, south lists none."""
    north = make_gym("north", cors_origins=frozenset({OURS}))
    return TinyApp(
        north, make_gym("south"), variables={"PALESTRA_CORS_ORIGINS": DEFAULT}
    )


def ask(
    app: TinyApp, origin: str | None, path: str = "/api/v1/things", **options: Any
) -> TestResponse:
    headers = {"X-Tenant": options.pop("gym", "north"), **options.pop("headers", {})}
    if origin is not None:
        headers["Origin"] = origin
    return app.test_client().open(path, headers=headers, **options)


def preflight(
    app: TinyApp, origin: str, path: str = "/api/v1/things", **options: Any
) -> TestResponse:
    asked = {"Access-Control-Request-Method": "PATCH"}
    return ask(app, origin, path, method="OPTIONS", headers=asked, **options)


def grants(response: TestResponse) -> dict[str, str]:
    return {
        name: response.headers[name] for name in GRANTING if name in response.headers
    }


def test_a_listed_origin_may_read_the_answer_with_credentials(app: TinyApp) -> None:
    response = ask(app, OURS)
    assert response.status_code == 200
    assert grants(response) == {
        "Access-Control-Allow-Origin": OURS,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": RESPONSE_HEADERS,
    }


@pytest.mark.parametrize(
    "origin",
    [
        STRANGER,
        "null",
        OURS.replace("https", "http"),
        f"{OURS}.evil.example",
        f"{OURS}:8443",
        f"{OURS}/",
        OURS.replace("app.", ""),
        "",
        "*",
    ],
)
def test_any_other_origin_gets_no_header_at_all(app: TinyApp, origin: str) -> None:
    assert grants(ask(app, origin)) == {}
    refused = preflight(app, origin)
    assert (refused.status_code, grants(refused)) == (204, {})


def test_null_stays_a_stranger_even_where_it_is_listed() -> None:
    app = TinyApp(make_gym("north", cors_origins=frozenset({"null"})))
    assert grants(ask(app, "null")) == {}


def test_the_default_counts_only_for_gyms_that_list_none(app: TinyApp) -> None:
    assert grants(ask(app, DEFAULT, gym="north")) == {}
    assert grants(ask(app, DEFAULT, gym="south"))["Access-Control-Allow-Origin"] == (
        DEFAULT
    )


def test_one_gyms_origin_is_a_stranger_to_the_next(app: TinyApp) -> None:
    assert grants(preflight(app, OURS, gym="south")) == {}
    assert grants(ask(app, OURS, gym="south")) == {}


def test_a_default_matches_however_it_was_spelt() -> None:
    app = TinyApp(
        make_gym("south"),
        variables={"PALESTRA_CORS_ORIGINS": "https://App.Example.com"},
    )
    assert grants(ask(app, DEFAULT, gym="south"))


def test_a_preflight_says_what_may_be_sent(app: TinyApp) -> None:
    response = preflight(app, OURS)
    assert response.status_code == 204
    assert response.data == b""
    assert response.headers["Access-Control-Allow-Methods"] == (
        "GET, POST, PUT, PATCH, DELETE"
    )
    allowed = response.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Authorization", "Content-Type", "Idempotency-Key", "If-Match"} <= set(
        allowed
    )
    assert response.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize("origin", [OURS, STRANGER])
def test_a_preflight_does_not_tell_which_routes_exist(
    app: TinyApp, origin: str
) -> None:
    def seen(path: str) -> tuple[int, dict[str, str], bytes]:
        response = preflight(app, origin, path)
        told = {
            name: value
            for name, value in response.headers.items()
            if name not in {"X-Request-Id", "RateLimit-Remaining", "RateLimit-Reset"}
        }
        return response.status_code, told, response.data

    there = seen("/api/v1/things")
    for path in ("/api/v1/nowhere", "/api/v1/auth/login", "/api/v1/private/1"):
        assert seen(path) == there


def test_a_plain_options_is_no_preflight(app: TinyApp) -> None:
    assert ask(app, OURS, method="OPTIONS").status_code == 405


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/nowhere", 404),
        ("/api/v1/auth/login", 405),
        ("/api/v1/broken", 500),
        ("/api/v1/private", 401),
    ],
)
def test_a_page_can_read_why_it_was_refused(
    app: TinyApp, path: str, status: int
) -> None:
    response = ask(app, OURS, path)
    assert response.status_code == status
    assert grants(response)["Access-Control-Allow-Origin"] == OURS
    assert not response.get_json()["ok"]


def test_an_unknown_gym_lets_nobody_in(app: TinyApp) -> None:
    response = ask(app, DEFAULT, gym="nowhere")
    assert (response.status_code, grants(response)) == (404, {})
    response = preflight(app, DEFAULT, gym="nowhere")
    assert (response.status_code, grants(response)) == (404, {})


@pytest.mark.parametrize("origin", [None, OURS, STRANGER])
@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/nowhere"])
def test_api_answers_always_vary_by_origin(
    app: TinyApp, origin: str | None, path: str
) -> None:
    assert "Origin" in ask(app, origin, path).vary


def test_outside_the_api_nothing_is_shared(app: TinyApp) -> None:
    response = ask(app, OURS, "/health")
    assert (response.status_code, grants(response)) == (200, {})
    assert "Vary" not in response.headers
