"""Tampers with a sealed audit log as superuser, and counts what verification names.

    python -m benchmarks.audit_tamper [--rows 5000] [--edits 100] [--rounds 6]

It starts the embedded PostgreSQL (or uses the server of TEST_DATABASE_URL). First it
measures how many audited transactions four writers of one gym commit each second with
the sealer, a process of its own, running every second and standing still by turns. Then
it changes, deletes and inserts single rows, and cuts off the end of the chain. The exit
code is 0 when every edit was named and nothing else.
"""

import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import click

from core.app import Installation
from core.audit.recorder import record_event
from core.audit.sealing import seal_due, seal_gym
from core.audit.verification import Fault, Verdict, verify
from core.config import Settings
from core.db import roles
from core.db.unit import session
from core.ids import new_id
from core.logging import configure_logging
from core.rbac.models import ClientGrant
from core.testing.server import TestServer, test_server

DATABASE = "palestra_tamper"
WRITERS = 4
ROUND_S = 3.0
ROWS_A_SEAL = 100
CUT_SEALS = 3
SEAL_EVERY_S = 1.0

_EDITS = (
    "UPDATE audit_entries SET action = 'forged' WHERE id = '{0}'",
    "UPDATE audit_entries SET at = at - interval '1 day' WHERE id = '{0}'",
    "UPDATE audit_entries SET user_id = gen_random_uuid() WHERE id = '{0}'",
    """UPDATE audit_entries SET after = '{{"n": 0}}' WHERE id = '{0}'""",
    "UPDATE audit_entries SET txid = txid + 100000 WHERE id = '{0}'",
    "UPDATE audit_entries SET address = '203.0.113.1' WHERE id = '{0}'",
    "DELETE FROM audit_entries WHERE id = '{0}'",
    """INSERT INTO audit_entries (tenant_id, id, at, actor_kind, action, txid)
    SELECT tenant_id, '{1}', at, 'user', 'forged', txid - 1
    FROM audit_entries WHERE id = '{0}'""",
)


@dataclass(frozen=True)
class Trial:
    """One gym, its chain, and a superuser."""

    server: TestServer
    installation: Installation
    gym: UUID

    def write(self, rows: int) -> None:
        """Writes and seals entries, some in each seal."""
        for start in range(0, rows, ROWS_A_SEAL):
            with self.installation.in_gym(self.gym):
                for number in range(start, min(start + ROWS_A_SEAL, rows)):
                    record_event("test.happened", "thing", str(number), {"n": number})
            self.seal()

    def seal(self) -> int:
        """Seals what is due."""
        units = self.installation.units()
        return seal_gym(units, self.gym, self.installation.anchors)

    def verify(self) -> Verdict:
        """Recomputes the chain."""
        with self.installation.units().open(self.gym) as opened:
            return verify(opened, self.installation.anchors)

    def tamper(self, statement: str) -> list[tuple[object]]:
        """Runs SQL as superuser."""
        return self.server.query(statement, DATABASE)

    def edit(self, many: int) -> bool:
        """Edits single rows; says whether exactly those are named."""
        rows = self.tamper(
            f"SELECT id FROM audit_entries WHERE tenant_id = '{self.gym}'"  # noqa: S608
        )
        victims = [UUID(str(row[0])) for row in random.sample(rows, many)]
        expected = set()
        for number, victim in enumerate(victims):
            statement = _EDITS[number % len(_EDITS)]
            new = new_id()
            self.tamper(statement.format(victim, new))
            expected.add(new if statement.startswith("INSERT") else victim)
        began = time.perf_counter()
        verdict = self.verify()
        took = time.perf_counter() - began
        named = {finding.entry_id for finding in verdict.findings}
        click.echo(f"{'sealed rows':18} {verdict.entries} in {verdict.seals} seals")
        click.echo(f"{'rows edited':18} {many}")
        click.echo(f"{'edits named':18} {len(named & expected)}")
        click.echo(f"{'named wrongly':18} {len(verdict.findings) - len(expected)}")
        click.echo(f"{'verified in':18} {took:.2f} s")
        return named == expected and len(verdict.findings) == len(expected)

    def cut(self) -> bool:
        """Cuts the last seals off with their entries; says whether it is found."""
        newest = self.verify().head
        last = newest[0] if newest else 0
        tail = f"tenant_id = '{self.gym}' AND seq > {last - CUT_SEALS}"
        first = f"SELECT min(first_txid) FROM audit_seals WHERE {tail}"  # noqa: S608
        ((txid,),) = self.tamper(first)
        self.tamper(f"DELETE FROM audit_entries WHERE txid >= {txid}")  # noqa: S608
        self.tamper(f"DELETE FROM audit_seals WHERE {tail}")  # noqa: S608
        cut = {
            finding.seq
            for finding in self.verify().findings
            if finding.fault is Fault.TAIL_CUT
        }
        click.echo(f"{'seals cut off':18} {CUT_SEALS}")
        click.echo(f"{'of them named':18} {len(cut)}")
        return cut == set(range(last - CUT_SEALS + 1, last + 1))

    def measure(self, rounds: int, home: Path) -> None:
        """Compares what writers commit with the sealer running and standing still."""
        self.rate()  # Connections and plans are made.
        found: dict[bool, list[float]] = {True: [], False: []}
        with _sealer(home, self.gym) as process:
            for number in range(rounds):
                for running in (number % 2 == 0, number % 2 != 0):
                    process.send_signal(signal.SIGCONT if running else signal.SIGSTOP)
                    found[running].append(self.rate())
            process.send_signal(signal.SIGCONT)
        without, beside = (statistics.median(found[key]) for key in (False, True))
        click.echo(f"{'writes/s alone':18} {without:.0f}")
        click.echo(f"{'writes/s sealing':18} {beside:.0f}")
        click.echo(f"{'ratio':18} {beside / without:.3f}")

    def rate(self) -> float:
        """Audited transactions that the writers commit, per second."""
        done = [0] * WRITERS
        until = time.monotonic() + ROUND_S

        def work(number: int) -> None:
            while time.monotonic() < until:
                with self.installation.in_gym(self.gym):
                    row = ClientGrant(
                        user_id=new_id(), client_id=new_id(), source="bench"
                    )
                    session().add(row)
                done[number] += 1

        threads = [threading.Thread(target=work, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(done) / ROUND_S


@contextmanager
def _sealer(home: Path, gym: UUID) -> Iterator[subprocess.Popen[bytes]]:
    """The sealer as a process of its own, which is where it runs in production."""
    process = subprocess.Popen(  # noqa: S603 — our own command line
        [
            sys.executable,
            "-m",
            "benchmarks.audit_tamper",
            *("--part", f"{home}"),
            *("--gym", str(gym)),
        ]
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _keep_sealing(home: Path, gym: UUID) -> None:
    with test_server(home / "server") as server:
        settings = _settings(server, home)
        with Installation(settings) as installation:
            while True:
                seal_due(installation.units(), [gym], installation.anchors)
                time.sleep(SEAL_EVERY_S)


def _settings(server: TestServer, home: Path) -> Settings:
    settings = server.settings(DATABASE, home)
    configure_logging(settings.log)
    return settings


def _gym(installation: Installation) -> UUID:
    return installation.directory.create(
        installation.units("operator"),
        slug="tampered",
        name="Tampered",
        timezone="Europe/Berlin",
        locale="en",
        currency="EUR",
        admin_email="admin@tampered.example",
        admin_name="Admin",
        admin_password=f"Tamper-{new_id()}-Aa!",
    )


def _try(server: TestServer, home: Path, rows: int, edits: int, rounds: int) -> bool:
    server.query(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    roles.ensure(server.admin, DATABASE)
    try:
        with Installation(_settings(server, home)) as installation:
            installation.migrations.upgrade()
            trial = Trial(server, installation, _gym(installation))
            if rounds:
                trial.measure(rounds, home)
            trial.write(rows)
            named = trial.edit(edits)
            return trial.cut() and named
    finally:
        server.query(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


@click.command(help=__doc__)
@click.option("--rows", default=5000)
@click.option("--edits", default=100)
@click.option("--rounds", default=6, help="Of the comparison; 0 leaves it out.")
@click.option("--part", type=click.Path(path_type=Path), hidden=True)
@click.option("--gym", type=click.UUID, hidden=True)
def main(
    rows: int, edits: int, rounds: int, part: Path | None, gym: UUID | None
) -> None:
    """Runs the trial, or the sealer's process of it."""
    if part is not None and gym is not None:
        _keep_sealing(part, gym)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with test_server(home / "server") as server:
            well = _try(server, home, rows, edits, rounds)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
