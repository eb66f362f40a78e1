"""The figures as a picture: one SVG file that fetches nothing and suits light and dark pages.

A row a contestant, a mark a size, on a logarithmic axis: the mark stands at the median, its line
reaches to the 95th percentile. Sizes differ in shape, and gatedrill's marks are filled and its
names bold, so that nothing rests on colour.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from benchmarks.simultaneity.report import Figure, Run, rounded
from benchmarks.simultaneity.roster import Camp

WIDTH, LEFT, RIGHT, TOP, ROW = 880, 285, 850, 92, 30
STEP = 5
"""The sizes of a row stand so far below one another, so that no line hides another."""
SVG = "http://www.w3.org/2000/svg"
SPOKEN = 'role="img" aria-labelledby="title about"'
TITLE = "How far apart a burst's requests arrive"

STYLE = """
  svg { font: 14px system-ui, sans-serif; color-scheme: light dark }
  .page { fill: #ffffff } .word { fill: #1f2328 } .rule { stroke: #d1d9e0 }
  .limit { stroke: #59636e; fill: #ffffff } .peer { stroke: #9a3f00; fill: #ffffff }
  .ours { stroke: #0a56b5; fill: #0a56b5 } .name.ours { stroke: none; font-weight: 700 }
  .mark { stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .word { fill: #f0f6fc } .rule { stroke: #3d444d }
    .limit { stroke: #9198a1; fill: #0d1117 } .peer { stroke: #ffa657; fill: #0d1117 }
    .ours { stroke: #79b8ff; fill: #79b8ff }
  }
"""


class Axis(NamedTuple):
    """Milliseconds on a logarithmic axis, between two powers of ten."""

    low: int
    high: int

    def x(self, value_ms: float) -> float:
        """Where a value stands."""
        share = (math.log10(value_ms) - self.low) / (self.high - self.low)
        return round(LEFT + share * (RIGHT - LEFT), 1)

    @property
    def ticks(self) -> list[float]:
        """The powers of ten on it."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def picture(run: Run) -> str:
    """The whole file."""
    rows = grouped(run.figures)
    height = TOP + ROW * len(rows) + 16
    return "\n".join(
        [
            f'<svg xmlns="{SVG}" viewBox="0 0 {WIDTH} {height}" {SPOKEN}>',
            f'<title id="title">{TITLE}</title>',
            f'<desc id="about">{escape(about(rows))}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
            *legend(run.sizes),
            *drawn(rows, run.sizes, axis_of(run.figures), height),
            "</svg>",
            "",
        ]
    )


def grouped(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """By title, those with figures."""
    rows: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.median_ms is not None:
            rows.setdefault(figure.title, []).append(figure)
    return rows


def axis_of(figures: Sequence[Figure]) -> Axis:
    """One on which all of them have a place."""
    values = [value for each in figures for value in (each.median_ms, each.p95_ms) if value]
    low, high = min(values, default=1.0), max(values, default=1.0)
    first = math.floor(math.log10(low))
    return Axis(first, max(first + 1, math.ceil(math.log10(high))))


def about(rows: dict[str, list[Figure]]) -> str:
    """The figures in words, for those who do not see them."""
    told = (
        f"{title}: "
        + ", ".join(f"{rounded(each.median_ms)} ms with {each.lanes:,} devices" for each in figures)
        for title, figures in rows.items()
    )
    return f"Median arrival spread. {'; '.join(told)}."


def legend(sizes: Sequence[int]) -> Iterator[str]:
    """What the picture shows, and which shape is which size."""
    yield f'<text class="word" x="16" y="28" font-weight="700">{TITLE}</text>'
    yield (
        '<text class="word" x="16" y="50">first to last arrival in ms, logarithmic: '
        "mark = median, line to the 95th percentile; left is better</text>"
    )
    for number, (size, shape) in enumerate(zip(sizes, shapes(len(sizes)), strict=True)):
        x = RIGHT - 120 * (len(sizes) - number) + 24
        yield f'<g class="mark limit">{shape(x, 23)}</g>'
        yield f'<text class="word" x="{x + 12}" y="28">{size:,} devices</text>'


def drawn(
    rows: dict[str, list[Figure]], sizes: Sequence[int], axis: Axis, height: int
) -> Iterator[str]:
    """Axis and rows."""
    for tick in axis.ticks:
        x = axis.x(tick)
        yield f'<line class="rule" x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{height - 16}"/>'
        yield f'<text class="word" x="{x}" y="{TOP - 14}" text-anchor="middle">{tick:,g}</text>'
    by_size = dict(zip(sizes, shapes(len(sizes)), strict=True))
    for number, (title, figures) in enumerate(rows.items()):
        y = TOP + ROW * number + ROW // 2
        camp = figures[0].camp
        name = "name ours" if camp is Camp.OURS else "word"
        yield f'<text class="{name}" x="16" y="{y + 5}">{escape(title)}</text>'
        for figure in figures:
            below = STEP * (sizes.index(figure.lanes) - (len(sizes) - 1) / 2)
            yield from mark(figure, by_size[figure.lanes], axis, y + below)


def mark(
    figure: Figure, shape: Callable[[float, float], str], axis: Axis, y: float
) -> Iterator[str]:
    """One figure."""
    if figure.median_ms is None or figure.p95_ms is None:
        return
    x, end = axis.x(figure.median_ms), axis.x(figure.p95_ms)
    yield f'<g class="mark {figure.camp}"><line x1="{x}" x2="{end}" y1="{y}" y2="{y}"/>'
    yield f"{shape(x, y)}</g>"


def shapes(count: int) -> list[Callable[[float, float], str]]:
    """A shape for each size; from the fourth on they repeat."""
    return [(circle, square, triangle)[number % 3] for number in range(count)]


def circle(x: float, y: float) -> str:
    """Around a point."""
    return f'<circle cx="{x}" cy="{y}" r="5"/>'


def square(x: float, y: float) -> str:
    """Around a point."""
    return f'<rect x="{x - 5:g}" y="{y - 5:g}" width="10" height="10"/>'


def triangle(x: float, y: float) -> str:
    """Around a point."""
    return f'<path d="M{x:g} {y - 6:g}l6 11h-12z"/>'
