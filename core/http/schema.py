"""Wire shapes: marshmallow schemas in camelCase that refuse what they do not know."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from marshmallow import validate
from typing_extensions import override

from core.clock import as_rfc3339
from core.http.page import SortKey

MAX_TEXT = 10_000
"""Characters that a text field takes unless it says otherwise."""

RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def camel_case(name: str) -> str:
    """Turns ``starts_at`` into ``startsAt``."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def snake_case(name: str) -> str:
    """Turns ``startsAt`` into ``starts_at``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class _Rule(str):
    """Message about a rule, told from one about a form by its type."""

    __slots__ = ()


class RuleBroken(ma.ValidationError):
    """What was sent has the right form, and still cannot be: answered with 422.

    Raise it in validators for what no JSON schema can say (``endsAt`` before
    ``startsAt``), and plain ``ValidationError``, answered with 400, for the rest. The
    route then lists ``Unprocessable`` among its errors.

    Args:
        message: A sentence for the caller.
        field_name: The field that it is shown at; the whole object when left out.
    """

    def __init__(self, message: str, field_name: str = "_schema") -> None:
        super().__init__(_Rule(message), field_name)


def breaks_rules_only(messages: Any) -> bool:
    """Whether all of a validation's messages come from ``RuleBroken``."""
    if isinstance(messages, Mapping):
        return all(map(breaks_rules_only, messages.values()))
    if isinstance(messages, list):
        return all(map(breaks_rules_only, messages))
    return isinstance(messages, _Rule)


class Schema(ma.Schema):
    """The base of every wire shape.

    Field names are camelCase on the wire and snake_case in Python; unknown fields
    are refused.
    """

    class Meta:
        unknown = ma.RAISE

    @override
    def on_bind_field(self, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        if field_obj.data_key is None:
            field_obj.data_key = camel_case(field_name)


class Text(ma.fields.String):
    """Text of bounded length, without NUL characters."""

    def __init__(
        self,
        *,
        minimum: int = 0,
        maximum: int = MAX_TEXT,
        pattern: str | None = None,
        **kwargs: Any,
    ) -> None:
        checks: list[Any] = [validate.Length(min=minimum or None, max=maximum)]
        if pattern is not None:
            checks.append(validate.Regexp(pattern))
        checks.extend(_as_list(kwargs.pop("validate", None)))
        super().__init__(validate=checks, **kwargs)


# Controls, line and paragraph separators, and what turns the direction of writing.
_BREAKS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069"
# Spaces, and characters that leave no mark by themselves.
_BLANK = (
    r"\u0020\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    r"\u2000-\u200f\u202f\u205f-\u2065\u206a-\u206f\u2800\u3000\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0"
)
# Every part starts where the one before must end: matching takes linear time.
_LINE = f"[^{_BREAKS}]*"
_VISIBLE_LINE = f"[{_BLANK}]*[^{_BREAKS}{_BLANK}]{_LINE}"


class Line(Text):
    """One line of text, such as a name; spaces around it are taken off.

    Line breaks, control characters and marks that turn the direction of writing are
    refused: they would forge what is shown beside the text.

    Args:
        maximum: Characters it takes, spaces around it included.
        blank: Whether it may lack a visible character.
        kwargs: What every field takes.
    """

    def __init__(
        self, *, maximum: int = MAX_TEXT, blank: bool = False, **kwargs: Any
    ) -> None:
        form = _LINE if blank else _VISIBLE_LINE
        allowed = re.compile(form)

        def check(text: str) -> None:
            if allowed.fullmatch(text) is None:
                visible = "" if blank else " with a visible character"
                raise ma.ValidationError(
                    f"Give one line of text{visible}, without control characters."
                )

        super().__init__(
            minimum=0 if blank else 1,
            maximum=maximum,
            validate=[check, *_as_list(kwargs.pop("validate", None))],
            metadata={"pattern": f"^{form}$", **kwargs.pop("metadata", {})},
            **kwargs,
        )

    @override
    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        # After the checks, so that they hold the text to what the document says.
        loaded = super().deserialize(value, attr, data, **kwargs)
        return loaded.strip() if isinstance(loaded, str) else loaded


class Moment(ma.fields.DateTime):
    """An instant: RFC 3339 with an offset on the way in, UTC with ``Z`` out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    @override
    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **kwargs: Any
    ) -> str | None:
        return None if value is None else as_rfc3339(value)

    @override
    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,
    ) -> datetime:
        if not (isinstance(value, str) and RFC3339.fullmatch(value)):
            raise ma.ValidationError(
                "Give date, time and offset, as in 2026-03-01T09:00:00Z."
            )
        moment = super()._deserialize(value, attr, data, **kwargs)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise ma.ValidationError("This moment is out of range.") from error


class Group(ma.fields.Nested):
    """Shows some attributes of an object as an object of their own."""

    @override
    def get_value(
        self, obj: Any, attr: str, accessor: Any = None, default: Any = None
    ) -> Any:
        return obj


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) else [value]


class Sort(ma.fields.String):
    """``sort=createdAt:desc,title``: several keys by comma, each known.

    Args:
        keys: The Python names of the fields that may be sorted by.
        default: The ordering when none is asked for.
    """

    def __init__(self, *keys: str, default: str, **kwargs: Any) -> None:
        self.keys = {camel_case(key): key for key in keys}
        one = f"(?:{'|'.join(self.keys)})(?::(?:asc|desc))?"
        super().__init__(
            load_default=lambda: self.parse(default),
            metadata={
                "pattern": f"^{one}(?:,{one})*$",
                "default": default,
                "example": default,
                "description": "Sort keys by comma, each `field` or `field:desc`.",
                **kwargs.pop("metadata", {}),
            },
            **kwargs,
        )

    @override
    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,
    ) -> Any:
        return self.parse(super()._deserialize(value, attr, data, **kwargs))

    def parse(self, text: str) -> tuple[SortKey, ...]:
        """Reads the wire form.

        Raises:
            marshmallow.ValidationError: A key or direction is unknown.
        """
        keys = []
        for part in text.split(","):
            name, _, direction = part.partition(":")
            if name not in self.keys or direction not in {"", "asc", "desc"}:
                known = ", ".join(self.keys)
                raise ma.ValidationError(
                    f"Sort by one or more of: {known}; each may end in :asc or :desc."
                )
            keys.append(SortKey(self.keys[name], direction == "desc"))
        return tuple(keys)


class PageQuery(Schema):
    """The query of a list: subclasses add ``sort`` and their filters."""

    page = ma.fields.Integer(
        load_default=1,
        validate=validate.Range(min=1, max=1_000_000),
        metadata={"description": "Which page, from 1."},
    )
    limit = ma.fields.Integer(
        load_default=20,
        validate=validate.Range(min=1, max=100),
        metadata={"description": "How many items a page holds."},
    )
