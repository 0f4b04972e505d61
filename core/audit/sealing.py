"""The sealer: extends the chain of every gym, and anchors it.

Nothing that writes entries waits for it: it reads what is committed, writes links of
its own, and leaves a gym alone where another process is at it.
"""

from collections.abc import Iterable
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.audit.anchors import Anchors
from core.audit.seals import after, seal_next, take_turn
from core.db.unit import UnitOfWork
from core.errors import AppError

log = structlog.get_logger(__name__)

_SEALS_AT_ONCE = 500


def seal_due(units: UnitOfWork, gyms: Iterable[UUID], anchors: Anchors) -> int:
    """Seals what is due in each gym; returns how many entries.

    To be called more often than once a minute; any number of processes may.
    """
    return sum(_sealed(units, tenant_id, anchors) for tenant_id in gyms)


def _sealed(units: UnitOfWork, tenant_id: UUID, anchors: Anchors) -> int:
    """Seals one gym; what goes wrong there keeps no other gym waiting."""
    try:
        return seal_gym(units, tenant_id, anchors)
    except (SQLAlchemyError, OSError, AppError) as error:
        log.exception(
            "audit.not_sealed", tenant=str(tenant_id), reason=type(error).__name__
        )
        return 0


def seal_gym(units: UnitOfWork, tenant_id: UUID, anchors: Anchors) -> int:
    """Seals what is due in one gym, a seal a transaction; returns how many entries."""
    sealed, newest, more = 0, 0, True
    while more:
        with units.open(tenant_id) as session:
            if not take_turn(session):
                return sealed
            newest, done, more = seal_next(session)
        sealed += done
    _anchor(units, tenant_id, anchors, newest)
    return sealed


def _anchor(units: UnitOfWork, tenant_id: UUID, anchors: Anchors, newest: int) -> None:
    """Anchors what is not yet: the new seals, and those a crash kept from it."""
    known = anchors.last_seq(tenant_id)
    if known > newest:
        log.error("audit.tail_cut", tenant=str(tenant_id), anchored=known, found=newest)
    while known < newest:
        with units.open(tenant_id) as session:
            seals = after(session, known, many=_SEALS_AT_ONCE)
        if not seals:
            return
        anchors.append(tenant_id, seals)
        known = seals[-1].seq
