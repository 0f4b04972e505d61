"""What was measured, kept from part to part of the trial."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.requests.table import aligned


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

    def growing(self, axis: str, flat: float) -> Iterator[str]:
        """The works whose cost grows by more than ``flat``, a line each."""
        for work, by_size in self.costs(axis).items():
            whole = [sum(cost) for cost in by_size.values()]
            if whole[-1] > flat * whole[0]:
                yield (
                    f"{work} grows {whole[-1] / whole[0]:.2f} times,"
                    f" from {whole[0]:,.0f} to {whole[-1]:,.0f} µs"
                )

    def table(self, axis: str) -> str:
        """An axis as text: application and database in microseconds."""
        costs = self.costs(axis)
        sizes = list(next(iter(costs.values())))
        lines: list[Sequence[str]] = [
            ("work", "", *(f"{size:,}" for size in sizes), "last/first")
        ]
        for work, by_size in costs.items():
            whole = [sum(cost) for cost in by_size.values()]
            cells = (f"{app:,.0f} + {db:,.0f}" for app, db in by_size.values())
            lines.append((work, "", *cells, f"{whole[-1] / whole[0]:.2f}"))
        return aligned(lines)

    def _paces(self) -> Iterator[float]:
        for sizes in self._known.get("axes", {}).values():
            for costs in sizes.values():
                for cost in costs.values():
                    yield cost["pace_us"]
