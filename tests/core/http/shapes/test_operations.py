"""Every route of the application: the compiled shapes against marshmallow's own."""

from collections.abc import Callable
from functools import partial
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.http.blueprint import operation_of
from core.http.openapi import full_document
from core.http.operation import Operation
from core.http.pipeline import Palestra
from core.http.shapes.dumping import dumper
from core.http.shapes.loading import loader
from core.http.shapes.reading import Refused
from tests.core.http.shapes.made import inputs, things
from tests.core.http.shapes.told import dumped, loaded

QUICK = settings(
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=12,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def operations(app: Palestra) -> list[Operation]:
    found = map(operation_of, app.view_functions.values())
    return [operation for operation in found if operation is not None]


@pytest.fixture(scope="module")
def documented(app: Palestra) -> dict[str, Any]:
    """What the document says of each operation, by its name."""
    return {
        operation["operationId"]: operation
        for methods in full_document(app)["paths"].values()
        for operation in methods.values()
    }


def in_python(schema: ma.Schema, wire: Any) -> Any:
    """An example of an answer as the view would have returned it."""
    if isinstance(wire, list):
        return [in_python(schema, one) for one in wire]
    held = {}
    for name, field in schema.dump_fields.items():
        key = name if field.data_key is None else field.data_key
        if key in wire:
            try:
                value = field.deserialize(wire[key])
            except (ma.ValidationError, LookupError):  # some ask for the gym
                value = wire[key]
            held[field.attribute or name] = value
    return held


def hold(values: st.SearchStrategy[Any], compare: Callable[..., Any]) -> None:
    @QUICK
    @given(values)
    def check(value: Any) -> None:
        quick, own = compare(value)
        assert quick == own

    check()


def answer_of(operation: Operation, documented: dict[str, Any]) -> Any:
    if operation.example is not None or operation.name not in documented:
        return operation.example
    responses = documented[operation.name]["responses"]
    content = responses[str(operation.status)].get("content", {})
    return content.get("application/json", {}).get("example", {}).get("data")


def test_documented_answers_are_written_alike(
    operations: list[Operation], documented: dict[str, Any]
) -> None:
    written = 0
    for operation in operations:
        schema, example = operation.returns, answer_of(operation, documented)
        if schema is None or example is None:
            continue
        if schema.many and not isinstance(example, list):
            example = [example]
        quick, own = dumped(schema, in_python(schema, example))
        assert quick == own, operation.name
        written += isinstance(quick, bytes)
    assert written > 100


def test_any_answer_is_written_alike(operations: list[Operation]) -> None:
    shapes = {
        type(operation.returns): operation.returns
        for operation in operations
        if operation.returns is not None
    }
    for schema in shapes.values():
        one = things(schema)
        values = st.lists(one, max_size=2) if schema.many else one
        hold(values, partial(dumped, schema))
    assert len(shapes) > 50


def test_any_input_is_read_alike(operations: list[Operation]) -> None:
    shapes = {
        (type(schema), where): schema
        for operation in operations
        for where in ("query", "body")
        if (schema := getattr(operation, where)) is not None
    }
    for (_, where), schema in shapes.items():
        values = inputs(schema, text=where == "query")
        hold(values, partial(loaded, schema, where=where))
    assert len(shapes) > 50


def test_documented_bodies_need_no_marshmallow(
    operations: list[Operation], documented: dict[str, Any]
) -> None:
    slow = []
    for operation in operations:
        if operation.body is None or operation.name not in documented:
            continue
        content = documented[operation.name]["requestBody"]["content"]
        example = content["application/json"]["example"]
        quick, own = loaded(operation.body, example, "body")
        assert quick == own, operation.name
        try:
            loader(operation.body, "body")(example)
        except Refused:
            slow.append(operation.name)
    assert slow == []


def test_the_routes_that_are_called_most_are_closed(
    operations: list[Operation],
) -> None:
    named = {operation.name: operation for operation in operations}
    for name in (
        "scheduling_sessions_list_sessions",
        "scheduling_sessions_read_session",
        "scheduling_sessions_book_session",
    ):
        returns = named[name].returns
        assert returns is not None
        assert dumper(returns).closed
