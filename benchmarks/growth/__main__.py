"""``python -m benchmarks growth``: what a request costs as an installation grows.

Databases are built under a folder of their own, which goes at the end; ten million
sessions want 10 GB. What was measured is kept in a file from step to step, so that the
trial may be stopped, and ``--parts`` and ``--sizes`` say what is to be measured next;
``--draw`` draws the plots of it.
"""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.growth import neighbour, start
from benchmarks.growth.axes import AXES, FLAT, USUAL, forget, lists_of, walk
from benchmarks.growth.caller import application
from benchmarks.growth.figures import Figures
from benchmarks.growth.heap import heap
from benchmarks.growth.lists import Lists, broken, table
from benchmarks.growth.plot import draw
from benchmarks.requests.contenders import ROOT, NotStarted
from benchmarks.requests.data import Scale, site
from benchmarks.requests.load import BadAnswer
from core.clock import utc_now

_FIGURES: Final = Path(__file__).with_name("figures.json")
_PLOTS: Final = ROOT / "docs" / "plots"


class Trial:
    """The parts of the trial.

    Args:
        homes: Where the databases are.
        figures: Where what was measured is kept.
        largest: Steps and data sets beyond this size are left out.
        sizes: The steps of axes that are measured again, while the figures of the
            others stay; all of them when left out.
        keep: Whether the databases stay.
    """

    def __init__(
        self,
        homes: Path,
        figures: Figures,
        *,
        largest: int | None,
        sizes: Sequence[int],
        keep: bool,
    ) -> None:
        self._homes, self._figures = homes, figures
        self._largest, self._sizes, self._keep = largest, sizes, keep

    def axis(self, name: str) -> Sequence[str]:
        """Walks along an axis; says what is not flat."""
        axis = AXES[name]
        if not self._sizes:
            self._figures.forget("axes", name)
        sizes = axis.sizes(largest=self._largest, only=self._sizes)
        for size, costs in walk(axis, self._homes, _say, sizes=sizes):
            self._figures.note("axes", name, str(size), costs)
        if not self._keep:
            forget(self._homes, axis)
        _say(self._figures.table(name))
        return [f"{name}: {line}" for line in self._figures.growing(name, FLAT)]

    def lists(self) -> Sequence[str]:
        """Asks for every list of a large gym; says which are slow."""
        name, scale = lists_of(self._largest)
        with site(self._homes / name, scale) as place:
            heap(place)
            with (
                (place.home / "growth.log").open("w", encoding="utf-8") as log,
                application(place, log) as running,
            ):
                found = []
                for one in Lists(running).measure():
                    _say(f"{one.what}: {one.p95_ms:.1f} ms")
                    found.append(one)
        if not self._keep:
            shutil.rmtree(self._homes / name, ignore_errors=True)
        _say(table(found))
        self._figures.note("lists", scale.gyms * scale.sessions, table(found))
        return broken(found)

    def neighbour(self) -> Sequence[str]:
        """Loads one gym as far as it goes; says what the others notice."""
        with site(self._homes / USUAL, Scale(gyms=10)) as place:
            found = neighbour.measure(place)
        self._figures.note("neighbour", found)
        _say("\n".join(f"{name}: {told}" for name, told in found.items()))
        return []

    def start(self) -> Sequence[str]:
        """Starts the processes and reads what they take.

        On a home of its own: where bookings were measured a worker has jobs to run.
        """
        home = self._homes / "start"
        with site(home, Scale(gyms=10)) as place:
            found = start.measure(place)
        if not self._keep:
            shutil.rmtree(home, ignore_errors=True)
        self._figures.note("start", found)
        _say("\n".join(f"{name}: {told}" for name, told in found.items()))
        return []


_PARTS: Final[Mapping[str, Callable[[Trial], Sequence[str]]]] = {
    **{name: partial(Trial.axis, name=name) for name in AXES},
    "lists": Trial.lists,
    "neighbour": Trial.neighbour,
    "start": Trial.start,
}


def main(arguments: Sequence[str]) -> int:
    """Runs the parts; returns 1 when a list breaks what is promised of it."""
    options = _parser().parse_args(arguments)
    figures = Figures(options.figures)
    if options.draw:
        for name in figures.axes:
            draw(AXES[name], figures, options.draw)
        return 0
    figures.note("on", utc_now().date().isoformat())
    with ExitStack() as stack:
        homes = options.homes or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="growth-"))
        )
        trial = Trial(
            homes,
            figures,
            largest=options.largest,
            sizes=options.sizes,
            keep=bool(options.homes),
        )
        slow: Sequence[str] = ()
        for name in options.parts:
            _say(f"\n-- {name}")
            told = _PARTS[name](trial)
            _say("\n".join(told))
            slow = told if name == "lists" else slow
    return int(bool(slow))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parts(text: str) -> list[str]:
    given = text.split(",")
    for one in given:
        if one not in _PARTS:
            raise argparse.ArgumentTypeError(f"{one!r} is none of {list(_PARTS)}")
    return given


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks growth")
    add = parser.add_argument
    add("--parts", type=_parts, default=list(_PARTS), help=f"of {','.join(_PARTS)}")
    add("--homes", type=Path, help="a short path; databases there are kept")
    add("--largest", type=int, help="leave out what is larger")
    add("--sizes", type=_sizes, default=[], help="only these steps; commas between")
    add("--figures", type=Path, default=_FIGURES)
    add(
        "--draw", type=Path, nargs="?", const=_PLOTS, help="only draw, into this folder"
    )
    return parser


def _stop(*_signal: object) -> None:
    """Ends the trial once, so that nothing keeps it from ending what it started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit("growth: stopped")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main(sys.argv[1:]))
    except (NotStarted, BadAnswer) as error:
        sys.exit(f"growth: {error}")
