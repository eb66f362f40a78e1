"""A stream in slices of time: how long scans took while it went on."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gatedrill.contract.attempt import ScanRecord
from gatedrill.orchestrator.metrics import LatencyStats, collect_metrics, latency_stats
from gatedrill.orchestrator.reports.chart import (
    BAND_ROW,
    Band,
    Scale,
    bands,
    bands_within,
    bottom_axis,
    left_axis,
    line,
    picture,
    round_step,
    words,
)
from gatedrill.orchestrator.reports.markup import Html, element

_SLICES = 60
_WIDTH, _TOP, _BOTTOM, _LEFT = 760, 40, 220, 56


class Slice(NamedTuple):
    """The scans that were meant to begin between two instants, in seconds since the stream's T."""

    begin_s: float
    end_s: float
    scans: int
    unsettled: int
    latency: LatencyStats


def slice_stream(scans: Iterable[ScanRecord], fired_ns: int) -> list[Slice]:
    """Slices of one length, at most 60 and a few; those in which nothing began are left out."""
    begun = [((scan.intended_ns - fired_ns) / 1e9, scan) for scan in scans]
    width_s = round_step(max((second for second, _ in begun), default=0.0) / _SLICES)
    grouped: dict[int, list[ScanRecord]] = {}
    for second, scan in begun:
        grouped.setdefault(int(second // width_s), []).append(scan)
    slices = (_slice(number, width_s, grouped[number]) for number in sorted(grouped))
    return [each for each in slices if each is not None]


def _slice(number: int, width_s: float, scans: Sequence[ScanRecord]) -> Slice | None:
    metrics = collect_metrics(scans)
    stats = latency_stats(metrics.scan_duration)
    if stats is None:
        return None
    begin_s, end_s = number * width_s, (number + 1) * width_s
    return Slice(begin_s, end_s, stats.count, sum(metrics.scan_errors), stats)


def draw_stream(step: str, slices: Sequence[Slice], faults: Sequence[Band] = ()) -> Html:
    """For each slice a line from fastest to slowest scan and a dot at the median.

    Faults, in seconds from T, shade the time for which they lasted.
    """
    times = Scale(0, slices[-1].end_s, _LEFT, _WIDTH - 30)
    shades = bands_within(faults, times.low, times.high)
    top = _TOP + BAND_ROW * len(shades)
    bottom = _BOTTOM + BAND_ROW * len(shades)
    latencies = Scale(0, max(each.latency.max for each in slices), bottom, top)
    return picture(
        f"Latency during {step}",
        f"{sum(each.scans for each in slices)} scans in {len(slices)} slices of time: "
        "fastest, median and slowest of each. The table below has the same figures.",
        _WIDTH,
        bottom + 26,
        bands(shades, times, _TOP - 8, bottom),
        left_axis(latencies, _LEFT, _WIDTH - 30, "ms"),
        *(_column(each, times, latencies) for each in slices),
        bottom_axis(times, bottom, "s"),
    )


def _column(each: Slice, times: Scale, latencies: Scale) -> Html:
    x = times.at((each.begin_s + each.end_s) / 2)
    stats = each.latency
    unsettled = words(x, _TOP - 12, "?", "middle unknown") if each.unsettled else Html()
    return element(
        "g",
        element("title", _tooltip(each)),
        line(x, latencies.at(stats.min), x, latencies.at(stats.max), "range"),
        element("circle", cx=x, cy=latencies.at(stats.p50), r=3.0, class_="median"),
        unsettled,
    )


def _tooltip(each: Slice) -> str:
    stats = each.latency
    return (
        f"{each.begin_s:g} to {each.end_s:g} s: {each.scans} scans, {each.unsettled} unsettled, "
        f"{stats.min:.2f} to {stats.max:.2f} ms, median {stats.p50:.2f} ms"
    )
