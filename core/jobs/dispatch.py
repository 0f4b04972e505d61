"""The part that runs beside the workers: relay, sweeper, scheduler, upkeep."""

from core.jobs.loops import Loop, Loops
from core.jobs.relay import Relay, Sender
from core.jobs.runtime import Runtime
from core.jobs.scheduler import Scheduler
from core.jobs.store import Store


def dispatcher(runtime: Runtime, sender: Sender) -> Loops:
    """Builds the loops that feed ``sender``; several processes may run them at once."""
    relay = Relay(runtime, sender)
    timing = runtime.timing
    return Loops(
        [
            Loop("job-relay", timing.poll, relay.forward, eager=True),
            Loop("job-sweep", timing.sweep, relay.sweep, eager=True),
            Loop("job-recover", timing.sweep, relay.recover),
            Loop("job-schedule", timing.schedule, Scheduler(runtime).tick),
            Loop(
                "job-upkeep", timing.upkeep, Store(runtime.operator).purge, eager=True
            ),
            *runtime.chores,
        ]
    )
