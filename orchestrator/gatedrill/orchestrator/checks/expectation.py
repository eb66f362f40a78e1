"""What the scenario promises of a round: so many attempts end so."""

from collections import Counter

from gatedrill.orchestrator.checks.check import CheckResult, Violation, not_judged, result
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import (
    BurstStep,
    PlannedAttempt,
    PlannedCheckout,
    PlannedScan,
    Step,
)
from gatedrill.orchestrator.seen import SeenAttempt


def as_expected(evidence: Evidence) -> CheckResult:
    """So many attempts of a round end in an outcome, or for a reason, as the scenario expects.

    An attempt that is open, or of which nothing was heard, may stand for any word. So may one whose
    ticket or slot did not stand before the run as the plan has it, or was left open by a step
    before, or was presented without an order.
    """
    name, claim = "as expected", "rounds end as the scenario expects"
    rounds = [step for step in evidence.rounds if step.expect]
    if not rounds:
        return not_judged(name, claim, "the scenario expects nothing of its rounds")
    astray = _not_as_planned(evidence)
    found: list[Violation] = []
    examined = 0
    for step in evidence.plan.steps:
        if isinstance(step, BurstStep) and step in rounds:
            found += _examine(evidence, step, astray)
            examined += any(_is_settled(seen, astray) for seen in _accounts(evidence, step))
        astray |= _left_open(evidence, step)
    return result(name, claim, examined, found)


def _examine(evidence: Evidence, step: BurstStep, astray: set[str]) -> list[Violation]:
    seen = _accounts(evidence, step)
    settled = [each for each in seen if _is_settled(each, astray)]
    open_ended = len(step.attempts) - len(settled)
    words = Counter(word for each in settled for word in _words(each))
    for word, expected in step.expect.items():
        if not words[word] <= expected <= words[word] + open_ended:
            more = f", {open_ended} not known" if open_ended else ""
            what = f"{expected} {word} expected, {words[word]} seen{more}"
            return [Violation(step.id, what, _lines(settled, open_ended))]
    return []


def _accounts(evidence: Evidence, step: Step) -> list[SeenAttempt]:
    """What was heard of a step, and what only journals tell."""
    heard = evidence.by_step.get(step.id, [])
    return [*heard, *(seen for seen in evidence.testimonies if seen.step is step)]


def _left_open(evidence: Evidence, step: Step) -> set[str]:
    """Tickets and slots of which it is not known what this step has done to them."""
    settled = {
        seen.planned.attempt
        for seen in _accounts(evidence, step)
        if not seen.record.outcome.is_open
    }
    left = {_subject(each) for each in step.attempts if each.attempt not in settled}
    return {subject for subject in left if subject is not None}


def _is_settled(seen: SeenAttempt, astray: set[str]) -> bool:
    return not seen.record.outcome.is_open and _subject(seen.planned) not in astray


def _words(seen: SeenAttempt) -> set[str]:
    outcome = seen.record.outcome
    return {str(outcome.kind)} | ({str(outcome.reason)} if outcome.reason else set())


def _not_as_planned(evidence: Evidence) -> set[str]:
    """Tickets that should be valid and were not, slots with another number of free places."""
    tickets = {
        ticket for ticket in evidence.not_valid_before if not evidence.tickets[ticket].refused_as
    }
    walked_in = {seen.planned.ticket for seen in evidence.walk_ins}
    return tickets | evidence.slots_astray.keys() | walked_in | evidence.untold_tickets


def _subject(planned: PlannedAttempt) -> str | None:
    match planned:
        case PlannedScan():
            return planned.ticket
        case PlannedCheckout():
            return planned.slot
    return None


def _lines(settled: list[SeenAttempt], open_ended: int) -> tuple[str, ...]:
    outcomes = Counter(str(seen.record.outcome) for seen in settled)
    lines = [f"{number} {outcome}" for outcome, number in sorted(outcomes.items())]
    return (*lines, f"{open_ended} not known") if open_ended else tuple(lines)
