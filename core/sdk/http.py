"""Routes and wire shapes: for ``endpoints.py`` and ``schemas.py``."""

from marshmallow import ValidationError, fields, validate, validates_schema

from core.http.blueprint import Blueprint
from core.http.html import Html
from core.http.schema import (
    Group,
    Line,
    Moment,
    PageQuery,
    RuleBroken,
    Schema,
    Sort,
    Text,
)

__all__ = [
    "Blueprint",
    "Group",
    "Html",
    "Line",
    "Moment",
    "PageQuery",
    "RuleBroken",
    "Schema",
    "Sort",
    "Text",
    "ValidationError",
    "fields",
    "validate",
    "validates_schema",
]
