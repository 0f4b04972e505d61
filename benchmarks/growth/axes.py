"""The axes along which an installation grows, and a step's figures on each."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.growth.grow import grow
from benchmarks.growth.step import Order
from benchmarks.requests.contenders import ROOT, NotStarted
from benchmarks.requests.data import Scale, site

Costs = Mapping[str, Mapping[str, float]]
"""Work → what one request of it costs; see ``caller.Cost``."""

FLAT: Final = 1.2
"""Cost that grows by no more than this, from the first step to the last, is flat."""


@dataclass(frozen=True, slots=True)
class Step:
    """One size of an axis.

    Attributes:
        size: Where it stands on the axis.
        scale: What the database is filled with.
        home: Name of its home; steps that share one share the server.
        gyms: What the gyms are grown to afterwards.
        plugins: How many plugins there are; 0 for those installed.
        all_listen: Whether each of them listens to bookings.
        works: What is asked, where it is not the axis' own.
    """

    size: int
    scale: Scale
    home: str
    gyms: int = 0
    plugins: int = 0
    all_listen: bool = False
    works: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """What grows.

    Attributes:
        name: As the command line says it.
        title: As the plot says it.
        works: What is asked at each step; see ``step``.
        steps: From small to large.
    """

    name: str
    title: str
    works: Sequence[str]
    steps: Sequence[Step] = field(default_factory=tuple)

    def sizes(self, *, largest: int | None, only: Collection[int]) -> Sequence[int]:
        """The sizes of the steps, up to the largest and of those named, if any are."""
        return [
            step.size
            for step in self.steps
            if (largest is None or step.size <= largest)
            and (not only or step.size in only)
        ]


USUAL: Final = "usual"
"""The home of ten gyms of the usual scale."""

_WORKS: Final = ("list", "read", "book", "members", "audits")

_SESSIONS_OF_LISTS: Final = 1_000_000

_SMALL_GYM: Final = Scale(
    gyms=10, sessions=60, coaches=2, clients=10, audits=1_000, passes=5
)


def _of_sessions(total: int) -> Scale:
    gyms = 20
    each = total // gyms
    return Scale(gyms=gyms, sessions=each, audits=max(1_000, 2 * each))


def _of_members(clients: int) -> Scale:
    return Scale(gyms=2, sessions=5_000, coaches=10, clients=clients, audits=1_000)


AXES: Final = {
    axis.name: axis
    for axis in (
        Axis(
            "sessions",
            "Sessions of the installation, a twentieth of them in the gym asked",
            _WORKS,
            [
                Step(total, _of_sessions(total), f"sessions-{total}")
                for total in (10_000, 100_000, 1_000_000, 10_000_000)
            ],
        ),
        Axis(
            "members",
            "Clients of the gym",
            ("list", "read", "book", "members", "search"),
            [
                Step(clients, _of_members(clients), "members")
                for clients in (10, 100, 1_000, 10_000, 100_000)
            ],
        ),
        Axis(
            "listeners",
            "Plugins, each but two told of every booking",
            ("book",),
            [
                Step(many, Scale(gyms=10), USUAL, plugins=many, all_listen=True)
                for many in (2, 4, 10, 20, 30)
            ],
        ),
        Axis(
            "gyms",
            "Gyms of the installation",
            (*_WORKS, "another"),
            [
                Step(gyms, _SMALL_GYM, "gyms", gyms=gyms)
                for gyms in (10, 100, 1_000, 10_000)
            ],
        ),
        Axis(
            "plugins",
            "Plugins, all of them on",
            (*_WORKS, "dashboard"),
            [
                Step(many, Scale(gyms=10), USUAL, plugins=many)
                for many in (2, 4, 10, 20, 30)
            ],
        ),
    )
}


def walk(
    axis: Axis, homes: Path, say: Callable[[str], None], *, sizes: Container[int]
) -> Iterator[tuple[int, Costs]]:
    """Goes from step to step; gives the size and the costs of each.

    Args:
        axis: Which one.
        homes: A folder with a short path, for the databases. A step whose home is
            filled already finds it as it is.
        say: Told what goes on.
        sizes: Of the steps that are not left out.

    Raises:
        NotStarted: A step cannot be measured.
    """
    for step in axis.steps:
        if step.size not in sizes:
            continue
        with site(homes / step.home, step.scale) as place:
            if step.gyms:
                grow(place, step.gyms)
            order = Order(
                place, step.works or axis.works, step.plugins, step.all_listen
            )
            costs = _measured(order)
            told = ", ".join(
                f"{name} {cost['app'] * cost['pace_us']:,.0f}"
                f"+{cost['db'] * cost['pace_us']:,.0f}"
                for name, cost in costs.items()
            )
            say(f"{axis.name} {step.size:,}: {told}")
            yield step.size, costs


def forget(homes: Path, axis: Axis) -> None:
    """Deletes the databases of an axis."""
    for step in axis.steps:
        shutil.rmtree(homes / step.home, ignore_errors=True)


def _measured(order: Order) -> Costs:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth.step"],
        cwd=ROOT,
        input=order.dumps().encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotStarted(done.stderr.decode(errors="replace")[-3_000:])
    costs: dict[str, Any] = orjson.loads(done.stdout)
    return costs


def lists_of(largest: int | None) -> tuple[str, Scale]:
    """The home and the scale of the data set for the lists, a million sessions."""
    most = min(largest or _SESSIONS_OF_LISTS, _SESSIONS_OF_LISTS)
    step = [step for step in AXES["sessions"].steps if step.size <= most][-1]
    return step.home, step.scale
