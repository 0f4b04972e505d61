"""Which shapes leave the type of no value open.

Of such a shape it is known beforehand what orjson meets: text, numbers, ids, dates and
moments, under keys that are text. So moments can be left to it (a datetime in a value
of open type is not written with ``Z``), and keys need not be looked at.
"""

from typing import Any

import marshmallow as ma
from marshmallow import decorators, fields

from core.http.schema import Group, Moment
from core.http.shapes.source import overrides


def is_plain(schema: ma.Schema) -> bool:
    """Whether nothing but its fields decides what a schema writes."""
    hooks = schema._hooks  # noqa: SLF001 — nothing else tells
    return not (
        hooks.get(decorators.PRE_DUMP)
        or hooks.get(decorators.POST_DUMP)
        or schema.dict_class is not dict
        or overrides(schema, ma.Schema, "dump", "_serialize", "get_attribute")
    )


def is_group(field: fields.Field[Any]) -> bool:
    """Whether a field shows attributes of its own object, by a shape's fields alone."""
    return (
        isinstance(field, Group)
        and not overrides(field, Group, "serialize", "get_value", "_serialize")
        and not overrides(field, Group, "_CHECK_ATTRIBUTE")
        and not (field.many or field.schema.many)
        and is_plain(field.schema)
    )


def is_closed(schema: ma.Schema, within: tuple[type, ...] = ()) -> bool:
    """Whether every value that a schema writes has a type known beforehand.

    Args:
        schema: The shape.
        within: The shapes it is nested in; one that holds itself counts as open,
            since there is no end to look at.
    """
    if type(schema) in within:
        return False
    within = (*within, type(schema))
    return all(_known(field, within) for field in schema.dump_fields.values())


def _known(field: fields.Field[Any], within: tuple[type, ...]) -> bool:
    if is_group(field):
        return _holds_known(field, within)
    # What a field inherits says what it writes, as in ``writing``.
    if overrides(field, fields.Field, "serialize", "get_value", "_CHECK_ATTRIBUTE"):
        return False
    inherited = type(field)._serialize  # noqa: SLF001
    if inherited is fields.Field._serialize:  # noqa: SLF001
        return isinstance(field, fields.Boolean)
    if inherited is fields.Number._serialize:  # noqa: SLF001
        return not overrides(field, fields.Number, "_format_num")
    return inherited in _ALWAYS or _holds_known(field, within)


_ALWAYS = frozenset(
    {
        fields.String._serialize,  # noqa: SLF001
        fields.UUID._serialize,  # noqa: SLF001
        fields.Date._serialize,  # noqa: SLF001 — of times and moments as well
        Moment._serialize,  # noqa: SLF001
    }
)


def _holds_known(field: Any, within: tuple[type, ...]) -> bool:
    inherited = type(field)._serialize  # noqa: SLF001
    if inherited is fields.List._serialize:  # noqa: SLF001
        return _known(field.inner, within)
    if inherited is fields.Nested._serialize:  # noqa: SLF001
        schema = field.schema
        return is_plain(schema) and is_closed(schema, within)
    if inherited is fields.Enum._serialize:  # noqa: SLF001
        return not field.by_value or (
            type(field.field) is fields.Raw
            and all(isinstance(member.value, str | int) for member in field.enum)
        )
    if inherited is fields.Dict._serialize:  # noqa: SLF001
        return isinstance(field.key_field, fields.String) and (
            field.value_field is not None
            and _known(field.key_field, within)
            and _known(field.value_field, within)
        )
    return False
