"""How latencies are spread: bars of equal width up to the 99th percentile, and one for the rest."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from gatedrill.orchestrator.metrics import LatencyStats, quantile
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.chart import (
    Scale,
    bottom_axis,
    left_axis,
    line,
    picture,
    round_step,
    words,
)
from gatedrill.orchestrator.reports.markup import Html, element

_BARS = 30
_WIDTH, _TOP, _BOTTOM, _LEFT = 760, 70, 240, 56
_RIGHT, _REST = 650, 690


class Bin(NamedTuple):
    """So many latencies from `low` up to `high`, in milliseconds; no upper end if that is None."""

    low: float
    high: float | None
    number: int


def bin_latencies(values_ms: Sequence[float]) -> list[Bin]:
    """Bins of one width that reach up to the 99th percentile, and one for the rest if there is any.

    Raises ValueError when there are no values.
    """
    ordered = sorted(values_ms)
    low, high = min(0.0, ordered[0]), quantile(ordered, 0.99)
    width = round_step((high - low) / _BARS)
    first, last = math.floor(low / width), math.floor(high / width)
    counted = Counter(min(math.floor(value / width), last + 1) for value in ordered)
    bins = [Bin(n * width, (n + 1) * width, counted[n]) for n in range(first, last + 1)]
    rest = counted[last + 1]
    return [*bins, Bin((last + 1) * width, None, rest)] if rest else bins


def bin_name(each: Bin) -> str:
    """A bin in words."""
    if each.high is None:
        return f"{each.low:g} ms and more"
    return f"{each.low:g} to {each.high:g} ms"


def draw_histogram(what: str, bins: Sequence[Bin], stats: LatencyStats) -> Html:
    """Bars with the median and the 95th and 99th percentile marked; `what` took so long."""
    inner = [each for each in bins if each.high is not None]
    values = Scale(inner[0].low, inner[-1].high or 0.0, _LEFT, _RIGHT)
    counts = Scale(0, max(each.number for each in bins), _BOTTOM, _TOP)
    return picture(
        f"Latency of {what}",
        f"{stats.count} {what} from {figures.latency_ms(stats.min)} to "
        f"{figures.latency_ms(stats.max)} ms; median {figures.latency_ms(stats.p50)} ms. "
        "The table below has the same figures.",
        _WIDTH,
        _BOTTOM + 26,
        left_axis(counts, _LEFT, _RIGHT, what),
        *(_bar(each, values.at(each.low), values.at(each.high or 0), counts) for each in inner),
        *(_rest(each, counts) for each in bins if each.high is None),
        bottom_axis(values, _BOTTOM, "ms"),
        *_quantiles(stats, values),
    )


def _bar(each: Bin, left: float, right: float, counts: Scale) -> Html:
    top = counts.at(each.number)
    return element(
        "rect",
        element("title", f"{bin_name(each)}: {each.number}"),
        x=left + 0.5,
        y=top,
        width=max(right - left - 1, 1),
        height=_BOTTOM - top,
        class_="bar",
    )


def _rest(each: Bin, counts: Scale) -> Html:
    label = words(
        (_REST + _WIDTH) / 2, _BOTTOM + 17, f"\N{GREATER-THAN OR EQUAL TO} {each.low:g}", "middle"
    )
    return Html(_bar(each, _REST, _WIDTH, counts) + label)


def _quantiles(stats: LatencyStats, values: Scale) -> list[Html]:
    marked = (("p50", stats.p50), ("p95", stats.p95), ("p99", stats.p99))
    return [
        _quantile(f"{name} {figures.latency_ms(value)} ms", values.at(value), 16.0 + 18 * number)
        for number, (name, value) in enumerate(marked)
    ]


def _quantile(label: str, x: float, y: float) -> Html:
    return Html(line(x, y - 11, x, _BOTTOM, "quantile") + words(x + 5, y, label))
