"""All SQL on what gyms set up."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from core.db.statement import Statement, given
from core.db.unit import session
from core.db.writes import insert_new
from core.ids import new_id
from core.integrations.models import StoredIntegration

_ALL = Statement(select(StoredIntegration))
_NAMED = select(StoredIntegration).where(StoredIntegration.name == given("name"))
_READ = Statement(_NAMED)
_LOCKED = Statement(_NAMED.with_for_update(), refresh=True)
_UNCHANGED = Statement(
    select(StoredIntegration)
    .where(
        StoredIntegration.id == given("id"),
        StoredIntegration.version == given("version"),
    )
    .with_for_update(),
    refresh=True,
)


def every() -> Sequence[StoredIntegration]:
    """All that the gym has set up."""
    return session().read(_ALL)


def find(name: str, *, lock: bool = False) -> StoredIntegration | None:
    """What the gym has set up under a name; ``lock`` keeps others from changing it."""
    found: StoredIntegration | None = session().read_one(
        _LOCKED if lock else _READ, name=name
    )
    return found


def find_or_add(name: str) -> tuple[StoredIntegration, bool]:
    """The gym's row of that name, locked, and whether it was made just now."""
    found, added = find(name, lock=True), False
    if found is None:
        blank = {"id": new_id(), "name": name, "settings": {}, "secret_names": []}
        added = bool(insert_new(session(), StoredIntegration, [blank]))
        found = find(name, lock=True)
    if found is None:
        raise LookupError(f"The row of {name} can be neither read nor made.")
    return found, added


def find_version(row_id: UUID, version: int) -> StoredIntegration | None:
    """The row, locked, where nobody has changed it since ``version``."""
    found: StoredIntegration | None = session().read_one(
        _UNCHANGED, id=row_id, version=version
    )
    return found


def remove(row: StoredIntegration) -> None:
    """Deletes a row."""
    session().delete(row)
    session().flush()
