"""Reading what a caller sent: query and body, within bounds, or a clear 4xx."""

from typing import Any
from urllib.parse import parse_qsl

import marshmallow as ma
import orjson
from flask import Request

from core.errors import (
    PayloadTooLarge,
    Unprocessable,
    UnsupportedMediaType,
    ValidationFailed,
)
from core.http import strict
from core.http.schema import breaks_rules_only
from core.http.shapes.loading import loader

MAX_DEPTH = 64
"""How deep JSON may be nested."""


def read_query(request: Request, schema: ma.Schema) -> Any:
    """Reads the query string.

    Raises:
        ValidationFailed: A parameter is unknown, repeated or malformed.
        Unprocessable: All are well formed, but break a rule.
    """
    sent = request.query_string.decode(errors="replace")
    pairs = parse_qsl(sent, keep_blank_values=True)
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _value in pairs]
        repeated = {name for name in names if names.count(name) > 1}
        again = {name: ["Give this parameter once."] for name in repeated}
        raise ValidationFailed(details={"query": again})
    if "%00" in sent or "\0" in sent:
        raise ValidationFailed("The query holds a NUL character.")
    return _load(schema, values, "query")


def read_body(request: Request, schema: ma.Schema, max_bytes: int) -> Any:
    """Reads a JSON body.

    Raises:
        UnsupportedMediaType: The body is not declared as JSON, or is compressed.
        PayloadTooLarge: It is larger than ``max_bytes``.
        ValidationFailed: It is missing, is not JSON, is nested too deep or breaks the
            schema.
        Unprocessable: It is well formed, but breaks a rule.
    """
    if (request.content_length or 0) > max_bytes:
        raise PayloadTooLarge(f"The body may hold {max_bytes} bytes at most.")
    if request.mimetype != "application/json":
        if not request.mimetype and not request.content_length:
            raise ValidationFailed("Send a JSON body.")
        raise UnsupportedMediaType
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    # One byte more than is taken: a body that gives no length and reaches the bound
    # is cut there without an error, and could pass for a shorter one.
    request.max_content_length = max_bytes + 1
    raw = request.get_data(cache=True)
    if len(raw) > max_bytes:
        raise PayloadTooLarge(f"The body may hold {max_bytes} bytes at most.")
    return _load(schema, parse_json(raw), "body")


def parse_json(raw: bytes) -> Any:
    """Parses JSON text and holds it to the bounds on depth and NUL characters.

    Of a name that an object holds twice, the last value counts.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ValidationFailed(f"The body is not valid JSON: {error}.") from error
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or b"\\u0000" in raw:
        _check(body, MAX_DEPTH)
    return body


def _check(value: Any, depth_left: int) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise ValidationFailed("The body holds a NUL character.")
    elif isinstance(value, dict | list):
        if depth_left == 0:
            raise ValidationFailed(
                f"The body is nested deeper than {MAX_DEPTH} levels."
            )
        if isinstance(value, dict):
            for key in value:
                _check(key, 0)
            value = value.values()
        for item in value:
            _check(item, depth_left - 1)


def _load(schema: ma.Schema, data: Any, where: str) -> Any:
    try:
        return loader(schema, where)(data)
    except Exception:  # noqa: BLE001, S110 — whatever it was, it is found again below
        pass
    return _load_slowly(schema, data, where)


def _load_slowly(schema: ma.Schema, data: Any, where: str) -> Any:
    if isinstance(data, dict):
        loose = strict.faults(schema, data, text=where == "query")
        if loose:
            raise ValidationFailed(details={where: loose})
    try:
        return schema.load(data)
    except ma.ValidationError as error:
        refused = (
            Unprocessable if breaks_rules_only(error.messages) else ValidationFailed
        )
        raise refused(details={where: error.messages}) from error
