"""Of many bursts and attempts those that tell most, as many as a page can bear."""

from collections.abc import Sequence

from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import (
    BurstStep,
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
)
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.rounds import ListedAttempt, list_attempts
from gatedrill.orchestrator.seen import SeenAttempt

MAX_ROWS_DRAWN = 800
"""Over all timelines of a run: a row takes about a kilobyte of the page."""
MAX_ROWS_A_BURST = 50


def choose_bursts(result: Result, evidence: Evidence) -> list[BurstStep]:
    """Those to draw, in the order of the run: first of all those of which a witness tells."""
    heard = [step for step in evidence.rounds if evidence.let_go_by_step.get(step.id)]
    telling = steps_of_witnesses(result, evidence)
    chosen: set[str] = set()
    rows = 0
    for step in sorted(heard, key=lambda step: step.id not in telling):
        rows += min(len(evidence.let_go_by_step[step.id]), MAX_ROWS_A_BURST)
        if rows > MAX_ROWS_DRAWN:
            break
        chosen.add(step.id)
    return [step for step in heard if step.id in chosen]


def steps_of_witnesses(result: Result, evidence: Evidence) -> set[str]:
    """The bursts that a check tells of, or in which somebody wanted what it tells of."""
    told = subjects_told(result, evidence)
    return {
        step.id
        for step in evidence.rounds
        if step.id in told or any(told & subjects(each) for each in step.attempts)
    }


def subjects_told(result: Result, evidence: Evidence) -> set[str]:
    """What the checks have found something wrong with, as far as they write it out.

    Of a reservation, all that belongs to it. And whoever was let in twice or locked out, were it
    that nobody is to blame.
    """
    told = {violation.subject for check in result.checks for violation in check.shown}
    told |= {each.ticket for each in result.expected_doubles}
    told |= {each.ticket for each in result.locked_out}
    return told | {ticket.id for ticket in evidence.plan.tickets if ticket.reservation in told}


def subjects(planned: PlannedAttempt) -> set[str]:
    """What an attempt is about, by id."""
    match planned:
        case PlannedScan():
            return {planned.ticket}
        case PlannedCheckout():
            return {planned.slot}
        case PlannedWebhook():
            return {planned.event, planned.slot}
        case PlannedLink():
            return {planned.ticket, planned.reservation}


def most_telling(seen: Sequence[SeenAttempt], told: set[str]) -> Sequence[ListedAttempt]:
    """At most as many as are drawn, in the order of decisions.

    The open ones before those about a subject that is `told` of, then what a race has granted, then
    the slowest.
    """

    def weight(each: SeenAttempt) -> tuple[bool, bool, bool, int]:
        outcome = each.record.outcome
        has_won = each.contends and outcome.reason is None
        return (
            outcome.is_error,
            bool(told & subjects(each.planned)),
            has_won,
            each.record.decided_ns,
        )

    chosen = sorted(seen, key=weight, reverse=True)[:MAX_ROWS_A_BURST]
    return list_attempts(sorted(chosen, key=lambda each: each.record.decided_ns), seen)
