"""Figures of a set of scans: counts, and exact latency quantiles."""

from collections.abc import Iterable, Sequence

import msgspec

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import OutcomeKind, Reason


class LatencyStats(msgspec.Struct, frozen=True):
    """Milliseconds over `count` scans."""

    count: int
    avg: float
    min: float
    p50: float
    p95: float
    p99: float
    max: float


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """The exact quantile of ascending values, interpolated linearly between the two nearest.

    This is definition 7 of Hyndman and Fan (1996), which k6 and NumPy use too. Raises ValueError
    when there are no values.
    """
    if not ordered:
        raise ValueError("no values, no quantile")
    place = (len(ordered) - 1) * fraction
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def latency_stats(values_ms: Iterable[float]) -> LatencyStats | None:
    """Statistics of these latencies, or None if there are none."""
    ordered = sorted(values_ms)
    if not ordered:
        return None
    return LatencyStats(
        count=len(ordered),
        avg=sum(ordered) / len(ordered),
        min=ordered[0],
        p50=quantile(ordered, 0.50),
        p95=quantile(ordered, 0.95),
        p99=quantile(ordered, 0.99),
        max=ordered[-1],
    )


class Metrics(msgspec.Struct, frozen=True):
    """What thresholds speak of. Probes are not counted: they verify, they do not rehearse."""

    scan_duration: tuple[float, ...]
    """Milliseconds from the intended instant to the decision, of every scan that was decided."""
    scan_errors: tuple[bool, ...]
    """Of every scan, whether it got no settled answer: unknown, or busy to the end."""
    successful_scans: int
    already_scanned: int
    race_conditions_caught: int


def collect_metrics(scans: Iterable[ScanRecord]) -> Metrics:
    """Metrics of these scans; a symbol that was still in view (ignored) is no scan."""
    counted = [scan for scan in scans if scan.outcome.kind is not OutcomeKind.IGNORED]
    reasons = [scan.outcome.reason for scan in counted]
    return Metrics(
        scan_duration=tuple(scan.latency_ms for scan in counted),
        scan_errors=tuple(scan.outcome.is_error for scan in counted),
        successful_scans=sum(scan.outcome.admits for scan in counted),
        already_scanned=reasons.count(Reason.ALREADY_USED),
        race_conditions_caught=reasons.count(Reason.LOST_RACE),
    )


class StageStats(msgspec.Struct, frozen=True):
    """Where the time went. Every stage counts from the one before.

    `wait`: intended instant to release (our own lateness). `read`: release to decoded symbol; not
    given for scans read ahead of T. `decide`: symbol (or release, if later) to decision.
    """

    total: LatencyStats | None
    wait: LatencyStats | None
    read: LatencyStats | None
    decide: LatencyStats | None


def stage_stats(scans: Iterable[ScanRecord]) -> StageStats:
    """Latency of these scans as a whole and by stage."""
    timed = [scan for scan in scans if scan.outcome.kind is not OutcomeKind.IGNORED]
    read = [scan for scan in timed if scan.decoded_ns is not None]
    return StageStats(
        total=latency_stats(scan.latency_ms for scan in timed),
        wait=latency_stats((scan.released_ns - scan.intended_ns) / 1e6 for scan in timed),
        read=latency_stats(
            (scan.decoded_ns - scan.released_ns) / 1e6
            for scan in read
            if scan.decoded_ns is not None and scan.decoded_ns > scan.released_ns
        ),
        decide=latency_stats(
            (scan.decided_ns - max(scan.decoded_ns or 0, scan.released_ns)) / 1e6 for scan in read
        ),
    )
