"""``python -m benchmarks requests``: the request path beside floor and peers.

Rounds go from contender to contender, so that a change of the machine's mood meets all
of them; what counts is the median over rounds, and the ratio within each round.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count, cycle, islice
from pathlib import Path
from typing import Self

from benchmarks.requests import agreement, works
from benchmarks.requests.access import enter, log_in
from benchmarks.requests.contenders import (
    NAMES,
    PEERS,
    WORKERS,
    NotStarted,
    Plan,
    Server,
    cpu_of_tree,
    own_redis,
    running,
)
from benchmarks.requests.data import SERVER, Facts, Scale, Site, facts, seal, site
from benchmarks.requests.load import BadAnswer, Planned, Tally, closed_loop, open_loop
from benchmarks.requests.table import Round, comparison, table
from benchmarks.requests.works import MIX, WORKS, Access, Work

_DISTINCT = 200
"""Different requests of a work that needs no fresh ones."""

_SPARE = 1.5
"""How many more requests are made ahead than the warm-up's rate asks for."""

_MIX_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how hard.

    Attributes:
        connections: Of the closed loop.
        seconds: Of one round of one work at one contender; warm-ups take a third.
        mixed_seconds: Of the mixed load at each contender; 0 for none.
        mixed_rate: Its requests a second.
    """

    rounds: int
    seconds: float
    connections: int
    mixed_seconds: float
    mixed_rate: float


class Trial:
    """The contenders at work on one database.

    Args:
        place: The database.
        known: What requests are made of.
        course: How long and how hard.
        servers: Each with what it gave us to work with.
    """

    def __init__(
        self,
        place: Site,
        known: Facts,
        course: Course,
        servers: Sequence[tuple[Server, Access]],
    ) -> None:
        self._place = place
        self._known = known
        self._course = course
        self._servers = servers
        self._numbers = {
            "": count(),
            "booking": count(known.next_booking),
            "move": count(known.next_move),
        }
        self._rates: dict[tuple[str, str], float] = {}

    @property
    def conditions(self) -> str:
        """Under what the figures came about, in a line."""
        course, server = self._course, " ".join(f"{n}={v}" for n, v in SERVER.items())
        return (
            f"{course.rounds} rounds of {course.seconds:g} s, {course.connections} "
            f"connections, {WORKERS} web processes each; PostgreSQL on a unix socket, "
            f"{server}; medians, ratios with the least and the most of a round"
        )

    def has(self, name: str) -> bool:
        """Whether a contender takes part."""
        return any(server.name == name for server, _access in self._servers)

    def agree(self, chosen: Sequence[Work]) -> list[str]:
        """Says where the contenders disagree; see ``agreement``."""
        return agreement.differences(
            self._servers, chosen, self._known, self._numbers, self._place.superuser
        )

    def measure(self, chosen: Sequence[Work]) -> dict[str, dict[str, list[Round]]]:
        """Runs every work at every contender, in rounds."""
        for work in chosen:
            for server, access in self._servers:
                warm = self._closed(server, access, work, self._course.seconds / 3)
                self._rates[work.name, server.name] = warm.rate
        found: dict[str, dict[str, list[Round]]] = {
            work.title: {server.name: [] for server, _access in self._servers}
            for work in chosen
        }
        for number in range(self._course.rounds):
            _say(f"round {number + 1} of {self._course.rounds}")
            self._renew()
            turn = number % len(self._servers)
            for work in chosen:
                seal(self._place, self._known.tenant_id)
                for server, access in (*self._servers[turn:], *self._servers[:turn]):
                    with _Processors(server, self._place) as used:
                        tally = self._closed(server, access, work, self._course.seconds)
                    found[work.title][server.name].append(used.round_of(tally))
        return found

    def mix(self) -> dict[str, list[Round]]:
        """Runs the mixed load at every contender, at the same fixed rate."""
        found = {}
        self._renew()
        for server, access in self._servers if self._course.mixed_seconds else ():
            _say(f"mixed load at {server.name}")
            total = int(self._course.mixed_rate * self._course.mixed_seconds)
            ahead = list(islice(self._mixed(access), total))
            with _Processors(server, self._place) as used:
                tally = open_loop(
                    server.port,
                    iter(ahead),
                    rate=self._course.mixed_rate,
                    connections=_MIX_CONNECTIONS,
                    seconds=self._course.mixed_seconds,
                )
            _tell_errors("mixed load", server, tally)
            found[server.name] = [used.round_of(tally)]
        return found

    def _renew(self) -> None:
        """Logs in anew, as tokens end sooner than the trial may."""
        self._servers = [
            (server, replace(access, token=log_in(server.port, self._known)))
            for server, access in self._servers
        ]

    def _closed(
        self, server: Server, access: Access, work: Work, seconds: float
    ) -> Tally:
        rate = self._rates.get((work.name, server.name), 0.0)
        ahead = int(rate * seconds * _SPARE) if work.is_fresh else _DISTINCT
        plans = self._plans(work, access)
        first = list(islice(plans, ahead))
        tally = closed_loop(
            server.port,
            _chained(first, plans) if work.is_fresh else cycle(first),
            connections=self._course.connections,
            seconds=seconds,
        )
        _tell_errors(work.title, server, tally)
        return tally

    def _plans(self, work: Work, access: Access) -> Iterator[Planned]:
        for number in self._numbers[work.writes]:
            yield self._planned(work, access, number)

    def _mixed(self, access: Access) -> Iterator[Planned]:
        for work in works.spread(MIX):
            yield self._planned(work, access, next(self._numbers[work.writes]))

    def _planned(self, work: Work, access: Access, number: int) -> Planned:
        raw = work.request(self._known, access, number)
        return Planned(work.name, raw, work.status)


class _Processors:
    """Reads the processor time of a contender and of the database around a stretch."""

    def __init__(self, server: Server, place: Site) -> None:
        self._server = server
        self._place = place
        self._used = (0.0, 0.0)

    def __enter__(self) -> Self:
        self._used = self._read()
        return self

    def __exit__(self, *_exception: object) -> None:
        before, after = self._used, self._read()
        self._used = (after[0] - before[0], after[1] - before[1])

    def round_of(self, tally: Tally) -> Round:
        application, database = self._used
        return Round.of(tally, cpu_s=application, database_cpu_s=database)

    def _read(self) -> tuple[float, float]:
        return self._server.cpu_s(), cpu_of_tree(self._place.postmaster)


def _chained(first: Sequence[Planned], then: Iterator[Planned]) -> Iterator[Planned]:
    yield from first
    yield from then


def _tell_errors(what: str, server: Server, tally: Tally) -> None:
    if tally.failed:
        _say(f"{server.name}, {what}: {tally.errors}, such as {tally.sample[:600]!r}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Runs the trial; returns 1 when contenders disagree or one answered errors."""
    options = _parser().parse_args(arguments)
    chosen = [WORKS[name] for name in options.works]
    scale = Scale(gyms=options.gyms, sessions=options.sessions)
    with ExitStack() as stack:
        home = options.home or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        )
        _say(f"filling {scale.gyms} gyms with {scale.sessions} sessions each")
        place = stack.enter_context(site(home, scale))
        _say(f"filled in {place.filled_s:.0f} s")
        known = facts(place)
        plan = Plan(place, options.peers, stack.enter_context(own_redis(home)))
        servers = [
            stack.enter_context(running(name, plan)) for name in options.contenders
        ]
        access = enter(
            [server.port for server in servers],
            known,
            deep=works.DEEP_AUDITS in chosen,
        )
        course = Course(
            rounds=options.rounds,
            seconds=options.seconds,
            connections=options.connections,
            mixed_seconds=options.mixed_seconds,
            mixed_rate=options.mixed_rate,
        )
        trial = Trial(place, known, course, list(zip(servers, access, strict=True)))
        return _run(trial, chosen, despite=options.despite)


def _run(trial: Trial, chosen: Sequence[Work], *, despite: bool) -> int:
    faults = trial.agree(chosen)
    if faults:
        _say("The contenders disagree:\n" + "\n".join(faults))
        if not despite:
            return 1
    results, mixed = trial.measure(chosen), trial.mix()
    _say(f"\n{trial.conditions}")
    _say(table(results, mixed))
    if trial.has("palestra"):
        _say("\n" + comparison(results, "palestra"))
    rounds = [
        one
        for by_name in (*results.values(), mixed)
        for each in by_name.values()
        for one in each
    ]
    return int(bool(faults) or any(one.failed for one in rounds))


def _parser() -> argparse.ArgumentParser:
    def names(known: Sequence[str]) -> "type[str]":
        def split(text: str) -> list[str]:
            given = text.split(",")
            for one in given:
                if one not in known:
                    raise argparse.ArgumentTypeError(f"{one!r} is none of {known}")
            return given

        return split  # type: ignore[return-value]

    parser = argparse.ArgumentParser(prog="python -m benchmarks requests")
    add = parser.add_argument
    add("--contenders", type=names(NAMES), default=list(NAMES), help="commas between")
    add("--works", type=names(list(WORKS)), default=list(WORKS), help="commas between")
    add("--rounds", type=int, default=5)
    add("--seconds", type=float, default=3.0, help="of each round")
    add("--connections", type=int, default=12)
    add("--mixed-seconds", type=float, default=20.0, help="0 for no mixed load")
    add("--mixed-rate", type=float, default=100.0, help="requests a second")
    add("--gyms", type=int, default=Scale().gyms)
    add("--sessions", type=int, default=Scale().sessions, help="of each gym")
    add("--home", type=Path, help="kept, and used again when it is filled already")
    add("--despite", action="store_true", help="measure those who disagree, too")
    add("--peers", type=Path, default=PEERS / "bin" / "python", help="their Python")
    return parser


def _stop(*_signal: object) -> None:
    """Ends the trial once, so that nothing keeps it from ending what it started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit("requests: stopped")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main(sys.argv[1:]))
    except (NotStarted, BadAnswer) as error:
        sys.exit(f"requests: {error}")
