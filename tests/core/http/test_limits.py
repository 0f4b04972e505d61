"""Rate limits: who is counted together, and what callers are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import request
from werkzeug.test import TestResponse

from core.clock import frozen_at
from core.errors import RateLimited
from core.http.address import UNKNOWN, bucket_of
from core.http.limits import (
    Rate,
)
from core.ids import new_id
from tests.core.http.tiny_app import USER, TinyApp, make_gym

NOON = datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)
LIMITS = {
    "PALESTRA_RATE_LIMIT": "3/minute",
    "PALESTRA_RATE_LIMIT_AUTH": "2/minute",
    "PALESTRA_RATE_LIMIT_ADDRESS": "50/minute",
}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with frozen_at(NOON):
        yield


def make_app(*slugs: str, **options: Any) -> TinyApp:
    variables = {**LIMITS, **options.pop("variables", {})}
    gyms = [make_gym(slug) for slug in slugs or ("north",)]
    return TinyApp(*gyms, variables=variables, **options)


def ask(app: TinyApp, path: str = "/api/v1/things", **options: Any) -> TestResponse:
    headers = {"X-Tenant": options.pop("gym", "north"), **options.pop("headers", {})}
    user = options.pop("user", None)
    if user is not None:
        headers[USER] = str(user)
    address = options.pop("address", "203.0.113.7")
    environ = {"REMOTE_ADDR": address}
    return app.test_client().open(
        path, headers=headers, environ_overrides=environ, **options
    )


def statuses(app: TinyApp, times: int, **options: Any) -> list[int]:
    return [ask(app, **options).status_code for _ in range(times)]


def test_answers_tell_the_standing() -> None:
    app = make_app()
    told = [ask(app).headers for _ in range(3)]
    assert [headers["RateLimit-Remaining"] for headers in told] == ["2", "1", "0"]
    assert {headers["RateLimit-Limit"] for headers in told} == {"3"}
    assert {headers["RateLimit-Reset"] for headers in told} == {"45"}
    assert all("Retry-After" not in headers for headers in told)


def test_one_too_many_is_refused_with_the_time_to_wait() -> None:
    app = make_app()
    assert statuses(app, 3) == [200, 200, 200]
    refused = ask(app, headers={"X-Request-Id": "trace-0001"})
    assert refused.status_code == 429
    assert refused.get_json() == {
        "ok": False,
        "error": {
            "code": "RATE_LIMITED",
            "message": "Too many requests; slow down.",
            "details": {"limit": "caller"},
        },
        "meta": {"traceId": "trace-0001"},
    }
    assert refused.headers["Retry-After"] == "45"
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert refused.headers["RateLimit-Reset"] == "45"


def test_the_next_window_starts_anew() -> None:
    app = make_app()
    assert statuses(app, 4)[-1] == 429
    with frozen_at(NOON + timedelta(seconds=44)):
        assert ask(app).status_code == 429
    with frozen_at(NOON + timedelta(seconds=45)):
        response = ask(app)
    assert response.status_code == 200
    assert response.headers["RateLimit-Remaining"] == "2"
    assert response.headers["RateLimit-Reset"] == "60"


def test_users_addresses_and_gyms_are_counted_apart() -> None:
    app = make_app("north", "south")
    one, two = new_id(), new_id()
    for caller in (
        {"user": one},
        {"user": two},
        {"user": one, "gym": "south"},
        {"gym": "south"},
        {},
        {"address": "203.0.113.8"},
    ):
        assert statuses(app, 4, **caller) == [200, 200, 200, 429]


def test_a_user_is_one_caller_from_every_address() -> None:
    app = make_app()
    user = new_id()
    seen = [ask(app, user=user, address=f"203.0.113.{n}").status_code for n in range(4)]
    assert seen == [200, 200, 200, 429]


def test_log_in_routes_have_a_stricter_count_of_their_own() -> None:
    app = make_app()
    login = {"path": "/api/v1/auth/login", "method": "POST"}
    assert statuses(app, 3, **login) == [200, 200, 429]
    assert ask(app).status_code == 200


def test_what_does_not_exist_is_counted_too() -> None:
    app = make_app()
    assert statuses(app, 4, path="/api/v1/nowhere") == [404, 404, 404, 429]


def test_the_address_is_held_before_the_gym_is_known() -> None:
    app = make_app(variables={"PALESTRA_RATE_LIMIT_ADDRESS": "2/minute"})
    assert statuses(app, 3, gym="nowhere") == [404, 404, 429]
    refused = ask(app)
    assert refused.get_json()["error"]["details"] == {"limit": "address"}
    assert refused.headers["RateLimit-Limit"] == "2"
    assert ask(app, address="203.0.113.8").status_code == 200


def test_the_limit_that_leaves_least_is_told() -> None:
    app = make_app(variables={"PALESTRA_RATE_LIMIT_ADDRESS": "2/minute"})
    assert ask(app).headers["RateLimit-Limit"] == "2"
    app = make_app()
    assert ask(app).headers["RateLimit-Limit"] == "3"


def test_liveness_is_never_refused() -> None:
    app = make_app(variables={"PALESTRA_RATE_LIMIT_ADDRESS": "1/minute"})
    assert statuses(app, 3, path="/health") == [200, 200, 200]
    assert "RateLimit-Limit" not in ask(app, path="/health").headers


def test_a_refusal_can_be_read_across_origins() -> None:
    app = TinyApp(
        make_gym("north", cors_origins=frozenset({"https://app.example"})),
        variables={**LIMITS, "PALESTRA_RATE_LIMIT_ADDRESS": "1/minute"},
    )
    seen = [ask(app, headers={"Origin": "https://app.example"}) for _ in range(2)]
    assert seen[1].status_code == 429
    assert seen[1].headers["Access-Control-Allow-Origin"] == "https://app.example"


def test_a_preflight_uses_up_nothing_of_the_caller() -> None:
    app = make_app()
    asked = {"Origin": "https://x.example", "Access-Control-Request-Method": "GET"}
    assert statuses(app, 5, method="OPTIONS", headers=asked) == [204] * 5
    assert ask(app).headers["RateLimit-Remaining"] == "2"


def test_a_plan_holds_all_callers_of_a_gym_together() -> None:
    app = make_app()
    gym, other = new_id(), new_id()

    def come(tenant_id: UUID, per_minute: int) -> None:
        with app.test_request_context():
            app.limits.hold_gym(request, tenant_id, per_minute)

    for _ in range(2):
        come(gym, 2)
    with pytest.raises(RateLimited) as refused:
        come(gym, 2)
    come(other, 2)
    come(gym, 4)
    assert refused.value.details == {"limit": "gym"}


def test_a_request_counts_once_against_its_gym() -> None:
    """It is held before its transaction and, as the gym then is, within it."""
    app, gym = make_app(), new_id()
    with app.test_request_context():
        for _ in range(5):
            app.limits.hold_gym(request, gym, 2)
    with app.test_request_context():
        app.limits.hold_gym(request, gym, 2)
        with pytest.raises(RateLimited):
            app.limits.hold_gym(request, gym, 1)  # the plan has changed meanwhile


def test_forwarding_headers_count_only_from_trusted_proxies() -> None:
    def spoofed(app: TinyApp) -> list[int]:
        return [
            ask(app, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
            for n in range(4)
        ]

    assert spoofed(make_app(proxies=0)) == [200, 200, 200, 429]
    assert spoofed(make_app(proxies=1)) == [200, 200, 200, 200]


def test_a_caller_cannot_put_an_address_in_front_of_the_proxys() -> None:
    app = make_app(proxies=1)
    forged = [
        ask(app, headers={"X-Forwarded-For": f"198.51.100.{n}, 192.0.2.1"}).status_code
        for n in range(4)
    ]
    assert forged == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("raw", "bucket"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:50123", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", UNKNOWN),
        ("unix:", UNKNOWN),
        ("unknown", UNKNOWN),
        ("1.2.3.4.5", UNKNOWN),
    ],
)
def test_addresses_of_one_holder_share_a_bucket(raw: str, bucket: str) -> None:
    assert bucket_of(raw) == bucket


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("600/minute", Rate(600, 60)),
        ("1/second", Rate(1, 1)),
        ("5/hour", Rate(5, 3600)),
        ("9/day", Rate(9, 86_400)),
    ],
)
def test_rates_read_as_the_settings_write_them(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate
