"""Templates in a gym's own words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.db.unit import session
from core.errors import Unprocessable
from core.http.preconditions import require_version
from core.notifications import override_rows, wording
from core.notifications.errors import (
    NoSuchTemplate,
    OverrideUnknown,
    Refused,
    TemplateDefect,
    TemplateFaulty,
    TemplateUnknown,
)
from core.notifications.models import TemplateOverride
from core.notifications.office import post_office
from core.notifications.templates import Rendered, Template

MOST: Final = 500
"""Templates in their languages that one gym may rewrite."""

LANGUAGE: Final = re.compile(r"^[a-z]{2,3}(-[A-Z]{2})?$")
"""How a language is named: ``de``, ``de-AT``."""

_PARTS: Final = {"subject": "subject", "text": "txt", "html": "html", "sms": "sms"}


@dataclass(frozen=True, slots=True)
class Words:
    """A template in one language as a gym sees it.

    Attributes:
        overridden: Whether the words are the gym's own.
        version: Of the gym's words; 0 where it has none.
    """

    name: str
    language: str
    subject: str
    text: str
    html: str
    sms: str | None
    overridden: bool
    version: int


def list_templates() -> list[dict[str, Any]]:
    """Every template: its languages, variables, and where the gym rewrote it."""
    templates = post_office().templates
    own: dict[str, list[str]] = {}
    for name, language in override_rows.every():
        own.setdefault(name, []).append(language)
    return [
        {
            "name": name,
            "topic": templates.topic_of(name).name,
            "languages": sorted({*templates.get(name).programs, *own.get(name, ())}),
            "variables": dict(templates.get(name).sample),
            "overridden": own.get(name, []),
        }
        for name in templates.names
    ]


def show(name: str, language: str) -> Words:
    """The words of a template: the gym's own, else those it came with.

    Raises:
        NoSuchTemplate: There is no such template, or not in this language.
    """
    template = _template(name, language)
    row = override_rows.find(name, language)
    if row is not None:
        return _own(row)
    sources = template.sources.get(language)
    if sources is None:
        raise NoSuchTemplate(details={"template": name, "language": language})
    parts = {field: sources.get(part) for field, part in _PARTS.items()}
    return Words(
        name=name,
        language=language,
        subject=(parts["subject"] or "").strip(),
        text=parts["text"] or "",
        html=parts["html"] or "",
        sms=parts["sms"],
        overridden=False,
        version=0,
    )


def store(
    name: str, language: str, given: Mapping[str, Any], if_match: int | None
) -> Words:
    """Rewrites a template in a language, also one that it did not come in.

    Raises:
        NoSuchTemplate: There is no such template.
        TemplateFaulty: A part breaks a rule of the template language.
        PreconditionFailed: Somebody else changed it meanwhile.
        Unprocessable: The gym has rewritten too many.
    """
    preview(name, language, given)
    row = override_rows.find(name, language, lock=True)
    require_version(0 if row is None else row.version, if_match)
    values = {field: given.get(field) for field in _PARTS}
    if row is None:
        if override_rows.count() >= MOST:
            raise Unprocessable(f"A gym rewrites {MOST} templates at most.")
        row = TemplateOverride(name=name, language=language, **values)
        override_rows.add(row)
    else:
        for field, value in values.items():
            setattr(row, field, value)
        session().flush()
    return _own(row)


def remove(name: str, language: str) -> None:
    """Goes back to the words that a template came with.

    Raises:
        NoSuchTemplate: There is no such template.
        OverrideUnknown: The gym has none of its own.
    """
    _template(name, language)
    row = override_rows.find(name, language, lock=True)
    if row is None:
        raise OverrideUnknown(details={"template": name, "language": language})
    override_rows.remove(row)


def preview(name: str, language: str, given: Mapping[str, Any]) -> Rendered:
    """What a message would look like, with made-up values.

    Args:
        name: Of the template.
        language: In which it is written.
        given: ``subject``, ``text``, ``html`` and perhaps ``sms``; empty for what
            would be sent today.

    Raises:
        NoSuchTemplate: There is no such template, or not in this language.
        TemplateFaulty: A part breaks a rule of the template language.
    """
    office, template = post_office(), _template(name, language)
    try:
        return wording.write(
            office,
            name,
            language=language,
            to_name=None,
            variables=template.sample,
            sources=_sources(given) if given else None,
        )
    except (TemplateDefect, Refused) as error:
        raise TemplateFaulty(details={"reason": str(error)}) from error
    except TemplateUnknown as error:
        raise NoSuchTemplate(details=error.details) from error


def _sources(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        part: given[field]
        for field, part in _PARTS.items()
        if given.get(field) is not None
    }


def _template(name: str, language: str) -> Template:
    """The template; the language needs no more than the form of one."""
    try:
        if LANGUAGE.fullmatch(language):
            return post_office().templates.get(name)
    except TemplateUnknown:
        pass
    raise NoSuchTemplate(details={"template": name, "language": language})


def _own(row: TemplateOverride) -> Words:
    return Words(
        name=row.name,
        language=row.language,
        subject=row.subject,
        text=row.text,
        html=row.html,
        sms=row.sms,
        overridden=True,
        version=row.version,
    )
