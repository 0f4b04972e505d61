"""Erasing again, after a restore, whoever was erased since the backup was made."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar
from uuid import UUID

import structlog

from core.auth.repository import users
from core.clock import utc_now
from core.errors import TenantUnknown
from core.privacy import erasing
from core.privacy.ledger import Erased, Ledger
from core.privacy.models import RequestKind
from core.privacy.repository import requests

Result = TypeVar("Result")

log = structlog.get_logger(__name__)


class Host(Protocol):
    """An installation, as far as it is needed here."""

    @property
    def ledger(self) -> Ledger:
        """The list of erased persons."""

    def in_gym(self, tenant_id: UUID) -> AbstractContextManager[Any]:
        """Opens a unit of work inside a gym."""


def reapply(host: Host) -> int:
    """Erases everybody on the list who is still, or again, in the database.

    Safe to do at any time; whoever is erased already is left alone.

    Returns:
        How many were erased.
    """
    return sum(erase_now(host, erased) for erased in host.ledger.read())


def erase_now(host: Host, erased: Erased) -> bool:
    """Erases a person here and now, even the last admin.

    Returns:
        False where nothing of them is in the database.
    """

    def step(work: Callable[[], Result]) -> Result:
        with host.in_gym(erased.tenant_id):
            return work()

    try:
        request_id = step(lambda: _reopened(erased.person_id))
    except TenantUnknown:
        return False
    if request_id is None:
        return False
    erasing.erase(request_id, step, force=True)
    log.info("privacy.erased_now", tenantId=str(erased.tenant_id))
    return True


def _reopened(person: UUID) -> UUID | None:
    """A request to erase the person; None where nothing of them is left."""
    if users.find(person) is None or erasing.is_whole(person):
        return None
    request, _made = requests.open(RequestKind.ERASE, person, utc_now())
    return request.id
