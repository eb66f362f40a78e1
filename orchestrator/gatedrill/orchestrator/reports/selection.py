"""Of many bursts and scans those that tell most, as many as a page can bear."""

from collections.abc import Sequence

from gatedrill.orchestrator.evidence import Evidence, SeenScan
from gatedrill.orchestrator.plan import BurstStep
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.rounds import ListedScan

MAX_ROWS_DRAWN = 800
"""Over all timelines of a run: a row takes about a kilobyte of the page."""
MAX_ROWS_A_BURST = 50


def choose_bursts(result: Result, evidence: Evidence) -> list[BurstStep]:
    """Those to draw, in the order of the run: first of all those of which a witness tells."""
    heard = [step for step in evidence.rounds if evidence.by_step.get(step.id)]
    telling = steps_of_witnesses(result, evidence)
    chosen: set[str] = set()
    rows = 0
    for step in sorted(heard, key=lambda step: step.id not in telling):
        rows += min(len(evidence.by_step[step.id]), MAX_ROWS_A_BURST)
        if rows > MAX_ROWS_DRAWN:
            break
        chosen.add(step.id)
    return [step for step in heard if step.id in chosen]


def steps_of_witnesses(result: Result, evidence: Evidence) -> set[str]:
    """The bursts in which a ticket was shown that a check tells of."""
    tickets = {violation.ticket for check in result.checks for violation in check.shown}
    return {step.id for step in evidence.rounds if tickets & {scan.ticket for scan in step.scans}}


def most_telling(seen: Sequence[SeenScan]) -> list[ListedScan]:
    """At most as many as are drawn: the open ones, a race's admissions, then the slowest."""

    def weight(scan: SeenScan) -> tuple[bool, bool, int]:
        outcome = scan.record.outcome
        return outcome.is_error, scan.is_contended and outcome.admits, scan.record.decided_ns

    chosen = sorted(seen, key=weight, reverse=True)[:MAX_ROWS_A_BURST]
    return [listed(scan) for scan in sorted(chosen, key=lambda scan: scan.record.decided_ns)]


def listed(seen: SeenScan) -> ListedScan:
    """A scan in milliseconds from its intended instant."""
    record = seen.record

    def from_t(instant_ns: int) -> float:
        return (instant_ns - record.intended_ns) / 1e6

    return ListedScan(
        device=record.device,
        outcome=str(record.outcome),
        released_ms=from_t(record.released_ns),
        decoded_ms=None if record.decoded_ns is None else from_t(record.decoded_ns),
        decided_ms=from_t(record.decided_ns),
    )
