"""``/notifications/templates``: the words of a gym's messages."""

from typing import Any, Final

from core.errors import PreconditionFailed, Unprocessable
from core.http.blueprint import Blueprint
from core.notifications import overrides
from core.notifications.errors import (
    NoSuchTemplate,
    OverrideUnknown,
    TemplateFaulty,
)
from core.notifications.permissions import EDIT_TEMPLATES, READ_TEMPLATES
from core.notifications.template_schemas import (
    PreviewIn,
    PreviewOut,
    TemplateOut,
    WordsIn,
    WordsOut,
)
from core.notifications.templates import Rendered

templates = Blueprint(
    "notification_templates", prefix="/notifications/templates", tag="Notifications"
)

_ONE: Final = "/<name>/<language>"
_PARAMETERS: Final = (
    {
        "in": "path",
        "name": "name",
        "required": True,
        "schema": {
            "type": "string",
            "pattern": r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$",
            "maxLength": 100,
            "example": "notifications.message",
        },
    },
    {
        "in": "path",
        "name": "language",
        "required": True,
        "schema": {
            "type": "string",
            "pattern": overrides.LANGUAGE.pattern,
            "maxLength": 6,
            "example": "en",
        },
    },
)
_WORDS: Final = {
    "subject": "{{ title }}",
    "text": "Hello{% if name %} {{ name }}{% endif %},\n\n{{ text }}\n",
    "html": "<p>{{ text }}</p>",
    "sms": "{{ text }}",
}
_SHOWN: Final = {
    **_WORDS,
    "name": "notifications.message",
    "language": "en",
    "overridden": True,
    "version": 1,
}


@templates.get(
    summary="List the templates",
    permission=READ_TEMPLATES,
    returns=TemplateOut,
    many=True,
)
def index() -> list[dict[str, Any]]:
    """Their languages and variables, and which the gym rewrote."""
    return overrides.list_templates()


@templates.get(
    _ONE,
    summary="Show the words of a template",
    permission=READ_TEMPLATES,
    returns=WordsOut,
    versioned=True,
    parameters=_PARAMETERS,
    errors=(NoSuchTemplate,),
    example=_SHOWN,
)
def show(name: str, language: str) -> overrides.Words:
    """The gym's own, else those that it came with."""
    return overrides.show(name, language)


@templates.put(
    _ONE,
    summary="Rewrite a template",
    permission=EDIT_TEMPLATES,
    body=WordsIn,
    returns=WordsOut,
    versioned=True,
    parameters=_PARAMETERS,
    errors=(NoSuchTemplate, PreconditionFailed, TemplateFaulty, Unprocessable),
    example=_SHOWN,
    request_example=_WORDS,
)
def store(
    name: str, language: str, body: dict[str, Any], if_match: int | None
) -> overrides.Words:
    """Every message that is written from now on uses it, and those that wait."""
    return overrides.store(name, language, body, if_match)


@templates.delete(
    _ONE,
    summary="Go back to a template's own words",
    permission=EDIT_TEMPLATES,
    status=204,
    parameters=_PARAMETERS,
    errors=(NoSuchTemplate, OverrideUnknown),
)
def remove(name: str, language: str) -> None:
    """What the gym wrote is gone."""
    overrides.remove(name, language)


@templates.post(
    _ONE + "/preview",
    summary="Preview a template",
    permission=EDIT_TEMPLATES,
    body=PreviewIn,
    returns=PreviewOut,
    parameters=_PARAMETERS,
    errors=(NoSuchTemplate, TemplateFaulty, Unprocessable),
    request_example=_WORDS,
)
def preview(name: str, language: str, body: dict[str, Any]) -> Rendered:
    """Renders the given words, or the stored ones, with made-up values."""
    return overrides.preview(name, language, body)
