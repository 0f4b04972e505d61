"""Sealing the audit log in tests, whatever other databases of the server are at."""

import time
from uuid import UUID

from core.app import Installation
from core.audit.sealing import seal_due

PATIENCE_S = 120


def seal_some(installation: Installation, gym: UUID) -> None:
    """Seals what is due, once no test in another database holds it up.

    Transactions are numbered for the whole server, and one that stands open anywhere
    keeps later entries from being sealed, as it should.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not seal_due(installation.units(), [gym], installation.anchors):
        assert time.monotonic() < deadline, "A transaction elsewhere does not end."
        time.sleep(0.05)
