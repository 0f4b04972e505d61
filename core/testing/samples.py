"""Requests made from the OpenAPI document, and the places in them that hold ids."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from core.testing.routes import Route

Place = tuple[str, ...]
"""Where an id stands: ``("path", "client_id")``, ``("query", "coachId")`` or
``("body", …)`` with the keys that lead to it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A request as the document's examples describe it.

    Attributes:
        path: Values of the placeholders, by their Python names.
        query: Parameters that the route cannot do without.
        body: The JSON body; None where it takes none.
    """

    route: Route
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None

    def at(self, place: Place, value: Any) -> "Sample":
        """The same request with another value at one place."""
        where, *keys = place
        changed = deepcopy(getattr(self, where))
        target = changed
        for key in keys[:-1]:
            target = target[_index(key)]
        target[_index(keys[-1])] = value
        return replace(self, **{where: changed})


class Samples:
    """Makes requests from a document.

    Args:
        document: The OpenAPI document of a gym.
        known: Ids that exist in the gym, by their names on the wire; they take the
            places of the examples' ids.
    """

    def __init__(
        self, document: Mapping[str, Any], known: Mapping[str, object]
    ) -> None:
        self._document = document
        self._known = {name: str(value) for name, value in known.items()}

    def of(self, route: Route) -> Sample:
        """A request that the route's document calls valid."""
        described = self._described(route)
        query = {
            one["name"]: self._known.get(one["name"], _example_of(one))
            for one in described.get("parameters", ())
            if one.get("in") == "query" and one.get("required")
        }
        body = deepcopy(self._body(described).get("example"))
        for place in _uuids(body, ()):
            if place[-1] in self._known:
                _put(body, place, self._known[place[-1]])
        path = {
            name: self._known[wire]
            for name, wire in route.wire_names.items()
            if wire in self._known
        }
        return Sample(route, path, query, body)

    def places(self, route: Route, sample: Sample) -> Iterator[Place]:
        """Every place of the request that takes an id, required or not."""
        described = self._described(route)
        yield from (("path", name) for name in route.ids)
        for one in described.get("parameters", ()):
            if one.get("in") == "query" and one["schema"].get("format") == "uuid":
                yield ("query", one["name"])
        found = {("body", *place) for place in _uuids(sample.body, ())}
        if isinstance(sample.body, dict):
            schema = self._resolved(self._body(described).get("schema", {}))
            for name, part in schema.get("properties", {}).items():
                if part.get("format") == "uuid" and not part.get("readOnly"):
                    found.add(("body", name))
        yield from sorted(found)

    def _described(self, route: Route) -> Mapping[str, Any]:
        methods = self._document["paths"].get(route.template, {})
        described: Mapping[str, Any] = methods.get(route.method.lower(), {})
        return described

    def _body(self, described: Mapping[str, Any]) -> Mapping[str, Any]:
        content = described.get("requestBody", {}).get("content", {})
        body: Mapping[str, Any] = content.get("application/json", {})
        return body

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            schema = self._document["components"]["schemas"][name]
        return schema


def _example_of(parameter: Mapping[str, Any]) -> Any:
    schema = parameter["schema"]
    if "example" in parameter:
        return parameter["example"]
    if schema.get("examples"):
        return schema["examples"][0]
    return {"uuid": str(UUID(int=0)), "date": "2026-12-24"}.get(
        schema.get("format", ""), schema.get("default", "1")
    )


def _uuids(value: Any, above: Place) -> Iterator[Place]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _uuids(item, (*above, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _uuids(item, (*above, str(number)))
    elif isinstance(value, str) and _is_uuid(value):
        yield above


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _put(body: Any, place: Place, value: Any) -> None:
    for key in place[:-1]:
        body = body[_index(key)]
    body[_index(place[-1])] = value


def _index(key: str) -> Any:
    return int(key) if key.isdecimal() else key
