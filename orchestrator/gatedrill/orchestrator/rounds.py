"""Each round of a burst: who won, how closely together it was let go, whether it counts as a race.

A round counts when at least half of its requests, and no fewer than two, were under way at one
instant. A round whose ticket was not valid before shows nothing, and does not count either.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from gatedrill.orchestrator.evidence import Evidence, SeenScan
from gatedrill.orchestrator.overlap import OverlapSource, measure_overlap
from gatedrill.orchestrator.plan import BurstStep

LISTED_UP_TO = 20


class ListedScan(msgspec.Struct, frozen=True):
    """One scan of a small burst, in milliseconds from the intended instant."""

    device: str
    outcome: str
    released_ms: float
    decoded_ms: float | None
    decided_ms: float


class RoundResult(msgspec.Struct, frozen=True):
    """One burst. `release_skew_ms` lies between the first and the last release.

    `counts` is None for a burst that is no race. `scans` lists bursts of at most `LISTED_UP_TO`.
    """

    step: str
    burst: str
    planned: int
    outcomes: dict[str, int]
    release_skew_ms: float | None
    in_flight: int
    overlap_source: OverlapSource
    counts: bool | None
    why_not: str | None
    scans: tuple[ListedScan, ...]


def judge_rounds(evidence: Evidence) -> tuple[RoundResult, ...]:
    """All bursts that were fired."""
    return tuple(_judge(evidence, step) for step in evidence.rounds)


def _judge(evidence: Evidence, step: BurstStep) -> RoundResult:
    scans = evidence.by_step.get(step.id, [])
    overlap = measure_overlap(
        [(seen.fleet, seen.record) for seen in scans], evidence.clock_bounds_ns
    )
    why_not = _why_not(evidence, step, overlap.in_flight) if step.contended else None
    return RoundResult(
        step=step.id,
        burst=str(step.burst),
        planned=len(step.scans),
        outcomes=dict(Counter(str(seen.record.outcome) for seen in scans)),
        release_skew_ms=_skew_ms(scans),
        in_flight=overlap.in_flight,
        overlap_source=overlap.source,
        counts=why_not is None if step.contended else None,
        why_not=why_not,
        scans=tuple(_listed(seen) for seen in scans) if len(scans) <= LISTED_UP_TO else (),
    )


def _why_not(evidence: Evidence, step: BurstStep, in_flight: int) -> str | None:
    if step.scans[0].ticket in evidence.not_valid_before:
        return "its ticket was not valid before"
    if len(step.scans) == 1:
        return "one device alone makes no race"
    if in_flight < 2 or 2 * in_flight < len(step.scans):
        return f"only {in_flight} of {len(step.scans)} requests were under way at one instant"
    return None


def _skew_ms(scans: Sequence[SeenScan]) -> float | None:
    released_ns = [seen.record.released_ns for seen in scans]
    return (max(released_ns) - min(released_ns)) / 1e6 if released_ns else None


def _listed(seen: SeenScan) -> ListedScan:
    record = seen.record
    decoded_ns = record.decoded_ns
    return ListedScan(
        device=record.device,
        outcome=str(record.outcome),
        released_ms=(record.released_ns - record.intended_ns) / 1e6,
        decoded_ms=None if decoded_ns is None else (decoded_ns - record.intended_ns) / 1e6,
        decided_ms=record.latency_ms,
    )
