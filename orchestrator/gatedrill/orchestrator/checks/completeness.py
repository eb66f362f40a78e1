"""Nothing is lost: every attempt that was begun is accounted for."""

from collections.abc import Collection

from gatedrill.orchestrator.checks.check import CheckResult, Violation, not_judged, result
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import (
    BurstStep,
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
    Step,
)


def no_attempt_lost(evidence: Evidence) -> CheckResult:
    """Every attempt that was begun has an outcome, or its device is named as silent or unready."""
    name, claim = "no attempt lost", "every attempt that was begun has an outcome"
    if evidence.cut_short:
        return not_judged(name, claim, "the run was cut short")
    heard = {
        seen.planned.attempt
        for kind in (
            *(evidence.scans, evidence.checkouts, evidence.webhooks, evidence.links),
            *(evidence.testimonies, evidence.not_presented),
        )
        for seen in kind
    }
    begun = [
        attempt
        for step in evidence.plan.steps
        if step.id in evidence.fired
        for attempt in _begun(step, heard, evidence.plan.attended)
        if attempt.attempt not in evidence.excused_attempts
    ]
    lost = [_lost(attempt) for attempt in begun if attempt.attempt not in heard]
    return result(name, claim, len(begun), lost)


def _begun(step: Step, heard: Collection[str], attended: Collection[str]) -> list[PlannedAttempt]:
    """All of a burst. Of a stream, which a device goes through in order, what it got to.

    A person presents a pile of tickets in any order, and what he has not is still in his hand.
    """
    if isinstance(step, BurstStep):
        return list(step.attempts)
    begun: list[PlannedAttempt] = []
    reached: set[str] = set()
    for scan in reversed(step.attempts):
        if scan.attempt in heard:
            reached.add(scan.device)
        if scan.device in reached and (scan.device not in attended or scan.attempt in heard):
            begun.append(scan)
    return begun


def _lost(planned: PlannedAttempt) -> Violation:
    match planned:
        case PlannedScan():
            subject, act = planned.ticket, "scan it"
        case PlannedCheckout():
            subject, act = planned.slot, "book it"
        case PlannedWebhook():
            subject, act = planned.event, "tell of it"
        case PlannedLink():
            subject, act = planned.ticket, "link it"
    return Violation(
        subject, "no outcome", (f"{planned.device} was to {act} as {planned.attempt}",)
    )
