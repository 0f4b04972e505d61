"""What opens a transaction: the gym is named to the database, and versions are read."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final
from uuid import UUID

from psycopg.pq.abc import PGresult

from core.db.driver import Prepared

_NAME_GYM: Final = Prepared("SELECT set_config('app.tenant_id', $1::text, true)")
"""Holds until the transaction ends, so no connection carries a gym to the next."""


def opening(
    tenant_id: UUID | None, probe: Sequence[UUID], epoch: str | None
) -> list[tuple[Prepared, list[bytes]]]:
    """The statements of an opening, each with its parameters.

    Args:
        tenant_id: The gym; none of them is needed without one.
        probe: The subjects whose access versions are read.
        epoch: See ``TenantSession``.
    """
    if tenant_id is None:
        return []
    tenant = str(tenant_id).encode()
    statements = [(_NAME_GYM, [tenant])]
    if probe:
        subjects = [str(subject).encode() for subject in probe]
        statements.append((_versions_of(len(probe), epoch), [tenant, *subjects]))
    return statements


def versions_in(found: PGresult) -> Mapping[UUID, int]:
    """What the probe read: subject → access version."""
    return {
        UUID(_text(found, row, 0)): int(_text(found, row, 1))
        for row in range(found.ntuples)
    }


@cache
def _versions_of(subjects: int, epoch: str | None) -> Prepared:
    """Reads the access versions of so many subjects of a gym."""
    ids = ", ".join(f"${number}::uuid" for number in range(2, subjects + 2))
    # The sum only grows, so it is another number after any change of either.
    for_all = f" + coalesce((SELECT version FROM {epoch}), 0)" if epoch else ""  # noqa: S608 — ours
    return Prepared(
        f"SELECT id, version{for_all} FROM access_versions"  # noqa: S608 — numbers
        f" WHERE tenant_id = $1::uuid AND id IN ({ids})"
    )


def _text(found: PGresult, row: int, column: int) -> str:
    return (found.get_value(row, column) or b"").decode()
