"""One gym has a hundred thousand jobs waiting; how long do the others wait?

    python -m benchmarks.faults_fairness [--gyms 200] [--backlog 100000] [--each 5]

Every other gym asks for a few jobs while the backlog is worked on. The lag of a job is
the time from its being written to its being done. The exit code is 0 when the median
lag of the others is below two seconds and the backlog was still there at the end.
"""

import random
import statistics
import sys
import time
from uuid import UUID

import click
from sqlalchemy import func, select

from benchmarks.fleet import Scene, effect, scene
from core.clock import utc_now
from core.db.unit import session
from core.db.writes import insert_new
from core.ids import new_id
from core.jobs.codec import encode
from core.jobs.models import JobState, OutboxJob
from core.jobs.outbox import enqueue

PROMISED_S = 2.0
LASTS_S = 0.01
CHUNK = 5_000
PATIENCE_S = 120


def pile_up(here: Scene, gym: UUID, backlog: int) -> None:
    """Writes the backlog, in chunks: one by one it would take minutes."""
    for first in range(0, backlog, CHUNK):
        now = utc_now()
        rows = [
            {
                "id": new_id(),
                "kind": effect.name,
                "args": encode({"number": number, "lasts_s": LASTS_S}),
                "run_at": now,
                "created_at": now,
            }
            for number in range(first, min(first + CHUNK, backlog))
        ]
        with here.installation.in_gym(gym):
            insert_new(session(), OutboxJob, rows)


def ask(here: Scene, gyms: list[UUID], each: int) -> None:
    """Writes a few jobs for every gym, in no order, over some seconds."""
    turns = gyms * each
    random.shuffle(turns)
    for number, gym in enumerate(turns):
        with here.installation.in_gym(gym):
            enqueue(effect, args={"number": number, "lasts_s": LASTS_S})
        time.sleep(0.01)


def waiting(here: Scene, gym: UUID) -> int:
    """How many jobs of a gym are not done."""
    with here.installation.in_gym(gym):
        found = session().scalar(
            select(func.count())
            .select_from(OutboxJob)
            .where(OutboxJob.state != JobState.DONE)
        )
    return found or 0


def lags(here: Scene, gyms: list[UUID]) -> list[float]:
    """Seconds that each job waited; one that is not done counts as for ever."""
    found = []
    for gym in gyms:
        with here.installation.in_gym(gym):
            for job in session().scalars(select(OutboxJob)):
                end = job.finished_at
                waited = (end - job.created_at).total_seconds() if end else float("inf")
                found.append(waited)
    return sorted(found)


@click.command(help=__doc__)
@click.option("--gyms", default=200)
@click.option("--backlog", default=100_000)
@click.option("--each", default=5, help="Jobs of every other gym.")
def main(gyms: int, backlog: int, each: int) -> None:
    """Runs the trial."""
    with scene("palestra_fairness") as here:
        greedy, *others = [here.gym(f"gym-{number}") for number in range(gyms)]
        pile_up(here, greedy, backlog)
        here.fleet.start_all()
        ask(here, others, each)
        deadline = time.monotonic() + PATIENCE_S
        while any(waiting(here, gym) for gym in others):
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
        left, waited = waiting(here, greedy), lags(here, others)
    median = statistics.median(waited)
    p95 = waited[int(len(waited) * 0.95)]
    click.echo(f"{'others':14} {len(others)} gyms, {len(waited)} jobs")
    click.echo(f"{'their lag':14} median {median:.2f} s, p95 {p95:.2f} s")
    click.echo(f"{'longest':14} {waited[-1]:.2f} s")
    click.echo(f"{'backlog':14} {backlog}, of which {left} still wait")
    sys.exit(0 if median < PROMISED_S and left else 1)


if __name__ == "__main__":
    main()
