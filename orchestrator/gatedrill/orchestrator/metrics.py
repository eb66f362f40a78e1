"""Figures of a set of attempts: counts, and exact latency quantiles."""

from collections.abc import Iterable, Sequence

import msgspec

from gatedrill.contract.attempt import AttemptRecord, CheckoutRecord, ScanRecord
from gatedrill.contract.outcome import OutcomeKind, Reason


class LatencyStats(msgspec.Struct, frozen=True):
    """Milliseconds over `count` attempts."""

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
    checkout_duration: tuple[float, ...]
    """Milliseconds from the intended instant to the answer, of every checkout."""
    checkout_errors: tuple[bool, ...]
    """Of every checkout, whether it got no settled answer."""
    successful_scans: int
    already_scanned: int
    race_conditions_caught: int


def collect_metrics(attempts: Iterable[AttemptRecord]) -> Metrics:
    """Metrics of these attempts; a symbol that was still in view (ignored) is no scan."""
    records = list(attempts)
    scans = [each for each in records if isinstance(each, ScanRecord) and not _ignored(each)]
    checkouts = [each for each in records if isinstance(each, CheckoutRecord)]
    reasons = [scan.outcome.reason for scan in scans]
    return Metrics(
        scan_duration=tuple(scan.latency_ms for scan in scans),
        scan_errors=tuple(scan.outcome.is_error for scan in scans),
        checkout_duration=tuple(checkout.latency_ms for checkout in checkouts),
        checkout_errors=tuple(checkout.outcome.is_error for checkout in checkouts),
        successful_scans=sum(scan.outcome.admits for scan in scans),
        already_scanned=reasons.count(Reason.ALREADY_USED),
        race_conditions_caught=reasons.count(Reason.LOST_RACE),
    )


def _ignored(record: AttemptRecord) -> bool:
    return record.outcome.kind is OutcomeKind.IGNORED


class StageStats(msgspec.Struct, frozen=True):
    """Where the time went. Every stage counts from the one before.

    `wait`: intended instant to release (our own lateness). `read`: release to decoded symbol; not
    given for what was read ahead of T, or not at all. `decide`: symbol (or release, if later) to
    decision.
    """

    total: LatencyStats | None
    wait: LatencyStats | None
    read: LatencyStats | None
    decide: LatencyStats | None


def stage_stats(attempts: Iterable[AttemptRecord]) -> StageStats:
    """Latency of these attempts as a whole and by stage."""
    timed = [each for each in attempts if not _ignored(each)]
    scans = [each for each in timed if isinstance(each, ScanRecord)]
    unread = {each.attempt for each in scans if each.decoded_ns is None}
    return StageStats(
        total=latency_stats(each.latency_ms for each in timed),
        wait=latency_stats((each.released_ns - each.intended_ns) / 1e6 for each in timed),
        read=latency_stats(
            (scan.decoded_ns - scan.released_ns) / 1e6
            for scan in scans
            if scan.decoded_ns is not None and scan.decoded_ns > scan.released_ns
        ),
        decide=latency_stats(
            (each.decided_ns - _asked_ns(each)) / 1e6
            for each in timed
            if each.attempt not in unread
        ),
    )


def _asked_ns(record: AttemptRecord) -> int:
    decoded_ns = record.decoded_ns if isinstance(record, ScanRecord) else None
    return max(decoded_ns or 0, record.released_ns)
