"""What a message says: the template's words, or the gym's own."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import structlog

from core.context import current
from core.notifications import override_rows
from core.notifications.errors import TemplateDefect, TemplateUnknown
from core.notifications.models import TemplateOverride
from core.notifications.office import PostOffice
from core.notifications.sandbox import ZONE, Program
from core.notifications.templates import Rendered, checked

_KEPT: Final = 512

log = structlog.get_logger(__name__)

Sources = Mapping[str, str]


def sources_of(row: TemplateOverride) -> dict[str, str]:
    """Part → text, as in a template's files."""
    parts = {"subject": row.subject, "txt": row.text, "html": row.html}
    return parts if row.sms is None else {**parts, "sms": row.sms}


def programs(
    office: PostOffice, name: str, language: str, sources: Sources
) -> Mapping[str, Program]:
    """Checks and compiles a gym's own words.

    Raises:
        TemplateUnknown: There is no such template.
        TemplateDefect: A part is faulty; the message says which, and why.
    """
    declared = frozenset(office.templates.get(name).sample)
    return _compiled(f"{name}.{language}", declared, tuple(sorted(sources.items())))


def write(
    office: PostOffice,
    name: str,
    *,
    language: str,
    to_name: str | None,
    variables: Mapping[str, Any],
    sources: Sources | None = None,
) -> Rendered:
    """Renders a message, in the gym's own words where it has any.

    Args:
        office: Has the templates.
        name: Of the template.
        language: In which to write.
        to_name: How the person is addressed.
        variables: The declared ones.
        sources: Words to try out, instead of those that are stored.

    Raises:
        TemplateUnknown: The template is not there, or not in this language.
        TemplateDefect: ``sources`` are faulty.
        Refused: It does not render with these variables.
    """
    gym = current().require_gym()
    own = (
        _stored(office, name, language)
        if sources is None
        else programs(office, name, language, sources)
    )
    return office.templates.render(
        name,
        language=language,
        variables={**variables, "gym_name": gym.name, "name": to_name, ZONE: gym.zone},
        programs=own,
    )


def _stored(
    office: PostOffice, name: str, language: str
) -> Mapping[str, Program] | None:
    """The gym's words, compiled; None where it has none that still fit.

    An upgrade may take a variable away. The words are then passed over, as long as the
    template is there in that language: its message is worth more than its wording.
    """
    row = override_rows.find(name, language)
    if row is None:
        return None
    try:
        return programs(office, name, language, sources_of(row))
    except TemplateDefect as defect:
        log.warning(
            "template.outdated", template=name, language=language, reason=str(defect)
        )
        if language not in office.templates.get(name).programs:
            raise TemplateUnknown from defect
        return None


@lru_cache(maxsize=_KEPT)
def _compiled(
    label: str, declared: frozenset[str], sources: tuple[tuple[str, str], ...]
) -> Mapping[str, Program]:
    return checked(dict(sources), declared, label)
