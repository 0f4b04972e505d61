"""Every route by every kind of caller, generated from the URL map."""

from collections import Counter

import pytest

from core.http.pipeline import Palestra
from core.testing.kit import TestGym
from core.testing.matrix import callers, expected, found
from core.testing.routes import Route, installed_routes, routes_of
from tests.contract.operators import operators_of

ROUTES = installed_routes()


def test_the_matrix_has_every_route_that_is_served(app: Palestra) -> None:
    assert sorted(map(str, ROUTES)) == sorted(map(str, routes_of(app)))
    assert [
        name for name, times in Counter(map(str, ROUTES)).items() if times > 1
    ] == []


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_access(route: Route, gym: TestGym, other_gym: TestGym) -> None:
    operation = route.operation
    assert operation is not None, f"{route} was added behind the blueprint's back."
    assert operation.method == route.method
    wrong = []
    for caller in [*callers(gym, other_gym), *operators_of(gym)]:
        wanted = expected(operation, caller)
        answer = caller.api.at(route.method, route.path())
        if found(answer) != wanted:
            wrong.append((caller.name, wanted, answer.status_code, answer.text))
        assert answer.status_code < 500, (caller.name, answer.text)
    assert wrong == []


def test_the_operators_routes_are_known() -> None:
    """One more is one more way to all gyms: say so here, and in docs/operator.md."""
    found = {
        str(route).replace("/platform/v1", "")
        for route in ROUTES
        if route.operation and route.operation.reach == "operator"
    }
    assert found == {
        "GET /gyms",
        "GET /gyms/<uuid:gym_id>",
        "GET /gyms/<uuid:gym_id>/exports/<uuid:export_id>",
        "GET /gyms/<uuid:gym_id>/exports/<uuid:export_id>/download",
        "GET /gyms/<uuid:gym_id>/usage",
        "GET /log",
        "GET /plugins",
        "GET /usage",
        "PATCH /gyms/<uuid:gym_id>",
        "PATCH /plugins/<plugin_id>",
        "POST /plugins/<plugin_id>/purge",
        "POST /auth/login",
        "POST /auth/logout",
        "POST /gyms",
        "POST /gyms/<uuid:gym_id>/close",
        "POST /gyms/<uuid:gym_id>/erase",
        "POST /gyms/<uuid:gym_id>/exports",
        "POST /gyms/<uuid:gym_id>/resume",
        "POST /gyms/<uuid:gym_id>/suspend",
    }


def test_most_of_it_is_guarded() -> None:
    public = {
        route.rule for route in ROUTES if route.operation and route.operation.public
    }
    assert public == {
        "/.well-known/jwks.json",
        "/api/v1/auth/login",
        "/api/v1/auth/password/forgot",
        "/api/v1/auth/password/reset",
        "/api/v1/auth/refresh",
        "/api/v1/auth/verify",
        "/api/v1/auth/verify/resend",
        "/api/v1/docs",
        "/api/v1/docs/<name>",
        "/api/v1/files/content/<token>",
        "/api/v1/files/upload/<token>",
        "/api/v1/notifications/unsubscribe",
        "/api/v1/openapi.json",
        "/health",
        "/platform/v1/auth/login",
        "/metrics",
        "/ready",
    }
