"""Bringing stored values under the current master key, a batch at a time.

Only values that are not under it are looked at, so whoever is stopped begins again and
goes on. A value is replaced only where it is still the one that was read: what another
process writes meanwhile stays. No row is locked between batches, no version is raised
and nothing is audited, as what the rows say does not change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Column, bindparam, func, select, update
from sqlalchemy.sql.schema import Table

from core.config.vault import MARK_BYTES, SealBroken, Vault
from core.db.base import Base, TenantModel
from core.db.sealed import Sealed, seal_of
from core.db.session import TenantSession

BATCH: Final = 200
"""Values that one transaction brings under the current key."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of a gym's table that holds sealed values."""

    table: Table
    column: Column[Any]
    seal: Sealed

    @property
    def name(self) -> str:
        """Table and column, for people."""
        return f"{self.table.name}.{self.column.name}"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step came to.

    Attributes:
        resealed: Values that are under the current key now.
        broken: Values that open under no key.
        last: Where the next step goes on; None when there is nothing more.
    """

    resealed: int
    broken: int
    last: UUID | None


def sealed_columns() -> list[SealedColumn]:
    """Every column that declares itself sealed, of core and of all plugins.

    Raises:
        TypeError: A table without gyms has one; nothing would rotate it.
    """
    return sorted(_found(), key=lambda one: one.name)


def _found() -> Iterator[SealedColumn]:
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if not isinstance(table, Table):
            continue
        for column in table.columns:
            seal = seal_of(column)
            if seal is None:
                continue
            if not issubclass(mapper.class_, TenantModel):
                raise TypeError(
                    f"{table.name}: only tables of gyms hold sealed values."
                )
            yield SealedColumn(table, column, seal)


def reseal(
    session: TenantSession, vault: Vault, where: SealedColumn, after: UUID | None
) -> Batch:
    """Brings the gym's next values of a column under the current master key.

    Args:
        session: Of the gym.
        vault: Opens and seals.
        where: The column.
        after: The last row of the step before; None to begin.
    """
    tenant_id, table = session.require_tenant(), where.table
    mark = vault.current_mark()
    wanted = [
        table.c.tenant_id == tenant_id,
        where.column.is_not(None),
        func.substr(where.column, 1, MARK_BYTES) != mark,
    ]
    if after is not None:
        wanted.append(table.c.id > after)
    rows = session.connection().execute(
        select(table.c.id, table.c[where.seal.bound_by].label("of"), where.column)
        .where(*wanted)
        .order_by(table.c.id)
        .limit(BATCH)
    )
    changes, broken, last = [], 0, None
    for row_id, of, sealed in rows:
        last, bound = row_id, tenant_id.bytes + of.bytes
        try:
            clear = vault.open(sealed, purpose=where.seal.purpose, bound_to=bound)
        except SealBroken:
            broken += 1
            log.warning("vault.value_broken", column=where.name, id=str(row_id))
            continue
        new = vault.seal(clear, purpose=where.seal.purpose, bound_to=bound)
        changes.append({"row": row_id, "old": sealed, "new": new})
    if changes:
        session.connection().execute(_replacing(where, tenant_id), changes)
    return Batch(len(changes), broken, last)


def _replacing(where: SealedColumn, tenant_id: UUID) -> Any:
    table = where.table
    return (
        update(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.id == bindparam("row"),
            where.column == bindparam("old"),
        )
        .values({where.column.name: bindparam("new")})
    )
