"""Cause before effect: nobody is told of an admission that nobody has asked for yet."""

from gatedrill.contract.outcome import OutcomeKind, Reason
from gatedrill.orchestrator.checks.beforehand import Beforehand
from gatedrill.orchestrator.checks.check import CheckResult, Violation, examine_each, witness
from gatedrill.orchestrator.checks.instants import Instants
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenScan, may_have_admitted

_USED = (Reason.ALREADY_USED, Reason.LOST_RACE)


def in_order(evidence: Evidence) -> CheckResult:
    """Who is told that somebody came in before is told so after that admission was asked for.

    An open attempt may have been that admission, and so may one that the service or the registrar
    was asked about, without an answer, before its device decided by itself. A ticket is left out
    that was not valid before the run, or may have been shown by a silent device; and one that
    nobody is seen to admit, if the records do not tell whether it was valid before.
    """
    beforehand, instants = Beforehand(evidence), Instants(evidence)
    told = {
        ticket: later
        for ticket, scans in evidence.by_ticket.items()
        if ticket not in evidence.not_valid_before | evidence.silent_tickets
        and (beforehand.is_known(evidence.tickets[ticket]) or any(map(_is_first, scans)))
        and (later := [seen for seen in scans if _tells_of_an_admission(seen)])
    }

    def examine(ticket: str) -> Violation | None:
        admissions = [
            seen
            for seen in evidence.by_ticket[ticket]
            if _is_first(seen) or may_have_admitted(seen)
        ]
        for seen in told[ticket]:
            if all(instants.certainly_before(seen, admission) for admission in admissions):
                what = "told of an admission before anybody asked for one"
                first = list(filter(_is_first, admissions))[:1]
                return Violation(ticket, what, witness([seen, *first]))
        return None

    claim = "nobody is told of an admission before it was asked for"
    return examine_each("in order", claim, told, examine)


def _is_first(seen: SeenScan) -> bool:
    return seen.record.outcome.kind is OutcomeKind.ADMITTED


def _tells_of_an_admission(seen: SeenScan) -> bool:
    outcome = seen.record.outcome
    return outcome.kind is OutcomeKind.READMITTED or outcome.reason in _USED
