"""The routes of the installed code, known before any database is.

Tests that are parametrised by route are collected from here, one test for each route.
"""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from flask import Flask
from typing_extensions import override
from werkzeug.routing import Rule

from core.app import Installation, create_app
from core.config import Settings
from core.http.blueprint import PLATFORM_API, operation_of
from core.http.openapi import documents_of
from core.http.openapi.examples import example_id
from core.http.openapi.pruning import narrowed
from core.http.operation import Operation
from core.http.pipeline import Palestra
from core.http.schema import camel_case

_NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/none"
"""An address that parses; collecting tests connects to nothing."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    Attributes:
        method: ``GET``, ``POST``, …
        rule: The path as it was declared, placeholders included.
        arguments: Names of its placeholders.
        operation: What was declared; None where a view was added behind the back of
            ``core.http.blueprint``.
    """

    method: str
    rule: str
    arguments: frozenset[str]
    operation: Operation | None

    @override
    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def wire_names(self) -> dict[str, str]:
        """``client_id`` → ``clientId``, for each placeholder."""
        return {name: camel_case(name) for _part, name in _placeholders(self.rule)}

    @property
    def ids(self) -> list[str]:
        """Names of the placeholders that take an id."""
        found = _placeholders(self.rule)
        return [name for part, name in found if part.startswith("<uuid:")]

    @property
    def template(self) -> str:
        """The path as the OpenAPI document writes it."""
        path = self.rule
        for placeholder, name in _placeholders(self.rule):
            path = path.replace(placeholder, f"{{{camel_case(name)}}}")
        return path

    def path(self, **values: object) -> str:
        """The path with its placeholders filled in.

        Args:
            **values: By name; what is left out gets an example, which for ids is one
                that exists nowhere.
        """
        path = self.rule
        for placeholder, name in _placeholders(self.rule):
            value = values.get(name, _example(placeholder, name))
            path = path.replace(placeholder, quote(str(value), safe=""))
        return path


def routes_of(app: Flask) -> list[Route]:
    """Every route of ``app``, by path and method."""
    return [
        Route(
            method,
            rule.rule,
            frozenset(rule.arguments),
            operation_of(app.view_functions.get(rule.endpoint)),
        )
        for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule)
        for method in sorted(_methods(rule))
    ]


@cache
def installed_app() -> Palestra:
    """The application with every installed plugin, without a database behind it."""
    home = tempfile.mkdtemp(prefix="palestra-routes-")
    settings = Settings.load(
        {
            "PALESTRA_ENV": "test",
            "PALESTRA_HOME": str(Path(home)),
            "DATABASE_URL": _NOWHERE,
        }
    )
    return create_app(installation=Installation(settings))


def installed_routes() -> list[Route]:
    """Every route of the installed code."""
    return routes_of(installed_app())


def gym_document() -> dict[str, Any]:
    """The OpenAPI document of a gym in which every plugin is on."""
    written = documents_of(installed_app()).without(frozenset())
    document: dict[str, Any] = orjson.loads(written.at(""))
    return document


def platform_document() -> dict[str, Any]:
    """The OpenAPI document of the operator's routes alone."""

    def belongs(path: str, _operation: object) -> bool:
        return path.startswith(PLATFORM_API)

    return narrowed(documents_of(installed_app()).full, belongs)


def _methods(rule: Rule) -> set[str]:
    """The methods that were declared; HEAD comes along with GET by itself."""
    methods = set(rule.methods or ())
    return methods - {"HEAD"} if "GET" in methods else methods


def _placeholders(rule: str) -> list[tuple[str, str]]:
    """``<uuid:client_id>`` and its name, for each placeholder of the rule."""
    found = []
    for part in rule.split("<")[1:]:
        inner = part.partition(">")[0]
        found.append((f"<{inner}>", inner.rpartition(":")[2]))
    return found


def _example(placeholder: str, name: str) -> object:
    if placeholder.startswith("<uuid:"):
        return example_id(camel_case(name))
    return "2026-12-24" if name == "date" else "example"
