"""What was measured, kept from part to part of the trial."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.requests.table import aligned


@dataclass(frozen=True, slots=True)
class Growth:
    """Cost at one size over that at another.

    Attributes:
        times: Of all rounds.
        least: The ratio if only the stretches count that make it smallest.
        most: If only those that make it largest.
    """

    times: float
    least: float
    most: float

    @classmethod
    def of(cls, first: Mapping[str, Any], last: Mapping[str, Any]) -> "Growth":
        """Sets a cost against an earlier one."""
        before, after = (
            one.get("stretches") or [one["app"] + one["db"]] for one in (first, last)
        )
        return cls(
            (last["app"] + last["db"]) / (first["app"] + first["db"]),
            min(after) / max(before),
            max(after) / min(before),
        )

    def __str__(self) -> str:
        return f"{self.times:.2f} ({self.least:.2f}-{self.most:.2f})"


class Figures:
    """A file of figures.

    Costs are kept in runs of ``caller.pace``; the shortest of all makes microseconds of
    them, so that all figures of a file are of the same machine at its best.

    Args:
        path: Of the file, which need not be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        if path.exists():
            self._known = orjson.loads(path.read_bytes())

    @property
    def axes(self) -> Sequence[str]:
        """The axes there are figures of."""
        return list(self._known.get("axes", {}))

    def note(self, *place_and_value: Any) -> None:
        """Keeps a value under the names before it."""
        *place, last, value = place_and_value
        here = self._known
        for name in place:
            here = here.setdefault(str(name), {})
        here[str(last)] = value
        self._path.write_bytes(
            orjson.dumps(self._known, option=orjson.OPT_INDENT_2) + b"\n"
        )

    def costs(self, axis: str) -> Mapping[str, Mapping[int, tuple[float, float]]]:
        """Work → size → microseconds of application and of database."""
        unit = min(self._paces())
        found: dict[str, dict[int, tuple[float, float]]] = {}
        sizes = self._known["axes"][axis]
        for size in sorted(sizes, key=int):
            for work, cost in sizes[size].items():
                of_work = found.setdefault(work, {})
                of_work[int(size)] = (cost["app"] * unit, cost["db"] * unit)
        return found

    def growth(self, axis: str) -> Mapping[str, "Growth"]:
        """How much more each work costs at the largest size than at the smallest."""
        sizes = self._known["axes"][axis]
        first, last = (
            sizes[size] for size in (min(sizes, key=int), max(sizes, key=int))
        )
        return {work: Growth.of(first[work], last[work]) for work in first}

    def growing(self, axis: str, flat: float) -> Iterator[str]:
        """The works whose cost grows by more than ``flat``, a line each."""
        for work, growth in self.growth(axis).items():
            if growth.times > flat:
                yield f"{work} grows {growth} times"

    def table(self, axis: str) -> str:
        """An axis as text: application and database in microseconds."""
        costs, growth = self.costs(axis), self.growth(axis)
        sizes = list(next(iter(costs.values())))
        lines: list[Sequence[str]] = [
            ("work", "", *(f"{size:,}" for size in sizes), "last/first")
        ]
        for work, by_size in costs.items():
            cells = (f"{app:,.0f} + {db:,.0f}" for app, db in by_size.values())
            lines.append((work, "", *cells, str(growth[work])))
        return aligned(lines)

    def forget(self, *place: str) -> None:
        """Drops what is kept under these names."""
        *above, last = place
        here = self._known
        for name in above:
            here = here.get(name, {})
        here.pop(last, None)

    def _paces(self) -> Iterator[float]:
        for sizes in self._known.get("axes", {}).values():
            for costs in sizes.values():
                for cost in costs.values():
                    yield cost["pace_us"]
