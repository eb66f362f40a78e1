"""Each round of a burst: who won, how closely together it was let go, whether it counts as a race.

A round is a race when attempts compete in it for a ticket, a reservation's counter or a slot's
places. It counts when at least half of their requests, and no fewer than two, were under way at one
instant, and nobody was let go much later than meant. A round whose tickets were all not valid
before shows nothing, and does not count either; nor does a swept one, which is meant to spread.
Where devices may decide without the service, requests that nobody answers show nothing: no race.

What a person presents by hand comes when it does. It is listed apart, and no part of overlap or
skew; if it was let in before the instant, there was nothing left to race for.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from gatedrill.contract.attempt import ScanRecord
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.overlap import OverlapSource, measure_overlap
from gatedrill.orchestrator.plan import BurstStep, PlannedAttempt, PlannedScan
from gatedrill.orchestrator.seen import SeenAttempt

LISTED_UP_TO = 20
LATE_MS = 5.0
LATE_MS_A_DEVICE = 0.02
"""Who is let go later than this after the intended instant has missed it.

A release takes some microseconds for each device, so that large bursts have more time.
"""
LATE_NAMED = 5


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

    Releases are counted from their own intended instants; with several fleets, whose clocks differ,
    the skew is known to `skew_bound_ms` only. `released` is how they were let go, `late` names
    those who missed their instant. `swept_ms` is how far apart a swept round was meant to be.

    `contending` is how many attempts compete, `in_flight` how many of these were under way at one
    instant; without any, of all. `counts` is None for a burst that is no race. `attempts` lists
    bursts of at most `LISTED_UP_TO`. `by_hand` lists what was presented by hand: there
    `released_ms` is when it was read.
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
    skew_bound_ms: float = 0.0
    released: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    swept_ms: float | None = None
    by_hand: tuple[ListedAttempt, ...] = ()


def judge_rounds(evidence: Evidence) -> tuple[RoundResult, ...]:
    """All bursts that were fired."""
    return tuple(_judge(evidence, step) for step in evidence.rounds)


def _judge(evidence: Evidence, step: BurstStep) -> RoundResult:
    everybody = evidence.by_step.get(step.id, [])
    seen = evidence.let_go_by_step.get(step.id, [])
    by_hand = [each for each in everybody if each.record.device in evidence.plan.attended]
    racing = [each for each in seen if each.contends] if step.contending else seen
    overlap = measure_overlap(
        [(each.fleet, each.record) for each in racing], evidence.clock_bounds_ns
    )
    late = tuple(
        sorted(each.record.device for each in racing if _lateness_ms(each) > _late_ms(step))
    )
    is_race = bool(step.contending) and step.sweep_ms is None and evidence.plan.is_online_only
    why_not = _why_not(evidence, step, overlap.in_flight, late) if is_race else None
    return RoundResult(
        step=step.id,
        burst=str(step.burst),
        planned=len(step.attempts),
        contending=len(step.contending),
        outcomes=dict(Counter(str(each.record.outcome) for each in everybody)),
        release_skew_ms=_skew_ms(seen),
        in_flight=overlap.in_flight,
        overlap_source=overlap.source,
        counts=why_not is None if is_race else None,
        why_not=why_not,
        attempts=list_attempts(seen, seen) if len(seen) <= LISTED_UP_TO else (),
        skew_bound_ms=_skew_bound_ms(evidence, seen),
        released=tuple(sorted(map(str, evidence.release_modes.get(step.id, ())))),
        late=late,
        swept_ms=None if step.sweep_ms is None else _swept_ms(seen),
        by_hand=_list_from(evidence.fired[step.id].at_ns, by_hand),
    )


def _why_not(
    evidence: Evidence, step: BurstStep, in_flight: int, late: Sequence[str]
) -> str | None:
    racing = len(step.contending)
    contested = [planned for planned in step.attempts if planned.attempt in step.contending]
    if all(
        isinstance(planned, PlannedScan) and planned.ticket in evidence.not_valid_before
        for planned in contested
    ):
        return "its ticket was not valid before"
    early = _let_in_before(evidence, step, contested)
    if early is not None:
        return f"its ticket was let in at {early} before the instant"
    if late:
        more = f" and {len(late) - LATE_NAMED} more" if len(late) > LATE_NAMED else ""
        return f"let go more than {_late_ms(step):g} ms late: {', '.join(late[:LATE_NAMED])}{more}"
    if in_flight < 2 or 2 * in_flight < racing:
        return f"only {in_flight} of {racing} requests were under way at one instant"
    return None


def _let_in_before(
    evidence: Evidence, step: BurstStep, contested: Sequence[PlannedAttempt]
) -> str | None:
    """Where a person was quicker than the instant, and was let in with all that others wanted."""
    wanted = {each.ticket for each in contested if isinstance(each, PlannedScan)}
    at_ns = evidence.fired[step.id].at_ns
    early = [
        seen
        for seen in evidence.by_hand
        if seen.planned.ticket in wanted - evidence.readmitting
        and seen.record.outcome.admits
        and seen.record.decided_ns < at_ns
    ]
    is_spoilt = bool(early) and {seen.planned.ticket for seen in early} == wanted
    return early[0].record.device if is_spoilt else None


def _late_ms(step: BurstStep) -> float:
    return max(LATE_MS, LATE_MS_A_DEVICE * len(step.attempts))


def _lateness_ms(seen: SeenAttempt) -> float:
    return (seen.record.released_ns - seen.record.intended_ns) / 1e6


def _skew_ms(seen: Sequence[SeenAttempt]) -> float | None:
    lateness_ms = [_lateness_ms(each) for each in seen]
    return max(lateness_ms) - min(lateness_ms) if lateness_ms else None


def _skew_bound_ms(evidence: Evidence, seen: Sequence[SeenAttempt]) -> float:
    """By how much the clocks of the two worst fleets may differ; nothing within one."""
    bounds_ns = sorted(evidence.clock_bounds_ns.get(fleet, 0) for fleet in {s.fleet for s in seen})
    return sum(bounds_ns[-2:]) / 1e6 if len(bounds_ns) > 1 else 0.0


def _swept_ms(seen: Sequence[SeenAttempt]) -> float:
    intended_ns = [each.record.intended_ns for each in seen]
    return (max(intended_ns) - min(intended_ns)) / 1e6 if intended_ns else 0.0


def list_attempts(
    chosen: Sequence[SeenAttempt], of_round: Sequence[SeenAttempt]
) -> tuple[ListedAttempt, ...]:
    """Attempts of a round, from its first intended instant: all have the same, unless swept."""
    at_ns = min((each.record.intended_ns for each in of_round), default=0)
    return _list_from(at_ns, chosen)


def _list_from(at_ns: int, chosen: Sequence[SeenAttempt]) -> tuple[ListedAttempt, ...]:
    return tuple(_list_attempt(each, at_ns) for each in chosen)


def _list_attempt(seen: SeenAttempt, at_ns: int) -> ListedAttempt:
    record = seen.record
    decoded_ms = note = None
    if isinstance(record, ScanRecord):
        if record.decoded_ns is not None:
            decoded_ms = (record.decoded_ns - at_ns) / 1e6
        note = record.last_entry_at and f"last entry {record.last_entry_at}"
    return ListedAttempt(
        device=record.device,
        outcome=str(record.outcome),
        released_ms=(record.released_ns - at_ns) / 1e6,
        decoded_ms=decoded_ms,
        decided_ms=(record.decided_ns - at_ns) / 1e6,
        note=note,
    )
