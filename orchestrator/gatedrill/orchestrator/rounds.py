"""Each round of a burst: who won, how closely together it was let go, whether it counts as a race.

A round is a race when attempts compete in it for a ticket, a reservation's counter or a slot's
places. It counts when at least half of their requests, and no fewer than two, were under way at one
instant. A round whose tickets were all not valid before shows nothing, and does not count either.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from gatedrill.contract.attempt import ScanRecord
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.overlap import OverlapSource, measure_overlap
from gatedrill.orchestrator.plan import BurstStep, PlannedScan
from gatedrill.orchestrator.seen import SeenAttempt

LISTED_UP_TO = 20


class ListedAttempt(msgspec.Struct, frozen=True):
    """One attempt of a small burst, in milliseconds from the intended instant.

    `note` is what the device showed besides: of a re-entry, when the guest came in before.
    """

    device: str
    outcome: str
    released_ms: float
    decoded_ms: float | None
    decided_ms: float
    note: str | None = None


class RoundResult(msgspec.Struct, frozen=True):
    """One burst. `release_skew_ms` lies between the first and the last release.

    `contending` is how many attempts compete, `in_flight` how many of these were under way at one
    instant; without any, of all. `counts` is None for a burst that is no race. `attempts` lists
    bursts of at most `LISTED_UP_TO`.
    """

    step: str
    burst: str
    planned: int
    contending: int
    outcomes: dict[str, int]
    release_skew_ms: float | None
    in_flight: int
    overlap_source: OverlapSource
    counts: bool | None
    why_not: str | None
    attempts: tuple[ListedAttempt, ...]


def judge_rounds(evidence: Evidence) -> tuple[RoundResult, ...]:
    """All bursts that were fired."""
    return tuple(_judge(evidence, step) for step in evidence.rounds)


def _judge(evidence: Evidence, step: BurstStep) -> RoundResult:
    seen = evidence.by_step.get(step.id, [])
    racing = [each for each in seen if each.contends] if step.contending else seen
    overlap = measure_overlap(
        [(each.fleet, each.record) for each in racing], evidence.clock_bounds_ns
    )
    why_not = _why_not(evidence, step, overlap.in_flight) if step.contending else None
    return RoundResult(
        step=step.id,
        burst=str(step.burst),
        planned=len(step.attempts),
        contending=len(step.contending),
        outcomes=dict(Counter(str(each.record.outcome) for each in seen)),
        release_skew_ms=_skew_ms(seen),
        in_flight=overlap.in_flight,
        overlap_source=overlap.source,
        counts=why_not is None if step.contending else None,
        why_not=why_not,
        attempts=tuple(list_attempt(each) for each in seen) if len(seen) <= LISTED_UP_TO else (),
    )


def _why_not(evidence: Evidence, step: BurstStep, in_flight: int) -> str | None:
    racing = len(step.contending)
    contested = [planned for planned in step.attempts if planned.attempt in step.contending]
    if all(
        isinstance(planned, PlannedScan) and planned.ticket in evidence.not_valid_before
        for planned in contested
    ):
        return "its ticket was not valid before"
    if in_flight < 2 or 2 * in_flight < racing:
        return f"only {in_flight} of {racing} requests were under way at one instant"
    return None


def _skew_ms(seen: Sequence[SeenAttempt]) -> float | None:
    released_ns = [each.record.released_ns for each in seen]
    return (max(released_ns) - min(released_ns)) / 1e6 if released_ns else None


def list_attempt(seen: SeenAttempt) -> ListedAttempt:
    """An attempt in milliseconds from its intended instant."""
    record = seen.record
    decoded_ms = note = None
    if isinstance(record, ScanRecord):
        if record.decoded_ns is not None:
            decoded_ms = (record.decoded_ns - record.intended_ns) / 1e6
        note = record.last_entry_at and f"last entry {record.last_entry_at}"
    return ListedAttempt(
        device=record.device,
        outcome=str(record.outcome),
        released_ms=(record.released_ns - record.intended_ns) / 1e6,
        decoded_ms=decoded_ms,
        decided_ms=record.latency_ms,
        note=note,
    )
