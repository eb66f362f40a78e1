"""What a run comes to: figures, which also go into a JSON file, and one table of them."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from benchmarks.simultaneity.bursts import quantile
from benchmarks.simultaneity.machine import Machine
from benchmarks.simultaneity.roster import Camp


class Figure(msgspec.Struct, frozen=True):
    """One contestant at one size.

    The spread is last minus first arrival of a burst at the service; `times_limit` compares its
    median with the best of the raw sockets in the same run. All is None, and `why_not` says why,
    where there is nothing to tell.
    """

    name: str
    title: str
    camp: Camp
    lanes: int
    spreads_ms: tuple[float, ...] = ()
    median_ms: float | None = None
    p95_ms: float | None = None
    times_limit: float | None = None
    why_not: str | None = None


class Run(msgspec.Struct, frozen=True):
    """A run of the benchmark."""

    machine: Machine
    sizes: tuple[int, ...]
    figures: tuple[Figure, ...]


def with_quantiles(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """The same figures, with what follows from their spreads."""
    known = [_with_own_quantiles(each) for each in figures]
    return tuple(_with_ratio(each, known) for each in known)


def _with_own_quantiles(figure: Figure) -> Figure:
    if not figure.spreads_ms:
        return figure
    spreads = figure.spreads_ms
    return msgspec.structs.replace(
        figure, median_ms=quantile(spreads, 0.5), p95_ms=quantile(spreads, 0.95)
    )


def _with_ratio(figure: Figure, known: Sequence[Figure]) -> Figure:
    limits = [
        each.median_ms
        for each in known
        if each.camp is Camp.LIMIT and each.lanes == figure.lanes and each.median_ms
    ]
    if figure.median_ms is None or not limits:
        return figure
    return msgspec.structs.replace(figure, times_limit=figure.median_ms / min(limits))


def table(run: Run) -> str:
    """A Markdown table that reads well as it is, and below it what was not run, and why."""
    return "\n".join([*markdown([heading(run.sizes), *rows_of(run)]), *remarks(run)])


def markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table's lines; the first row is its heading, the first column words, the rest numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return [_line(row, widths) for row in (rows[0], rule, *rows[1:])]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    numbers = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
    return f"| {row[0]:<{widths[0]}} | {' | '.join(numbers)} |"


def heading(sizes: Sequence[int]) -> list[str]:
    """The column's names."""
    per_size = ((f"{size:,} devices: median", "p95", "times limit") for size in sizes)
    return ["arrival spread, ms", *(name for names in per_size for name in names)]


def rows_of(run: Run) -> Iterator[list[str]]:
    """A row a contestant."""
    for title in dict.fromkeys(figure.title for figure in run.figures):
        mine = {each.lanes: each for each in run.figures if each.title == title}
        cells = (cell for size in run.sizes for cell in cells_of(mine[size]))
        is_ours = any(figure.camp is Camp.OURS for figure in mine.values())
        yield [f"**{title}**" if is_ours else title, *cells]


def cells_of(figure: Figure) -> tuple[str, str, str]:
    """A contestant's three cells of one size."""
    return rounded(figure.median_ms), rounded(figure.p95_ms), rounded(figure.times_limit)


def rounded(value: float | None) -> str:
    """To three digits, as far as they are behind the point."""
    if value is None:
        return "-"
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def remarks(run: Run) -> Iterator[str]:
    """What has no figure, and why."""
    left_out: dict[str, list[str]] = {}
    for each in run.figures:
        if each.why_not:
            left_out.setdefault(f"{each.title}: {each.why_not}", []).append(f"{each.lanes:,}")
    if left_out:
        yield ""
    for what, sizes in left_out.items():
        yield f"- not run with {', '.join(sizes)} devices: {what}"
