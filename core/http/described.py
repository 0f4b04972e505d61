"""The JSON Schema of one wire shape, whole by itself."""

from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from core.http.schema import Schema

_EMPTY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {},
    "additionalProperties": False,
}


def json_schema(shape: type[Schema] | None) -> dict[str, Any]:
    """The JSON Schema of a wire shape, nested shapes written out in place.

    Args:
        shape: The wire shape; None is an object without properties.
    """
    if shape is None:
        return _EMPTY
    plugin = MarshmallowPlugin(schema_name_resolver=_written_in_place)
    plugin.init_spec(APISpec("", "", openapi_version="3.1.0"))
    converter: Any = plugin.converter
    described: dict[str, Any] = converter.schema2jsonschema(shape())
    return described


def _written_in_place(_schema: object) -> str:
    """Names no nested shape: there is no document that a reference could lead into."""
    return ""
