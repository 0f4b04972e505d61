"""All SQL on gyms' own words for templates."""

from sqlalchemy import select

from core.db.unit import session
from core.notifications.models import TemplateOverride


def find(name: str, language: str, *, lock: bool = False) -> TemplateOverride | None:
    """This gym's words for a template in a language; None where it has none."""
    statement = select(TemplateOverride).where(
        TemplateOverride.name == name, TemplateOverride.language == language
    )
    if lock:
        statement = statement.with_for_update().execution_options(
            populate_existing=True
        )
    return session().scalar(statement)


def languages(name: str) -> list[str]:
    """The languages in which this gym has words of its own for a template."""
    statement = select(TemplateOverride.language).where(TemplateOverride.name == name)
    return sorted(session().scalars(statement))


def every() -> list[tuple[str, str]]:
    """Name and language of all that this gym wrote itself."""
    statement = select(TemplateOverride.name, TemplateOverride.language)
    return sorted((row.name, row.language) for row in session().execute(statement))


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
