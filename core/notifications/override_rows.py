"""All SQL on gyms' own words for templates."""

from sqlalchemy import select

from core.db.statement import Statement, given
from core.db.unit import session
from core.notifications.models import TemplateOverride

_ONE = select(TemplateOverride).where(
    TemplateOverride.name == given("name"),
    TemplateOverride.language == given("language"),
)
_READ = Statement(_ONE)
_LOCKED = Statement(_ONE.with_for_update(), refresh=True)
_LANGUAGES = Statement(
    select(TemplateOverride.language).where(TemplateOverride.name == given("name"))
)
_ALL = Statement(select(TemplateOverride.name, TemplateOverride.language))


def find(name: str, language: str, *, lock: bool = False) -> TemplateOverride | None:
    """This gym's words for a template in a language; None where it has none."""
    found: TemplateOverride | None = session().read_one(
        _LOCKED if lock else _READ, name=name, language=language
    )
    return found


def languages(name: str) -> list[str]:
    """The languages in which this gym has words of its own for a template."""
    return sorted(row.language for row in session().read(_LANGUAGES, name=name))


def every() -> list[tuple[str, str]]:
    """Name and language of all that this gym wrote itself."""
    return sorted((row.name, row.language) for row in session().read(_ALL))


def count() -> int:
    """How many there are."""
    return len(every())


def add(row: TemplateOverride) -> None:
    """Writes a new one now."""
    session().add(row)
    session().flush()


def remove(row: TemplateOverride) -> None:
    """Deletes one now."""
    session().delete(row)
    session().flush()
