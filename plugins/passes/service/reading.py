"""Passes as they are looked at: lists, one, its ledger, and figures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from core.sdk.base import Page, SortKey, utc_now
from plugins.passes.domain.kinds import State
from plugins.passes.repository import LedgerRepository, PassFilter, PassRepository
from plugins.passes.service.holdings import present

SHOWN_IN_RECORD: Final = 20
"""How many open passes a client's record shows."""

_passes = PassRepository()
_ledger = LedgerRepository()


def find(  # noqa: PLR0913 — a list has as many conditions as it has
    *,
    status: State | None = None,
    client_id: UUID | None = None,
    kind: str | None = None,
    batch_id: UUID | None = None,
    page: int,
    limit: int,
    sort: Sequence[SortKey],
) -> Page:
    """Returns a page of the passes within the actor's reach."""
    wanted = PassFilter(
        status=status,
        client_id=client_id,
        kind=kind,
        batch_id=batch_id,
        now=utc_now(),
    )
    found = _passes.listed(wanted, page=page, limit=limit, sort=sort)
    return replace(found, items=[present(row) for row in found.items])


def get(*, pass_id: UUID) -> dict[str, Any]:
    """Returns a pass.

    Raises:
        PassNotFound: There is no such pass.
        Forbidden: It is out of the actor's reach.
    """
    return present(_passes.get(pass_id))


def ledger(*, pass_id: UUID, page: int, limit: int, sort: Sequence[SortKey]) -> Page:
    """Returns a page of a pass's movements.

    Raises:
        PassNotFound: There is no such pass.
        Forbidden: It is out of the actor's reach.
    """
    row = _passes.get(pass_id)
    return _ledger.of_pass(row.id, page=page, limit=limit, sort=sort)


def open_of_client(*, client_id: UUID) -> list[dict[str, Any]]:
    """Returns a client's active passes, for the client's record."""
    rows = _passes.open_of(client_id, utc_now(), SHOWN_IN_RECORD)
    return [present(row) for row in rows]


def count_held() -> int:
    """Counts active passes that somebody holds."""
    return _passes.count_held(utc_now())
