"""The document of a whole installation, built once from its routes."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask_smorest import Api
from flask_smorest.spec.plugins import FlaskPlugin
from marshmallow import fields
from werkzeug.routing import Rule

from core.http.blueprint import Blueprint, operation_of
from core.http.envelope import JSON
from core.http.openapi import answers, shared
from core.http.openapi.examples import Examples, example_id
from core.http.openapi.names import SchemaNames
from core.http.openapi.pruning import used_components
from core.http.operation import Operation
from core.http.schema import camel_case

Described = dict[str, Any]

_SECTION = re.compile(r"\n\s*(Args|Returns|Raises|Yields):\n.*", re.DOTALL)
_PLACEHOLDER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


class Builder:
    """Describes the routes of ``app`` that were declared on our blueprints."""

    def __init__(self, app: Flask, api: Api) -> None:
        self._app = app
        self._title, self._version = api.spec.title, api.spec.version
        self._rules: FlaskPlugin = api.flask_plugin
        self._converter: Any = api.ma_plugin.converter
        self._names = SchemaNames()
        self._names.reserve(*shared.SCHEMAS)
        self._converter.schema_name_resolver = self._names
        self._converter.add_attribute_function(_key_bounds)
        self._schemas: dict[str, Any] = api.spec.components.schemas
        self._schemas.update(shared.SCHEMAS)
        self._examples = Examples(self._schemas)
        self._responses: dict[str, Any] = {}
        self._operation_ids: set[str] = set()

    def build(self) -> Described:
        """Builds the document."""
        paths: dict[str, Described] = {}
        for rule, operation in self._declared():
            described = self._operation(rule, operation)
            paths.setdefault(_path(rule), {})[operation.method.lower()] = described
        return {
            "openapi": "3.1.0",
            "info": {
                "title": self._title,
                "version": self._version,
                "description": shared.DESCRIPTION,
                "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "tags": self._tags(),
            "paths": paths,
            "components": used_components(
                paths,
                {
                    "schemas": self._schemas,
                    "responses": self._responses,
                    "parameters": shared.PARAMETERS,
                    "headers": shared.HEADERS,
                    "securitySchemes": shared.SECURITY_SCHEMES,
                },
            ),
        }

    def _declared(self) -> Iterator[tuple[Rule, Operation]]:
        for rule in sorted(self._app.url_map.iter_rules(), key=lambda one: one.rule):
            operation = operation_of(self._app.view_functions.get(rule.endpoint))
            if operation is not None and operation.documented:
                yield rule, operation

    def _tags(self) -> list[Described]:
        """The headings, in the order in which the blueprints were registered."""
        tags: dict[str, Described] = {}
        for blueprint in self._app.blueprints.values():
            if isinstance(blueprint, Blueprint):
                tag = tags.setdefault(blueprint.tag, {"name": blueprint.tag})
                if blueprint.description:
                    tag.setdefault("description", blueprint.description)
        return list(tags.values())

    def _operation(self, rule: Rule, operation: Operation) -> Described:
        self._names.owner = operation.owner
        described: Described = {
            "summary": operation.summary,
            "description": _description(operation),
            "operationId": self._operation_id(operation),
            "tags": [operation.tag],
            "x-permission": _who(operation),
            "x-plugin": operation.owner or "core",
            "security": shared.security(operation),
            "parameters": self._parameters(rule, operation),
            "responses": self._answers(rule, operation),
        }
        if operation.body is not None:
            described["requestBody"] = self._body(operation)
        return described

    def _operation_id(self, operation: Operation) -> str:
        """The route's name; a second path to the same view counts on."""
        name, number = operation.name, 1
        while name in self._operation_ids:
            number += 1
            name = f"{operation.name}_{number}"
        self._operation_ids.add(name)
        return name

    def _parameters(self, rule: Rule, operation: Operation) -> list[Described]:
        parameters = [
            *(_in_path(given) for given in self._rules.rule_to_params(rule)),
            *(self._in_query(operation) if operation.query is not None else ()),
        ]
        known = {(given["in"], given["name"]): given for given in parameters}
        for own in operation.parameters:
            known[own["in"], own["name"]] = {
                **known.get((own["in"], own["name"]), {}),
                **own,
            }
        parameters = list(known.values())
        if operation.idempotent:
            parameters.append(shared.reference("parameters", "IdempotencyKey"))
        if operation.versioned and operation.method != "GET":
            parameters.append(shared.reference("parameters", "IfMatch"))
        return parameters

    def _in_query(self, operation: Operation) -> list[Described]:
        """Query parameters; examples as a list, which viewers do not fill in."""
        parameters: list[Described] = self._converter.schema2parameters(
            operation.query, location="query"
        )
        for parameter in parameters:
            schema = parameter["schema"]
            if "example" in schema:
                schema["examples"] = [schema.pop("example")]
        return parameters

    def _body(self, operation: Operation) -> Described:
        schema = self._converter.resolve_nested_schema(operation.body)
        example = operation.request_example
        if example is None:
            example = self._examples.of(schema, hidden="readOnly")
        return {
            "required": True,
            "content": {JSON: {"schema": schema, "example": example}},
        }

    def _answers(self, rule: Rule, operation: Operation) -> Described:
        schema, example = None, operation.example
        if operation.returns is not None:
            schema = self._converter.resolve_nested_schema(operation.returns)
            if example is None:
                example = self._examples.of(schema)
            elif operation.returns.many and not isinstance(example, list):
                example = [example]
        done = answers.success(operation, schema, example)
        described: Described = {
            str(status): done for status in (operation.status, *operation.also_status)
        }
        refused = answers.refusals(operation, names_one=bool(rule.arguments))
        for status, kinds in refused.items():
            name = answers.refusal_name(status, kinds)
            if name not in self._responses:
                self._responses[name] = answers.refusal(status, kinds)
            described[str(status)] = shared.reference("responses", name)
        return described


def _key_bounds(converter: Any, field: fields.Field[Any], **_options: Any) -> Described:
    """What an object's keys must be like, which apispec leaves out."""
    if not isinstance(field, fields.Dict) or field.key_field is None:
        return {}
    return {"propertyNames": converter.field2property(field.key_field)}


def _path(rule: Rule) -> str:
    """``/clients/<uuid:client_id>`` → ``/clients/{clientId}``."""
    return _PLACEHOLDER.sub(lambda found: f"{{{camel_case(found[1])}}}", rule.rule)


def _in_path(given: Described) -> Described:
    """A path parameter as Flask-Smorest reads it off the rule, with an example."""
    name, schema = camel_case(given["name"]), given["schema"]
    described = {**given, "name": name}
    if schema.get("format") == "uuid":
        described["example"] = str(example_id(name))
    return described


def _who(operation: Operation) -> str:
    """The permission's name, else ``signed-in`` or ``public``."""
    if operation.permission is not None:
        return operation.permission.name
    return "public" if operation.public else "signed-in"


def _description(operation: Operation) -> str:
    """The view's docstring without its sections, then who may call."""
    text = _SECTION.sub("", inspect.cleandoc(operation.description)).strip()
    if operation.permission is not None:
        who = f"Needs the permission `{operation.permission.name}`."
    elif operation.public:
        who = "Open to everybody."
    else:
        who = "Open to whoever is logged in."
    return f"{text}\n\n{who}" if text else who
