"""The figures: of rounds, their medians and ratios, as one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from typing_extensions import override

from benchmarks.requests.load import Tally

FLOOR: Final = "floor"


@dataclass(frozen=True, slots=True)
class Round:
    """One stretch of one work at one contender.

    Attributes:
        rate: Answers a second.
        p50_s: The latency that half of the answers keep; ``p95_s`` and ``p99_s`` are
            likewise.
        cpu_s: Processor time of the application's processes for each answer.
        database_cpu_s: Of the database's processes.
        failed: The share of answers with another status than that of success.
    """

    rate: float
    p50_s: float
    p95_s: float
    p99_s: float
    cpu_s: float
    database_cpu_s: float
    failed: float

    @classmethod
    def of(cls, tally: Tally, *, cpu_s: float, database_cpu_s: float) -> "Round":
        """Sums up a stretch; the processor times are of all of it."""
        answers = max(1, tally.answers)
        return cls(
            rate=tally.rate,
            p50_s=tally.quantile_s(0.50),
            p95_s=tally.quantile_s(0.95),
            p99_s=tally.quantile_s(0.99),
            cpu_s=cpu_s / answers,
            database_cpu_s=database_cpu_s / answers,
            failed=tally.failed / answers,
        )


@dataclass(frozen=True, slots=True)
class Ratio:
    """How two contenders compare over rounds that were run side by side."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, rounds: Sequence[Round], to: Sequence[Round]) -> "Ratio":
        """The ratio of throughput, round by round."""
        each = [
            one.rate / other.rate
            for one, other in zip(rounds, to, strict=True)
            if other.rate
        ]
        if not each:
            return cls(0.0, 0.0, 0.0)
        return cls(median(each), min(each), max(each))

    @override
    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}-{self.most:.2f})"


Results = Mapping[str, Mapping[str, Sequence[Round]]]
"""The rounds of each work, by contender."""

_HEAD: Final = (
    "work", "contender", "req/s", "ratio to floor", "p50 ms", "p95 ms", "p99 ms",
    "app µs", "db µs", "errors",
)  # fmt: skip
_MIX_HEAD: Final = (
    "mixed load", "contender", "req/s", "", "p50 ms", "p95 ms", "p99 ms", "app µs",
    "db µs", "errors",
)  # fmt: skip


def table(results: Results, mixed: Mapping[str, Sequence[Round]]) -> str:
    """Everything as text: a line for each work and contender, then the mixed load."""
    lines: list[Sequence[str]] = [_HEAD]
    for work, by_name in results.items():
        floor = by_name.get(FLOOR)
        for name, rounds in by_name.items():
            ratio = str(Ratio.of(rounds, floor)) if floor else ""
            lines.append((work, name, *_cells(rounds, ratio)))
    if mixed:
        lines.append(_MIX_HEAD)
        lines += [
            ("open loop", name, *_cells(rounds, "")) for name, rounds in mixed.items()
        ]
    return aligned(lines)


def comparison(results: Results, one: str) -> str:
    """The throughput of a contender as ratios to each of the others, by work."""
    others = [
        name for name in next(iter(results.values()), {}) if name != one
    ]  # fmt: skip
    lines: list[Sequence[str]] = [("work", "", *(f"{one}/{name}" for name in others))]
    lines += [
        (work, "", *(str(Ratio.of(by_name[one], by_name[name])) for name in others))
        for work, by_name in results.items()
    ]
    return aligned(lines)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Cells in columns; the first two stand to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)  # noqa: PLR2004
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(rounds: Sequence[Round], ratio: str) -> tuple[str, ...]:
    def middle(name: str) -> float:
        values: list[float] = [getattr(one, name) for one in rounds]
        return median(values)

    return (
        f"{middle('rate'):,.0f}",
        ratio,
        *(f"{middle(name) * 1e3:.1f}" for name in ("p50_s", "p95_s", "p99_s")),
        *(f"{middle(name) * 1e6:,.0f}" for name in ("cpu_s", "database_cpu_s")),
        f"{max(one.failed for one in rounds):.2%}",
    )
