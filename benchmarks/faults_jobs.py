"""Kills workers, relays and Redis, and counts lost and doubled effects.

    python -m benchmarks.faults_jobs [--jobs 1000] [--kills 50] [--flushes 5]

It starts the embedded PostgreSQL (or uses the server of TEST_DATABASE_URL), a Redis of
its own, and the real processes of ``palestra worker`` with their usual timing. The exit
code is 0 when no job was lost and none counted twice.
"""

import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

import click
from sqlalchemy import select

from benchmarks.fleet import SOURCE, WORKERS, Scene, effect, scene, subject
from core.db.unit import session
from core.jobs.models import OutboxJob
from core.jobs.outbox import enqueue
from core.rbac.models import ClientGrant

GYMS = 5
PATIENCE_S = 180


@dataclass
class Trial:
    """One run: jobs are fed while things break."""

    scene: Scene
    gyms: list[UUID]
    jobs: int
    fed: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def feed(self, many: int) -> None:
        """Enqueues some more jobs, in all gyms by turns."""
        for number in range(self.fed, min(self.fed + many, self.jobs)):
            with self.scene.installation.in_gym(self.gyms[number % GYMS]):
                args = {"number": number, "lasts_s": random.uniform(0.02, 0.4)}  # noqa: S311
                enqueue(effect, args=args)
            self.fed = number + 1

    def running(self) -> int:
        """How many jobs are being worked on."""
        return self._states()["running"]

    def left(self) -> int:
        """How many jobs are neither done nor dead."""
        states = self._states()
        return states.total() - states["done"] - states["dead"]

    def attack(self, kills: int, flushes: int) -> None:
        """Feeds all jobs while killing, restarting and flushing."""
        share = -(-self.jobs // kills)
        for kill in range(kills):
            self.feed(share)
            deadline = time.monotonic() + 5
            while not self.running() and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(random.uniform(0, 1))  # noqa: S311
            self.scene.fleet.kill(f"work-{kill % WORKERS}")
            self.counts["worker kills"] += 1
            if kill % 5 == 2:  # noqa: PLR2004
                self.scene.fleet.kill("relay")
                self.counts["relay kills"] += 1
            if flushes and kill % -(-kills // flushes) == 1:
                self.scene.redis.flush()
                self.counts["Redis flushes"] += 1
            if flushes and kill % -(-kills // flushes) == 3:  # noqa: PLR2004
                self.scene.redis.restart()
                self.counts["Redis restarts"] += 1

    def finish(self) -> None:
        """Waits until nothing is left to do."""
        deadline = time.monotonic() + PATIENCE_S
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.25)

    def judge(self) -> bool:
        """Prints the result; says whether each job counted exactly once."""
        effects: Counter[UUID] = Counter()
        lags: list[float] = []
        attempts = 0
        for gym in self.gyms:
            with self.scene.installation.in_gym(gym):
                found = select(ClientGrant.client_id).where(
                    ClientGrant.source == SOURCE
                )
                effects.update(session().scalars(found))
                for job in session().scalars(select(OutboxJob)):
                    attempts += job.attempts
                    if job.finished_at is not None:
                        waited = job.finished_at - job.created_at
                        lags.append(waited.total_seconds())
        lost = sum(effects[subject(number)] == 0 for number in range(self.jobs))
        doubled = sum(number > 1 for number in effects.values())
        for name, number in self.counts.items():
            click.echo(f"{name:14} {number}")
        click.echo(f"{'jobs':14} {self.fed}, {attempts} attempts")
        click.echo(
            f"{'done after':14} median {statistics.median(lags):.1f} s,"
            f" longest {max(lags):.1f} s"
        )
        click.echo(f"{'lost':14} {lost}")
        click.echo(f"{'doubled':14} {doubled}")
        return lost == doubled == 0

    def _states(self) -> Counter[str]:
        states: Counter[str] = Counter()
        for gym in self.gyms:
            with self.scene.installation.in_gym(gym):
                states.update(session().scalars(select(OutboxJob.state)))
        return states


@click.command(help=__doc__)
@click.option("--jobs", default=1000)
@click.option("--kills", default=50)
@click.option("--flushes", default=5, help="Also the number of Redis restarts.")
def main(jobs: int, kills: int, flushes: int) -> None:
    """Runs the trial."""
    with scene("palestra_faults") as here:
        gyms = [here.gym(f"gym-{number}") for number in range(GYMS)]
        trial = Trial(here, gyms, jobs)
        here.fleet.start_all()
        trial.attack(kills, flushes)
        trial.finish()
        well = trial.judge()
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
