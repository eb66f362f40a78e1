"""What a device that fell silent wrote down of a scan before: its journal speaks for it."""

from collections.abc import Iterable

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator.history import Fired, Journaled
from gatedrill.orchestrator.plan import PlannedScan, Step
from gatedrill.orchestrator.seen import Seen, SeenScan
from gatedrill.orchestrator.told_journals import Journals
from gatedrill.orchestrator.wall_clock import WallClock


def testimonies(
    steps: Iterable[Step],
    silent: set[str],
    journals: Journals,
    fired: dict[str, Fired],
    wall: WallClock | None,
) -> list[SeenScan]:
    """Scans of which nothing was heard, but whose outcome stands in a journal."""
    found = []
    for step in steps:
        for planned in step.attempts:
            told = journals.by_attempt.get(planned.attempt)
            if isinstance(planned, PlannedScan) and planned.attempt in silent and told is not None:
                begun_ns = fired[step.id].at_ns if step.id in fired else 0
                found += _testimony(step, planned, told, begun_ns, wall)
    return found


def _testimony(
    step: Step, planned: PlannedScan, told: Journaled, begun_ns: int, wall: WallClock | None
) -> list[SeenScan]:
    entry = told.entry
    if entry.outcome is None:
        return []
    corrected = entry.scanned_at if entry.clock_bound_ms is not None else None
    written_ns = None if wall is None else wall.in_history(corrected)
    record = ScanRecord(
        attempt=planned.attempt,
        device=planned.device,
        intended_ns=begun_ns,
        released_ns=begun_ns,
        decided_ns=begun_ns if written_ns is None else max(begun_ns, written_ns),
        outcome=entry.outcome,
        symbol=planned.symbol,
        decoded_ns=None,
        authority=entry.authority or Authority.ONLINE,
        nonce=entry.nonce,
    )
    return [Seen(planned, step, told.fleet, record, is_testimony=True)]
