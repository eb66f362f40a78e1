"""Why a rehearsal may not have shown what it was to show: each doubt makes it inconclusive."""

from collections.abc import Iterable, Iterator, Sequence

from gatedrill.orchestrator.by_hand import was_idle
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.excused_silence import Excuses
from gatedrill.orchestrator.plan import BurstStep, PlannedScan
from gatedrill.orchestrator.records import Snapshot
from gatedrill.orchestrator.reports.figures import between, threshold_value
from gatedrill.orchestrator.rounds import RoundResult
from gatedrill.orchestrator.seen import SeenScan
from gatedrill.orchestrator.thresholds import ThresholdResult


def find_doubts(evidence: Evidence, rounds: Sequence[RoundResult]) -> tuple[str, ...]:
    """All doubts about this evidence, each in words."""
    return (
        *_broken_off(evidence),
        *_devices_missing(evidence),
        *_not_presented(evidence),
        *_nobody_came(evidence),
        *_walked_in_before(evidence),
        *_walk_ins_untold(evidence),
        *_journals_missing(evidence),
        *_records_out_of_reach(evidence),
        *_nothing_settled(evidence),
        *_too_few_races(rounds),
        *_too_few_sweeps(evidence),
        *_stale_tickets(evidence),
        *_stale_slots(evidence),
        *_unanswered_probes(evidence),
    )


def find_slowness(thresholds: Iterable[ThresholdResult]) -> Iterator[str]:
    """Doubts about who crossed a threshold, each in words.

    Other than those about the rehearsal, they take nothing from what the service crossed for sure.
    """
    for each in thresholds:
        if each.is_machines:
            crossed = f"{each.metric}: {each.expression}"
            met, own = threshold_value(each.value), threshold_value(each.own_value)
            service = between(each.service_at_least, each.service_value)
            yield (
                f"{crossed} is crossed at {met} ms, but the service's share is {service} ms and "
                f"this machine's own {own} ms: the machine was too busy to say"
            )


def _broken_off(evidence: Evidence) -> Iterator[str]:
    if evidence.cut_short:
        yield f"the run was cut short: {evidence.cut_short}"


def _devices_missing(evidence: Evidence) -> Iterator[str]:
    """Silence anywhere that no planned fault explains.

    Who was not ready to race is missing from overlap or sweep already.
    """
    excuses = Excuses(evidence)
    silent = sorted(
        {
            device
            for event in evidence.silent
            for device in excuses.unexplained(event.step, event.devices)
        }
    )
    if silent:
        yield f"devices fell silent: {', '.join(silent)}"
    racing = {
        (step.id, planned.device)
        for step in evidence.rounds
        for planned in step.attempts
        if planned.attempt in step.contending and evidence.plan.is_online_only
    }
    others = (each for each in evidence.unready if (each.step, each.device) not in racing)
    unready = sorted(
        {each.device for each in others if excuses.unexplained(each.step, [each.device])}
    )
    if unready:
        yield f"devices were not ready: {', '.join(unready)}"


def _not_presented(evidence: Evidence) -> Iterator[str]:
    """What people were to show in bursts and did not: nobody knows what would have come of it."""
    missing = sorted({(seen.step.id, seen.record.device) for seen in evidence.not_presented})
    if missing:
        told = ", ".join(f"{device} in {step}" for step, device in missing)
        yield f"tickets were not presented: {told}"


def _nobody_came(evidence: Evidence) -> Iterator[str]:
    idle = sorted(device for device in evidence.plan.attended if was_idle(evidence, device))
    if idle:
        yield f"nobody presented anything in a whole stream: {', '.join(idle)}"


def _walked_in_before(evidence: Evidence) -> Iterator[str]:
    """Tickets that were let in by hand before the plan came to them: it showed less than meant."""
    early = sorted(
        {
            seen.record.device
            for seen in evidence.walk_ins
            if seen.record.outcome.admits and _is_planned_after(evidence, seen)
        }
    )
    if early:
        yield f"tickets were let in before their turn: {', '.join(early)}"


def _is_planned_after(evidence: Evidence, walk_in: SeenScan) -> bool:
    return any(
        isinstance(planned, PlannedScan)
        and planned.ticket == walk_in.planned.ticket
        and step.id in evidence.fired
        and evidence.fired[step.id].at_ns > walk_in.record.decided_ns
        for step in evidence.plan.steps
        for planned in step.attempts
    )


def _walk_ins_untold(evidence: Evidence) -> Iterator[str]:
    untold = sorted({device for event in evidence.untold for device in event.devices})
    if untold:
        yield f"what was presented without an order was not told: {', '.join(untold)}"


def _journals_missing(evidence: Evidence) -> Iterator[str]:
    """What devices wrote down and nobody could read: a scan may be lost there."""
    unread = sorted(Excuses(evidence).unexplained_in_the_end(evidence.journals.unread))
    if unread:
        yield f"journals were not read: {', '.join(unread)}"


def _records_out_of_reach(evidence: Evidence) -> Iterator[str]:
    """A service that showed its records before and shows them no more is one that was lost."""
    before, after = evidence.records.before, evidence.records.after
    gone = [
        table
        for table in Snapshot.__struct_fields__
        if getattr(before, table) is not None and getattr(after, table) is None
    ]
    if gone:
        yield f"records were read before the run and not after it: {', '.join(gone)}"


def _nothing_settled(evidence: Evidence) -> Iterator[str]:
    if not evidence.attempts:
        yield "no attempt was heard of"
    elif all(seen.record.outcome.is_open for seen in evidence.attempts if not seen.is_probe):
        yield "no attempt got a settled answer"


def _too_few_races(rounds: Sequence[RoundResult]) -> Iterator[str]:
    races = [each for each in rounds if each.counts is not None]
    counting = sum(bool(each.counts) for each in races)
    if 2 * counting < len(races):
        why = "; ".join(sorted({each.why_not for each in races if each.why_not}))
        yield f"only {counting} of {len(races)} rounds were races: {why}"


def _too_few_sweeps(evidence: Evidence) -> Iterator[str]:
    swept = [step for step in evidence.rounds if step.sweep_ms is not None]
    telling = sum(_could_tell(evidence, step) for step in swept)
    if 2 * telling < len(swept):
        yield (
            f"only {telling} of {len(swept)} swept rounds could find anything: in the others "
            "too few devices asked, or the ticket was not valid before"
        )


def _could_tell(evidence: Evidence, step: BurstStep) -> bool:
    """Whether two and at least half of its devices asked for something that was to be had."""
    asking = [
        seen
        for seen in evidence.by_step.get(step.id, ())
        if seen.contends
        and seen.record.acting_asks
        and isinstance(seen.planned, PlannedScan)
        and seen.planned.ticket not in evidence.not_valid_before
    ]
    return len(asking) >= 2 and 2 * len(asking) >= len(step.contending)


def _stale_tickets(evidence: Evidence) -> Iterator[str]:
    """A ticket that was to let somebody in and could not shows little; a race says so itself."""
    scanned = {
        seen.planned.ticket for seen in evidence.scans if not (seen.is_probe or seen.contends)
    }
    tickets = {each for each in scanned if evidence.tickets[each].refused_as is None}
    stale = tickets & evidence.not_valid_before
    if 2 * len(stale) > len(tickets):
        yield f"{len(stale)} of {len(tickets)} tickets scanned by one device were not valid before"


def _stale_slots(evidence: Evidence) -> Iterator[str]:
    booked = {seen.planned.slot for seen in evidence.checkouts}
    for slot, how in evidence.slots_astray.items():
        if slot in booked:
            yield f"slot {slot} {how}"


def _unanswered_probes(evidence: Evidence) -> Iterator[str]:
    open_ended = sum(seen.is_probe and seen.record.outcome.is_open for seen in evidence.scans)
    if open_ended:
        yield f"{open_ended} tickets shown again got no settled answer"
