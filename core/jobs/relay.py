"""The relay: finds due jobs, fairly between gyms, and hands them to the workers."""

from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from core.clock import utc_now
from core.ids import NIL
from core.jobs.actor import Backoff
from core.jobs.runtime import JobRef, Runtime
from core.jobs.store import Expired, Store

_GYMS_A_TURN = 64
_EXPIRED_A_TURN = 200
_WORKER_LOST = "WORKER_LOST: the worker gave no sign of life"

log = structlog.get_logger(__name__)


class Sender(Protocol):
    """The way from the relay to the workers."""

    def room(self, queued: Callable[[], int]) -> int:
        """How many more jobs it takes now.

        Args:
            queued: Counts the jobs of all gyms that are on their way.
        """

    def send(self, refs: Sequence[JobRef]) -> None:
        """Brings jobs to the workers; may lose them or bring them twice."""

    def forgot(self) -> bool:
        """Whether what was sent may have been forgotten since this was last asked."""


class Relay:
    """Claims due jobs and sends them; takes back those whose lease ran out.

    Any number of relays may work on one outbox: a row that one of them has locked is
    passed over by the others.
    """

    def __init__(self, runtime: Runtime, sender: Sender) -> None:
        self._runtime = runtime
        self._sender = sender
        self._store = Store(runtime.operator)
        self._after = NIL

    def forward(self) -> int:
        """Sends one batch of due jobs; returns how many.

        The claim is committed before anything is sent. Between the two a relay may
        die: then the lease of the claimed jobs runs out and they come back.
        """
        due = self._store.next_due()
        if due is None or due > utc_now():
            return 0
        room = self._sender.room(self._store.queued)
        if room <= 0:
            return 0
        refs = self._claim(room)
        if refs:
            self._send(refs)
        return len(refs)

    def sweep(self) -> int:
        """Takes back jobs whose lease ran out; returns how many.

        One that no worker had begun is due as before. One that a worker had begun
        was an attempt, so it waits, or is dead after the last.
        """
        with self._store.transaction() as connection:
            found = self._store.expired(connection, many=_EXPIRED_A_TURN)
            for job in found:
                dead = job.running and job.attempts >= job.max_attempts
                run_at = job.run_at
                if job.running and not dead:
                    run_at = utc_now() + self._backoff(job).delay(job.attempts)
                self._store.take_back(
                    connection,
                    job.ref,
                    run_at=run_at,
                    error=_WORKER_LOST if job.running else None,
                    dead=dead,
                )
                _tell(job, dead=dead)
        return len(found)

    def recover(self) -> int:
        """Makes all queued jobs due again when the sender forgot them.

        Their leases would do it too, only later. One that was not forgotten after all
        comes twice, and its second coming finds nothing to do.
        """
        if not self._sender.forgot():
            return 0
        found = self._store.release_all()
        log.warning("job.broker_forgot", jobs=found)
        return found

    def _claim(self, room: int) -> list[JobRef]:
        gyms = self._turn()
        if not gyms:
            return []
        timing = self._runtime.timing
        return self._store.claim(
            gyms,
            few=-(-room // len(gyms)),
            room=room,
            lease_until=utc_now() + timing.queue_lease,
            limits=self._runtime.registry.limits,
        )

    def _turn(self) -> list[UUID]:
        """The gyms whose turn it is: on from where the last turn ended."""
        gyms = self._store.due_gyms(after=self._after, many=_GYMS_A_TURN)
        if len(gyms) < _GYMS_A_TURN and self._after != NIL:
            seen = set(gyms)
            again = self._store.due_gyms(after=NIL, many=_GYMS_A_TURN - len(gyms))
            gyms += [gym for gym in again if gym not in seen]
        if gyms:
            # One gym further each time, so that no gym is always served first.
            self._after = gyms[-1] if len(gyms) == _GYMS_A_TURN else gyms[0]
        return gyms

    def _send(self, refs: Sequence[JobRef]) -> None:
        try:
            self._sender.send(refs)
        except Exception:
            # What did get through finds its row pending and does nothing.
            self._store.release(refs)
            raise

    def _backoff(self, job: Expired) -> Backoff:
        actor = self._runtime.registry.find(job.kind)
        return actor.backoff if actor else Backoff()


def _tell(job: Expired, *, dead: bool) -> None:
    if not job.running:
        log.info("job.not_fetched", kind=job.kind, job=str(job.ref.job_id))
    elif dead:
        log.error(
            "job.dead", kind=job.kind, job=str(job.ref.job_id), error=_WORKER_LOST
        )
    else:
        log.warning("job.worker_lost", kind=job.kind, job=str(job.ref.job_id))
