"""Figures of a set of attempts: counts, and exact latency quantiles."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gatedrill.contract.attempt import Attempt, AttemptRecord, CheckoutRecord, ScanRecord
from gatedrill.contract.outcome import OutcomeKind, Reason
from gatedrill.orchestrator.latency_shares import divide, latencies_by_answers_alone_ns, lateness_ns


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


class Whose(msgspec.Struct, frozen=True):
    """Durations by whose they are, in milliseconds, an attempt at each place.

    `service` is the time for which nothing but the service's word was waited for, one's own turn in
    line behind it included: the most that it can have taken. `service_at_least` is what is left of
    that when this machine's lateness is taken off, but no less than by the service's stamps. `own`
    is what the latency has beyond `service`.
    """

    service: tuple[float, ...]
    service_at_least: tuple[float, ...]
    own: tuple[float, ...]


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
    service_duration: tuple[float, ...]
    """Milliseconds of every attempt in which nothing but the service's word was waited for."""
    own_duration: tuple[float, ...]
    """What every attempt took beyond that: this machine and its devices."""
    successful_scans: int
    already_scanned: int
    race_conditions_caught: int
    whose: Mapping[str, Whose]
    """Of each of the two durations above, whose they are."""


def collect_metrics(attempts: Iterable[AttemptRecord]) -> Metrics:
    """Metrics of these attempts; a symbol that was still in view (ignored) is no scan."""
    records = [each for each in attempts if not _ignored(each)]
    scans = [each for each in records if isinstance(each, ScanRecord)]
    checkouts = [each for each in records if isinstance(each, CheckoutRecord)]
    reasons = [scan.outcome.reason for scan in scans]
    everything = _whose(records)
    return Metrics(
        scan_duration=tuple(scan.latency_ms for scan in scans),
        scan_errors=tuple(scan.outcome.is_error for scan in scans),
        checkout_duration=tuple(checkout.latency_ms for checkout in checkouts),
        checkout_errors=tuple(checkout.outcome.is_error for checkout in checkouts),
        service_duration=everything.service,
        own_duration=everything.own,
        successful_scans=sum(scan.outcome.admits for scan in scans),
        already_scanned=reasons.count(Reason.ALREADY_USED),
        race_conditions_caught=reasons.count(Reason.LOST_RACE),
        whose={
            "scan_duration": _whose(records, ScanRecord),
            "checkout_duration": _whose(records, CheckoutRecord),
        },
    )


def _ignored(record: AttemptRecord) -> bool:
    return record.outcome.kind is OutcomeKind.IGNORED


def _whose(records: Sequence[AttemptRecord], kind: type[Attempt] = Attempt) -> Whose:
    """Of the attempts of this kind; the others may stand in line before them."""
    shares = [divide(record) for record in records]
    lag_ns = round(quantile(sorted(lateness_ns(records)), 0.95)) if records else 0
    service_ns = latencies_by_answers_alone_ns(records, [each.answering_ns for each in shares])
    at_least_ns = latencies_by_answers_alone_ns(
        records, [each.answering_at_least_ns(lag_ns) for each in shares]
    )
    chosen = [number for number, record in enumerate(records) if isinstance(record, kind)]
    return Whose(
        service=tuple(service_ns[number] / 1e6 for number in chosen),
        service_at_least=tuple(at_least_ns[number] / 1e6 for number in chosen),
        own=tuple(records[number].latency_ms - service_ns[number] / 1e6 for number in chosen),
    )


class StageStats(msgspec.Struct, frozen=True):
    """Where the time went. Every stage counts from the one before.

    `wait`: intended instant to release (our own lateness). `read`: release to decoded symbol; not
    given for what was read ahead of T, or not at all. `decide`: symbol (or release, if later) to
    decision.

    `ask`: waiting for answers, of those that asked after their release. `service`: what the service
    itself took of that, of those whose answers it stamped. `pause`: rests after a busy answer, of
    those that rested. `ours`: what is neither waiting, reading, asking nor resting. `claim`:
    waiting for the registrar, of those that did.
    """

    total: LatencyStats | None
    wait: LatencyStats | None
    read: LatencyStats | None
    decide: LatencyStats | None
    ask: LatencyStats | None
    service: LatencyStats | None
    pause: LatencyStats | None
    ours: LatencyStats | None
    claim: LatencyStats | None = None


def stage_stats(attempts: Iterable[AttemptRecord]) -> StageStats:
    """Latency of these attempts as a whole and by stage."""
    timed = [each for each in attempts if not _ignored(each)]
    shares = [divide(each) for each in timed]
    return StageStats(
        total=latency_stats(each.latency_ms for each in timed),
        wait=_stats(share.wait_ns for share in shares),
        read=_stats(share.read_ns for share in shares if share.read_ns),
        decide=_stats(
            share.ask_ns + share.pause_ns + share.claim_ns + share.ours_ns
            for record, share in zip(timed, shares, strict=True)
            if not (isinstance(record, ScanRecord) and record.decoded_ns is None)
        ),
        ask=_stats(share.ask_ns for share in shares if share.ask_ns),
        service=_stats(share.service_ns for share in shares if share.service_ns is not None),
        pause=_stats(share.pause_ns for share in shares if share.pause_ns),
        ours=_stats(share.ours_ns for share in shares),
        claim=_stats(share.claim_ns for share in shares if share.claim_ns),
    )


def _stats(durations_ns: Iterable[int]) -> LatencyStats | None:
    return latency_stats(each / 1e6 for each in durations_ns)
