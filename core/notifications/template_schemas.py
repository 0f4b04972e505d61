"""Wire shapes of templates in a gym's own words."""

from typing import Any

from marshmallow import fields, validates_schema

from core.http.schema import Line, RuleBroken, Schema, Text
from core.notifications.sandbox import MAX_OUTPUT, MAX_SOURCE
from core.notifications.templates import MAX_SUBJECT

_MOST = 2 * MAX_OUTPUT
"""A part of a message in the page around it."""

_SAMPLE = {"title": "Open day on Saturday"}


class TemplateOut(Schema):
    """A template, without its words."""

    name = Text(required=True, metadata={"example": "auth.verify"})
    topic = Text(required=True, metadata={"example": "account"})
    languages = fields.List(Text(), required=True, metadata={"example": ["de", "en"]})
    variables = fields.Dict(
        keys=Text(),
        required=True,
        metadata={
            "description": "Variable → the value that samples have. `gym_name` and "
            "`name`, which may be null, are always there besides.",
            "example": _SAMPLE,
        },
    )
    overridden = fields.List(
        Text(),
        required=True,
        metadata={"description": "Languages that the gym rewrote.", "example": ["de"]},
    )


class WordsIn(Schema):
    """The parts of a template, in the template language."""

    subject = Line(required=True, maximum=MAX_SUBJECT)
    text = Text(required=True, minimum=1, maximum=MAX_SOURCE)
    html = Text(
        required=True,
        minimum=1,
        maximum=MAX_SOURCE,
        metadata={"description": "What stands on the page; the page is there already."},
    )
    sms = Text(
        minimum=1,
        maximum=2_000,
        allow_none=True,
        metadata={"description": "The short form; cut from `text` when left out."},
    )


class PreviewIn(WordsIn):
    """Words to try out: all of a message's parts, or none for the stored ones."""

    subject = Line(maximum=MAX_SUBJECT)
    text = Text(minimum=1, maximum=MAX_SOURCE)
    html = Text(minimum=1, maximum=MAX_SOURCE)

    @validates_schema
    def _whole_or_nothing(self, given: dict[str, Any], **_options: Any) -> None:
        if given and not {"subject", "text", "html"} <= given.keys():
            raise RuleBroken("Give subject, text and html, or nothing at all.")


class WordsOut(WordsIn):
    """The words of a template in one language."""

    name = Text(required=True, metadata={"example": "auth.verify"})
    language = Text(required=True, metadata={"example": "en"})
    sms = Text(required=True, allow_none=True)
    overridden = fields.Boolean(
        required=True, metadata={"description": "Whether they are the gym's own."}
    )
    version = fields.Integer(
        required=True, metadata={"description": "0 while they are not the gym's own."}
    )


class PreviewOut(Schema):
    """A message with made-up values."""

    subject = Text(required=True, maximum=MAX_SUBJECT)
    text = Text(required=True, maximum=_MOST)
    html = Text(
        required=True, maximum=_MOST, metadata={"description": "The whole page."}
    )
    sms = Text(
        required=True,
        attribute="short",
        metadata={"description": "As a text message, at most 480 characters."},
    )
