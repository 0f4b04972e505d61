"""``/health`` and ``/ready``."""

from collections.abc import Mapping

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.http import system
from core.http.system import Check
from core.testing.kit import TestGym


def ask(path: str, checks: Mapping[str, Check]) -> TestResponse:
    app = Flask("watched")
    app.register_blueprint(system.blueprint(checks))
    return app.test_client().get(path)


def breaks() -> bool:
    raise OSError("secret host name")


def test_health_is_bare() -> None:
    response = ask("/health", {"database": breaks})
    assert response.status_code == 200
    body = response.get_json()
    assert body.keys() == {"status", "timestamp"}
    assert body["status"] == "ok"
    assert body["timestamp"].endswith("Z")


@pytest.mark.parametrize("checks", [{}, {"a": lambda: True, "b": lambda: None}])
def test_ready_while_every_check_is_well(checks: Mapping[str, Check]) -> None:
    response = ask("/ready", checks)
    assert response.status_code == 200
    assert response.get_json()["status"] == "ok"
    assert response.get_json()["checks"] == {name: {"ok": True} for name in checks}


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (lambda: False, {"ok": False}),
        (lambda: "Behind by two.", {"ok": False, "detail": "Behind by two."}),
        (breaks, {"ok": False}),
    ],
)
def test_unready_tells_which_check_failed(
    check: Check, expected: dict[str, object]
) -> None:
    response = ask("/ready", {"well": lambda: True, "ill": check})
    assert response.status_code == 503
    body = response.get_json()
    assert body["status"] == "unready"
    assert body["checks"] == {"well": {"ok": True}, "ill": expected}
    assert b"secret" not in response.data


def test_the_installation_answers_without_a_gym(gym: TestGym) -> None:
    client = gym.app.test_client()
    assert client.get("/health").get_json()["status"] == "ok"
    ready = client.get("/ready")
    assert ready.status_code == 200, ready.get_data(as_text=True)
    assert set(ready.get_json()["checks"]) >= {"database", "migrations"}
