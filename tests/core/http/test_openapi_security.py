"""How callers say who they are, as the installation's document tells it."""

from typing import Any

import pytest

from core.auth import cookies
from core.http.openapi import full_document
from core.http.pipeline import Palestra

Document = dict[str, Any]

BEARER: dict[str, list[str]] = {"bearer": []}
KEY: dict[str, list[str]] = {"apiKey": []}
COOKIE: dict[str, list[str]] = {"cookie": []}
COOKIE_CSRF: dict[str, list[str]] = {"cookie": [], "csrf": []}


@pytest.fixture(scope="module")
def document(app: Palestra) -> Document:
    return full_document(app)


def test_every_way_is_described(document: Document) -> None:
    schemes = document["components"]["securitySchemes"]
    used = {
        name
        for methods in document["paths"].values()
        for operation in methods.values()
        for way in operation["security"]
        for name in way
    }
    assert used == schemes.keys() == {"bearer", "apiKey", "cookie", "csrf"}
    assert schemes["bearer"]["bearerFormat"] == "JWT"
    assert schemes["apiKey"]["scheme"] == "bearer"
    cookie, csrf = schemes["cookie"], schemes["csrf"]
    assert (cookie["in"], cookie["name"]) == ("cookie", cookies.ACCESS)
    assert (csrf["in"], csrf["name"]) == ("header", cookies.CSRF_HEADER)
    assert f"`{cookies.CSRF}`" in csrf["description"]


@pytest.mark.parametrize(
    ("method", "path", "ways"),
    [
        ("post", "/api/v1/auth/login", []),
        ("get", "/api/v1/users", [BEARER, KEY, COOKIE]),
        ("patch", "/api/v1/users/{userId}", [BEARER, KEY, COOKIE_CSRF]),
        ("get", "/api/v1/me", [BEARER, COOKIE]),
        ("post", "/api/v1/auth/logout", [BEARER, COOKIE_CSRF]),
        ("get", "/api/v1/api-keys", [BEARER, COOKIE]),
        ("post", "/api/v1/api-keys", [BEARER, COOKIE_CSRF]),
        ("put", "/api/v1/roles/{name}", [BEARER, COOKIE_CSRF]),
        ("get", "/api/v1/roles", [BEARER, KEY, COOKIE]),
    ],
)
def test_each_route_says_which_ways_lead_in(
    document: Document, method: str, path: str, ways: list[dict[str, list[str]]]
) -> None:
    assert document["paths"][path][method]["security"] == ways
