"""One ticket, one guest: nobody twice, nobody valid left outside."""

from gatedrill.orchestrator.checks.check import (
    CheckResult,
    Violation,
    examine_each,
    not_judged,
    result,
    undecided,
    witness,
)
from gatedrill.orchestrator.evidence import Evidence, SeenScan


def admitted_once(evidence: Evidence) -> CheckResult:
    """No ticket lets two people in."""

    def examine(ticket: str) -> Violation | None:
        admissions = [seen for seen in evidence.by_ticket[ticket] if seen.record.outcome.admits]
        if len(admissions) <= 1:
            return None
        return Violation(ticket, f"admitted {len(admissions)} times", witness(admissions[:2]))

    return examine_each("admitted once", "no ticket admits twice", evidence.by_ticket, examine)


def valid_guests_admitted(evidence: Evidence) -> CheckResult:
    """A valid ticket lets somebody in.

    A ticket of which some answer is missing or undecided is left alone: there the admission may
    hide. A probe does not count: it comes when the guest should long be inside.
    """

    def examine(ticket: str) -> Violation | None:
        scans = [seen for seen in evidence.by_ticket[ticket] if not seen.is_probe]
        if not scans or any(seen.record.outcome.admits or undecided(seen) for seen in scans):
            return None
        return Violation(ticket, "refused at every gate, though valid", witness(scans[:2]))

    tickets = set(evidence.by_ticket) - evidence.used_before - evidence.silent_tickets
    return examine_each("valid guests admitted", "every valid ticket admits", tickets, examine)


def used_ticket_refused(evidence: Evidence) -> CheckResult:
    """A ticket shown again after its round is refused."""
    name, claim = "used ticket refused", "a ticket shown again after its round is refused"
    probes = [seen for seen in evidence.scans if seen.is_probe]
    if not probes:
        return not_judged(name, claim, "no ticket was shown again")
    answered = [seen for seen in probes if not undecided(seen)]
    found = [
        Violation(seen.planned.ticket, "admitted again after its round", witness([*earlier, seen]))
        for seen in answered
        if seen.record.outcome.admits and (earlier := _admission_before(evidence, seen))
    ]
    return result(name, claim, len(answered), found)


def _admission_before(evidence: Evidence, probe: SeenScan) -> list[SeenScan]:
    return [
        seen
        for seen in evidence.by_ticket[probe.planned.ticket]
        if seen.record.outcome.admits and not seen.is_probe
    ][:1]
