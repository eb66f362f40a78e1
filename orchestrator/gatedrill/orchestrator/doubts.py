"""Why a rehearsal may not have shown what it was to show: each doubt makes it inconclusive."""

from collections.abc import Iterator, Sequence

from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.rounds import RoundResult


def find_doubts(evidence: Evidence, rounds: Sequence[RoundResult]) -> tuple[str, ...]:
    """All doubts about this evidence, each in words."""
    return (
        *_broken_off(evidence),
        *_devices_missing(evidence),
        *_nothing_settled(evidence),
        *_too_few_races(rounds),
        *_stale_tickets(evidence),
        *_unanswered_probes(evidence),
    )


def _broken_off(evidence: Evidence) -> Iterator[str]:
    if evidence.cut_short:
        yield f"the run was cut short: {evidence.cut_short}"


def _devices_missing(evidence: Evidence) -> Iterator[str]:
    """Silence anywhere. Who was not ready to race is missing from the overlap already."""
    silent = sorted({device for event in evidence.silent for device in event.devices})
    if silent:
        yield f"devices fell silent: {', '.join(silent)}"
    racing = {
        (step.id, planned.device)
        for step in evidence.rounds
        for planned in step.attempts
        if planned.attempt in step.contending
    }
    others = (each for each in evidence.unready if (each.step, each.device) not in racing)
    unready = sorted({event.device for event in others})
    if unready:
        yield f"devices were not ready: {', '.join(unready)}"


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


def _stale_tickets(evidence: Evidence) -> Iterator[str]:
    """A ticket that was to let somebody in and could not shows little; a race says so itself."""
    scanned = {
        seen.planned.ticket for seen in evidence.scans if not (seen.is_probe or seen.contends)
    }
    tickets = {each for each in scanned if evidence.tickets[each].refused_as is None}
    stale = tickets & evidence.not_valid_before
    if 2 * len(stale) > len(tickets):
        yield f"{len(stale)} of {len(tickets)} tickets scanned by one device were not valid before"


def _unanswered_probes(evidence: Evidence) -> Iterator[str]:
    open_ended = sum(seen.is_probe and seen.record.outcome.is_open for seen in evidence.scans)
    if open_ended:
        yield f"{open_ended} tickets shown again got no settled answer"
