"""The document of everything that is installed here."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from core.http.blueprint import operation_of
from core.http.openapi import full_document
from core.http.pipeline import Palestra

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(app: Palestra) -> Document:
    return full_document(app)


def named(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(document: Document, operation: Document) -> Iterator[Document]:
    """Every media type object of an operation, references followed."""
    parts = [*operation["responses"].values(), operation.get("requestBody", {})]
    for part in parts:
        name = part.get("$ref", "").rpartition("/")[2]
        followed = document["components"]["responses"][name] if name else part
        yield from followed.get("content", {}).values()


def test_it_is_valid_openapi(document: Document) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_declared_route_is_in_it(app: Palestra, document: Document) -> None:
    declared = [
        operation
        for view in app.view_functions.values()
        if (operation := operation_of(view)) is not None and operation.documented
    ]
    listed = [operation["operationId"] for _name, operation in named(document)]
    assert len(listed) == len(set(listed))
    assert {operation.name for operation in declared} <= set(listed)


def test_every_operation_has_a_summary_and_an_example(document: Document) -> None:
    for name, operation in named(document):
        assert re.match(r"[A-Z].*[^.]$", operation["summary"]), name
        for media in contents(document, operation):
            file = media["schema"].get("type") == "string"
            assert file or {"example", "examples"} & media.keys(), name


def test_every_example_is_true_to_its_schema(document: Document) -> None:
    wrong = []
    for name, operation in named(document):
        for media in contents(document, operation):
            if "example" in media:
                schema = {**media["schema"], "components": document["components"]}
                wrong += [
                    f"{name}: {error.json_path}: {error.message}"
                    for error in OAS31Validator(schema).iter_errors(media["example"])
                ]
    assert not wrong, "\n".join(wrong)


def test_schemas_of_plugins_carry_their_id(app: Palestra, document: Document) -> None:
    prefixes = tuple(plugin.capitalize() for plugin in app.platform.plugins)
    used = {
        reference
        for _name, operation in named(document)
        if operation["x-plugin"] in app.platform.plugins
        for reference in re.findall(r"schemas/(\w+)", str(operation))
    }
    own = used - {"Meta", "PageMeta", "Pagination", "Failure"}
    assert not {name for name in own if not name.startswith(prefixes)}
