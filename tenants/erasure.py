"""Erasing a closed gym: its rows, files, exports and anchors, in bounded pieces.

The first transaction makes the gym an erased one, which is final: from then on nothing
serves, seals or counts it. What follows may stop anywhere and be done again. The gym's
access version goes last; while it is there, something may be left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import Table, delete, select, tuple_

from core.audit.anchors import Anchors
from core.db.base import Base
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.db.versions import AccessVersion
from core.errors import TenantUnknown
from core.files.desk import desk
from core.privacy.holders import privacy
from tenants import repository
from tenants.errors import GymNotClosed
from tenants.models import GymRow, GymStatus
from tenants.oplog import note

BATCH = 1_000
"""Rows that one transaction deletes."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Erasure:
    """What erasing takes.

    Attributes:
        units: Units of work on the operator's connection.
        anchors: What the gym's audit chain was, outside the database.
        said: Told of progress, a line at a time.
    """

    units: UnitOfWork
    anchors: Anchors
    said: Callable[[str], None] = lambda _line: None

    def begin(self, slug: str) -> UUID:
        """Makes a closed gym an erased one; its slug stays taken.

        Raises:
            TenantUnknown: There is no such gym.
            GymNotClosed: It is not closed.
        """
        with self.units.open(None) as session:
            gym_id = repository.find_id_by_slug(session, slug)
            row = repository.lock_gym(session, gym_id) if gym_id else None
            if row is None:
                raise TenantUnknown(f"There is no gym {slug!r}.")
            if row.status == GymStatus.ERASED:
                return row.id
            if row.status != GymStatus.CLOSED:
                raise GymNotClosed
            _blank(row)
            repository.forget_gym(session, row.id)
            note(session, "gym.erasure_begun", gym=row)
            return row.id

    def finish(self, gym_id: UUID) -> int:
        """Deletes what is left of an erased gym; returns how many rows that were.

        Done by two at once, the second finds nothing to do.

        Raises:
            GymNotClosed: It is no erased gym.
        """
        with self.units.open(None) as session:
            row = repository.find_gym(session, gym_id)
            if row is None or row.status != GymStatus.ERASED:
                raise GymNotClosed
        if not self.is_left(gym_id):
            return 0
        rows = 0
        # Once more, until nothing comes that was on its way when it was begun.
        while deleted := self._everything(gym_id):
            rows += deleted
        rows += self._table(gym_id, _marker())
        with self.units.open(None) as session:
            gone = repository.find_gym(session, gym_id)
            note(session, "gym.erased", gym=gone, details={"rows": rows})
        log.warning("gym.erased", tenantId=str(gym_id), rows=rows)
        return rows

    def finish_all(self) -> int:
        """Finishes every erasure that was begun; returns how many there were."""
        with self.units.open(None) as session:
            begun = repository.erased_gyms(session)
        left = [gym_id for gym_id in begun if self.is_left(gym_id)]
        for gym_id in left:
            self.finish(gym_id)
        return len(left)

    def is_left(self, gym_id: UUID) -> bool:
        """Whether an erased gym may still have something.

        A process that did not know yet may have left a file when all was gone.
        """
        with self.units.open(gym_id) as session:
            return (
                repository.access_version(session, gym_id) is not None
                or privacy().archives.folder(gym_id).exists()
                or self.anchors.path(gym_id).exists()
            )

    def _everything(self, gym_id: UUID) -> int:
        """Deletes all but the marker; returns how many rows that were."""
        with self.units.open(gym_id):
            store, archives = desk().store, privacy().archives
        self.said(f"files: {store.delete_all(gym_id)}")
        archives.delete_all(gym_id)
        rows = sum(self._table(gym_id, table) for table in _tables())
        self.anchors.path(gym_id).unlink(missing_ok=True)
        return rows

    def _table(self, gym_id: UUID, table: Table) -> int:
        deleted = 0
        while batch := self.units.run(
            partial(_delete, table, gym_id), tenant_id=gym_id
        ):
            deleted += batch
            self.said(f"{table.name}: {deleted}")
        return deleted


def _tables() -> list[Table]:
    """Every table of gyms' rows, those that refer to others first; not the marker."""
    return [
        table
        for table in reversed(Base.metadata.sorted_tables)
        if table.info.get("tenancy") == "tenant" and table is not _marker()
    ]


def _marker() -> Table:
    table = AccessVersion.__table__
    if not isinstance(table, Table):
        raise TypeError("Access versions are a table.")
    return table


def _delete(table: Table, gym_id: UUID, session: TenantSession) -> int:
    """Deletes a batch, below the session: nobody audits the end of an audit log."""
    if table.info.get("append_only"):
        return repository.erase_rows(session, gym_id, table.name, BATCH)
    key = tuple_(table.c.tenant_id, table.c.id)
    batch = (
        select(table.c.tenant_id, table.c.id)
        .where(table.c.tenant_id == gym_id)
        .limit(BATCH)
    )
    statement = delete(table).where(table.c.tenant_id == gym_id, key.in_(batch))
    return session.connection().execute(statement).rowcount


def _blank(row: GymRow) -> None:
    """Leaves of the registry's row what keeps the slug from others."""
    row.status = GymStatus.ERASED.value
    row.name = row.slug
    row.branding, row.limits, row.cors_origins = {}, {}, []
