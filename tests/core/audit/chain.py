"""What the tests of the chain share: writing, sealing, tampering, verifying."""

import time
from collections import Counter
from uuid import UUID

from core.audit.recorder import record_event
from core.audit.sealing import seal_gym
from core.audit.verification import Verdict, verify
from core.testing.kit import TestGym
from core.testing.server import TestServer
from tests.core.audit.sealed import PATIENCE_S


class Chain:
    """One gym's chain, and a superuser who may do anything to it."""

    def __init__(self, gym: TestGym, postgres: TestServer) -> None:
        self.gym = gym
        self._postgres = postgres
        self.anchors = gym.installation.anchors

    def write(self, many: int) -> None:
        """Writes entries in one transaction."""
        with self.gym.unit():
            for number in range(many):
                record_event("test.happened", "thing", str(number), {"n": number})
        self.settle()

    def settle(self) -> None:
        """Waits until nobody but a test in this database holds up what is due here.

        Transactions are numbered for the whole server, so one that stands open
        elsewhere keeps later entries of this gym from being sealed, as it should; and
        the server's own, which gathers figures now and then, does so anywhere.
        """
        ((now,),) = self._postgres.query("SELECT pg_current_xact_id()::xid::text")
        older = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_xid IS NOT NULL AND NOT"
            f" (datname = '{self._database}' AND backend_type = 'client backend')"
            f" AND age(backend_xid) > age('{now}'::xid)"
        )
        deadline = time.monotonic() + PATIENCE_S
        while self._postgres.query(older) != [(0,)]:
            assert time.monotonic() < deadline, "A transaction elsewhere does not end."
            time.sleep(0.02)

    @property
    def _database(self) -> str:
        database = self.gym.installation.databases.app.url.database
        assert database is not None
        return database

    def seal(self) -> int:
        """Seals what is due."""
        self.settle()
        return seal_gym(self.gym.installation.units(), self.gym.id, self.anchors)

    def verify(self) -> Verdict:
        """Checks everything."""
        with self.gym.installation.units().open(self.gym.id) as session:
            return verify(session, self.anchors)

    def faults(self) -> Counter[str]:
        """How often each fault is found."""
        return Counter(finding.fault.value for finding in self.verify().findings)

    def tamper(self, statement: str) -> list[tuple[object]]:
        """Runs SQL as superuser, with ``{gym}`` as this gym's condition."""
        condition = f"tenant_id = '{self.gym.id}'"
        return self._postgres.query(statement.format(gym=condition), self._database)

    def ids(self) -> list[UUID]:
        """The entries in the order in which they are sealed."""
        rows = self.tamper(
            "SELECT id FROM audit_entries WHERE {gym} ORDER BY txid, audit_entries.id"
        )
        return [UUID(str(row[0])) for row in rows]
