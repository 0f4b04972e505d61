"""The outbox as the relay sees it: all gyms, on the operator's connection.

The operator's role is also a member of the app's role, whose policy compares each row
with the transaction's gym. So every transaction here names the nil gym, which has no
rows, and sees what the operator's own policy shows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from core.clock import utc_now
from core.db.unit import UnitOfWork
from core.ids import NIL
from core.jobs.actor import DEFAULT_MAX_ATTEMPTS
from core.jobs.runtime import JobRef
from core.jobs.tokens import WorkerId

_KEEP_DONE_DAYS = 7
_KEEP_KEYED_DAYS = 35
_KEEP_DEAD_DAYS = 90
_PURGE_BATCH = 2_000

# A loose index scan: one probe finds the next gym with waiting jobs, one more says
# whether any of them is due. The inner LIMIT keeps the planner from reading all due
# jobs instead, of which one gym may have very many.
_DUE_GYMS = text("""
WITH RECURSIVE waiting(tenant_id) AS (
    (SELECT tenant_id FROM outbox WHERE state = 'pending' AND tenant_id > :after
     ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT o.tenant_id FROM outbox o
            WHERE o.state = 'pending' AND o.tenant_id > waiting.tenant_id
            ORDER BY o.tenant_id LIMIT 1)
    FROM waiting WHERE waiting.tenant_id IS NOT NULL
)
SELECT waiting.tenant_id FROM waiting
CROSS JOIN LATERAL (
    SELECT 1 FROM outbox o WHERE o.tenant_id = waiting.tenant_id
    AND o.state = 'pending' AND o.run_at <= :now LIMIT 1) AS due
WHERE waiting.tenant_id IS NOT NULL
LIMIT :many
""")

_CLAIM = text("""
WITH picked AS (
    SELECT due.tenant_id, due.id
    FROM unnest(CAST(:gyms AS uuid[])) AS gym(tenant_id)
    CROSS JOIN LATERAL (
        SELECT o.tenant_id, o.id FROM outbox o
        WHERE o.tenant_id = gym.tenant_id AND o.state = 'pending' AND o.run_at <= :now
        ORDER BY o.run_at, o.id LIMIT :few FOR UPDATE SKIP LOCKED) AS due
    LIMIT :room
)
UPDATE outbox SET state = 'queued', lease_until = :lease_until,
    max_attempts = coalesce(
        max_attempts,
        (SELECT declared.attempts FROM unnest(
            CAST(:kinds AS text[]), CAST(:limits AS int[])) AS declared(kind, attempts)
         WHERE declared.kind = outbox.kind),
        :default_limit)
FROM picked WHERE outbox.tenant_id = picked.tenant_id AND outbox.id = picked.id
RETURNING outbox.tenant_id, outbox.id
""")

_RELEASE = text("""
UPDATE outbox SET state = 'pending', lease_until = NULL
FROM unnest(CAST(:gyms AS uuid[]), CAST(:ids AS uuid[])) AS given(tenant_id, id)
WHERE outbox.tenant_id = given.tenant_id AND outbox.id = given.id
AND outbox.state = 'queued'
""")

_RELEASE_ALL = text(
    "UPDATE outbox SET state = 'pending', lease_until = NULL WHERE state = 'queued'"
)

_END_LEASES = text("""
UPDATE outbox SET lease_until = :now
WHERE state = 'running' AND lease_token BETWEEN :least AND :greatest
""")

_EXTEND = text("""
UPDATE outbox SET lease_until = :lease_until
FROM unnest(CAST(:gyms AS uuid[]), CAST(:ids AS uuid[]), CAST(:tokens AS uuid[]))
    AS held(tenant_id, id, token)
WHERE outbox.tenant_id = held.tenant_id AND outbox.id = held.id
AND outbox.state = 'running' AND outbox.lease_token = held.token
""")

_EXPIRED = text("""
SELECT tenant_id, id, kind, state, attempts, max_attempts, run_at FROM outbox
WHERE state IN ('queued', 'running') AND lease_until < :now
ORDER BY lease_until LIMIT :many FOR UPDATE SKIP LOCKED
""")

_TAKE_BACK = text("""
UPDATE outbox SET state = :state, run_at = :run_at, finished_at = :finished_at,
    last_error = coalesce(:error, last_error), lease_until = NULL, lease_token = NULL
WHERE tenant_id = :tenant_id AND id = :id
""")

_PURGES = tuple(
    (
        days,
        text(f"""
DELETE FROM outbox USING (
    SELECT tenant_id, id FROM outbox WHERE {which} AND finished_at < :before
    LIMIT :many FOR UPDATE SKIP LOCKED) AS old
WHERE outbox.tenant_id = old.tenant_id AND outbox.id = old.id
"""),  # noqa: S608 — the three conditions below
    )
    for days, which in (
        (_KEEP_DONE_DAYS, "state = 'done' AND dedup_key IS NULL"),
        (_KEEP_KEYED_DAYS, "state = 'done' AND dedup_key IS NOT NULL"),
        (_KEEP_DEAD_DAYS, "state = 'dead'"),
    )
)

# A scrape comes again; it must not keep a database busy that has no time for it.
_BRIEFLY = text("SET LOCAL statement_timeout = '2s'")

_FIGURES = text("""
SELECT
 (SELECT count(*) FROM outbox WHERE state = 'pending') AS pending,
 (SELECT count(*) FROM outbox WHERE state = 'queued') AS queued,
 (SELECT count(*) FROM outbox WHERE state = 'running') AS running,
 (SELECT count(*) FROM outbox WHERE state = 'dead') AS dead,
 (SELECT min(run_at) FROM outbox WHERE state = 'pending') AS oldest
""")


@dataclass(frozen=True, slots=True)
class Held:
    """A running job and the token of the attempt that has it."""

    ref: JobRef
    token: UUID


@dataclass(frozen=True, slots=True)
class Expired:
    """A queued or running job whose lease ran out."""

    ref: JobRef
    kind: str
    running: bool
    attempts: int
    max_attempts: int
    run_at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """The outbox of all gyms in numbers.

    Attributes:
        lag_s: Seconds that the longest-waiting due job has waited; 0 when none is due.
    """

    pending: int
    queued: int
    running: int
    dead: int
    lag_s: float


class Store:
    """Statements on every gym's outbox."""

    def __init__(self, operator: UnitOfWork) -> None:
        self._operator = operator

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that sees the outbox of every gym."""
        with self._operator.open(NIL) as session:
            yield session.connection()

    def next_due(self) -> datetime | None:
        """When the earliest waiting job is due; None when none waits."""
        with self.transaction() as connection:
            found: datetime | None = connection.scalar(
                text("SELECT min(run_at) FROM outbox WHERE state = 'pending'")
            )
        return found

    def queued(self) -> int:
        """How many jobs are on their way to a worker."""
        with self.transaction() as connection:
            return int(
                connection.scalar(
                    text("SELECT count(*) FROM outbox WHERE state = 'queued'")
                )
                or 0
            )

    def due_gyms(self, *, after: UUID, many: int) -> list[UUID]:
        """Gyms with due work in order of their ids, beginning after ``after``."""
        with self.transaction() as connection:
            found = connection.scalars(
                _DUE_GYMS, {"after": after, "now": utc_now(), "many": many}
            )
            return list(found)

    def claim(
        self,
        gyms: Sequence[UUID],
        *,
        few: int,
        room: int,
        lease_until: datetime,
        limits: Mapping[str, int],
    ) -> list[JobRef]:
        """Marks due jobs as queued: at most ``few`` a gym and ``room`` in all."""
        with self.transaction() as connection:
            rows = connection.execute(
                _CLAIM,
                {
                    "gyms": list(gyms),
                    "now": utc_now(),
                    "few": few,
                    "room": room,
                    "lease_until": lease_until,
                    "kinds": list(limits),
                    "limits": list(limits.values()),
                    "default_limit": DEFAULT_MAX_ATTEMPTS,
                },
            )
            return [JobRef(*row) for row in rows]

    def release(self, refs: Sequence[JobRef]) -> None:
        """Gives back what was claimed and could not be sent."""
        with self.transaction() as connection:
            connection.execute(_RELEASE, _columns(refs))

    def release_all(self) -> int:
        """Gives back every job that is on its way; returns how many."""
        with self.transaction() as connection:
            return connection.execute(_RELEASE_ALL).rowcount

    def bury(self, worker: WorkerId) -> int:
        """Ends the leases of a dead process's jobs; returns how many it had begun.

        What was on its way to it cannot be told from what is on its way to others, so
        all of that is given back; what then comes twice finds nothing to do.
        """
        least, greatest = worker.tokens
        now = {"now": utc_now(), "least": least, "greatest": greatest}
        with self.transaction() as connection:
            begun = connection.execute(_END_LEASES, now).rowcount
            connection.execute(_RELEASE_ALL)
        return begun

    def extend(self, held: Sequence[Held], lease_until: datetime) -> None:
        """Prolongs the leases of running jobs that are still theirs who hold them."""
        values = _columns([one.ref for one in held]) | {
            "tokens": [one.token for one in held],
            "lease_until": lease_until,
        }
        with self.transaction() as connection:
            connection.execute(_EXTEND, values)

    def expired(self, connection: Connection, *, many: int) -> list[Expired]:
        """Jobs whose lease ran out, locked until the transaction ends."""
        rows = connection.execute(_EXPIRED, {"now": utc_now(), "many": many})
        return [
            Expired(
                ref=JobRef(row.tenant_id, row.id),
                kind=row.kind,
                running=row.state == "running",
                attempts=row.attempts,
                max_attempts=row.max_attempts or DEFAULT_MAX_ATTEMPTS,
                run_at=row.run_at,
            )
            for row in rows
        ]

    def take_back(
        self,
        connection: Connection,
        ref: JobRef,
        *,
        run_at: datetime,
        error: str | None,
        dead: bool,
    ) -> None:
        """Makes a job pending again, or dead."""
        connection.execute(
            _TAKE_BACK,
            {
                "state": "dead" if dead else "pending",
                "run_at": run_at,
                "finished_at": utc_now() if dead else None,
                "error": error,
                "tenant_id": ref.tenant_id,
                "id": ref.job_id,
            },
        )

    def purge(self) -> int:
        """Deletes finished jobs that nobody needs any more; returns how many.

        Done jobs stay a week, those with a deduplication key five weeks, because the
        key is worth something only as long as its row is there; dead jobs 90 days.
        """
        now = utc_now()
        with self.transaction() as connection:
            return sum(
                connection.execute(
                    statement,
                    {"before": now - timedelta(days=days), "many": _PURGE_BATCH},
                ).rowcount
                for days, statement in _PURGES
            )

    def figures(self) -> Figures:
        """The outbox in numbers, for metrics and the operator."""
        with self.transaction() as connection:
            connection.execute(_BRIEFLY)
            row = connection.execute(_FIGURES).one()
        waited = (utc_now() - row.oldest).total_seconds() if row.oldest else 0.0
        return Figures(row.pending, row.queued, row.running, row.dead, max(waited, 0.0))


def _columns(refs: Sequence[JobRef]) -> dict[str, Any]:
    return {
        "gyms": [ref.tenant_id for ref in refs],
        "ids": [ref.job_id for ref in refs],
    }
