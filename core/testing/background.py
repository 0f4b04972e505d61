"""Background work of one gym, done here and now."""

from core.app.background import runtime_of
from core.clock import utc_now
from core.db.unit import session
from core.jobs.models import OutboxJob
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef
from core.jobs.store import Store
from core.testing.kit import TestGym

_AT_ONCE = 100
_ENDLESS = 10_000
"""After so many jobs it is taken that each brings about another, for ever."""

Ran = list[tuple[str, Outcome]]
"""The name of each actor that ran, and how it ended."""


def run_jobs(gym: TestGym, *, failing: bool = False) -> Ran:
    """Runs the jobs of a gym that are due, and those that they bring about.

    They are claimed and run as a worker does it: each in its own transaction, as the
    system, with leases, parking and retries. Jobs of other gyms are left alone, and so
    are jobs for later; stop the clock with ``core.testing.frozen_at`` to reach those.

    Args:
        gym: Whose.
        failing: Whether jobs may fail. Else one that does fails the test.

    Returns:
        What ran, in order.
    """
    runtime = runtime_of(gym.installation)
    store, runner, ran = Store(runtime.operator), Runner(runtime), []
    while refs := store.claim(
        [gym.id],
        few=_AT_ONCE,
        room=_AT_ONCE,
        lease_until=utc_now() + runtime.timing.queue_lease,
        limits=runtime.registry.limits,
    ):
        for ref in refs:
            outcome = runner.run(ref)
            kind, error = _told(gym, ref)
            ran.append((kind, outcome))
            assert len(ran) < _ENDLESS, f"{kind} never ends."
            assert failing or outcome not in {Outcome.FAILED, Outcome.DEAD}, (
                f"{kind} {outcome}: {error}"
            )
    return ran


def _told(gym: TestGym, ref: JobRef) -> tuple[str, str | None]:
    with gym.unit():
        row = session().get(OutboxJob, (gym.id, ref.job_id))
        assert row is not None
        return row.kind, row.last_error
