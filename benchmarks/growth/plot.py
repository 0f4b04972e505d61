"""Draws an axis as SVG that reads well on light and on dark pages."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.growth.axes import Axis
from benchmarks.growth.figures import Figures

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 40, 50
_COLOURS: Final = (
    "#2f7ed8", "#d9822b", "#3a9d5d", "#b04fc0", "#d64550", "#2aa3a3", "#8a7a2f",
)  # fmt: skip
_STYLE: Final = """
  text { font: 12px system-ui, sans-serif; fill: #333; }
  .grid { stroke: #999; stroke-opacity: 0.3; }
  @media (prefers-color-scheme: dark) { text { fill: #ddd; } }
"""
_APART: Final = 15

Lines = Mapping[str, Sequence[tuple[float, float]]]


class _Frame:
    """Where values stand in the picture; both scales are logarithmic."""

    def __init__(self, lines: Lines) -> None:
        across = [x for line in lines.values() for x, _y in line]
        up = [y for line in lines.values() for _x, y in line]
        self.sizes = sorted(set(across))
        self._x = (math.log10(min(across)), math.log10(max(across)))
        self._y = (math.floor(math.log10(min(up))), math.ceil(math.log10(max(up))))

    def x(self, value: float) -> float:
        low, high = self._x
        share = (math.log10(value) - low) / ((high - low) or 1)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self._y
        share = (math.log10(value) - low) / (high - low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def heights(self) -> Iterator[float]:
        """1, 2 and 5 of each power of ten."""
        for power in range(self._y[0], self._y[1]):
            yield from (step * 10.0**power for step in (1, 2, 5))
        yield 10.0 ** self._y[1]


def draw(axis: Axis, figures: Figures, folder: Path) -> None:
    """Draws application and database together, a line for each work."""
    lines = {
        work: [(size, sum(cost)) for size, cost in by_size.items()]
        for work, by_size in figures.costs(axis.name).items()
    }
    frame = _Frame(lines)
    parts = [*_grid(frame), *_drawn(lines, frame)]
    title = f"Processor time of a request, in µs: {axis.title}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"growth-{axis.name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' role="img" aria-label="{title}">\n<style>{_STYLE}</style>\n'
        f'<text x="{_LEFT}" y="20" font-weight="bold">{title}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n",
        encoding="utf-8",
    )


def _grid(frame: _Frame) -> Iterator[str]:
    right, foot = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for value in frame.heights():
        at = frame.y(value)
        line = f'x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"'
        yield f'<line class="grid" {line}/>' + _text(
            _LEFT - 8, at + 4, "end", f"{value:,.0f}"
        )
    for size in frame.sizes:
        yield _text(frame.x(size), foot + 20, "middle", f"{size:,.0f}")


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _drawn(lines: Lines, frame: _Frame) -> Iterator[str]:
    labels = _spread({work: frame.y(line[-1][1]) for work, line in lines.items()})
    for colour, (work, line) in zip(_COLOURS, lines.items(), strict=False):
        points = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in line)
        times = line[-1][1] / line[0][1]
        yield (
            f'<polyline points="{points}" fill="none" stroke="{colour}"'
            ' stroke-width="2"/>'
        )
        for x, y in line:
            at = f'cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}"'
            yield f'<circle {at} r="3" fill="{colour}"/>'
        yield (
            f'<circle cx="{_WIDTH - _RIGHT + 14}" cy="{labels[work] - 4:.1f}" r="4"'
            f' fill="{colour}"/><text x="{_WIDTH - _RIGHT + 24}"'
            f' y="{labels[work]:.1f}">{work} \u00d7 {times:.2f}</text>'
        )


def _spread(heights: Mapping[str, float]) -> Mapping[str, float]:
    """Moves labels down so that none covers another."""
    placed: dict[str, float] = {}
    last = -math.inf
    for work, height in sorted(heights.items(), key=lambda one: one[1]):
        last = placed[work] = max(height + 4, last + _APART)
    return placed
