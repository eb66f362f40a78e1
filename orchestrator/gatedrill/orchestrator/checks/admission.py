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
    """No ticket lets two people in, nor anybody when it was not valid to begin with."""

    def examine(ticket: str) -> Violation | None:
        admissions = [seen for seen in evidence.by_ticket[ticket] if seen.record.outcome.admits]
        if admissions and ticket in evidence.not_valid_before:
            return Violation(ticket, "admitted, though not valid before", witness(admissions[:1]))
        if len(admissions) <= 1:
            return None
        return Violation(ticket, f"admitted {len(admissions)} times", witness(admissions[:2]))

    return examine_each("admitted once", "no ticket admits twice", evidence.by_ticket, examine)


def valid_guests_admitted(evidence: Evidence) -> CheckResult:
    """A valid ticket lets somebody in.

    A ticket that nobody is seen to admit and of which some answer is missing or undecided is left
    out: there the admission may hide. A probe does not count: it comes when the guest should long
    be inside.
    """
    first_shown = {
        ticket: [seen for seen in scans if not seen.is_probe]
        for ticket, scans in evidence.by_ticket.items()
        if ticket not in evidence.not_valid_before
    }

    def examine(ticket: str) -> Violation | None:
        scans = first_shown[ticket]
        if any(seen.record.outcome.admits for seen in scans):
            return None
        return Violation(ticket, "refused at every gate, though valid", witness(scans[:2]))

    tickets = [
        ticket
        for ticket, scans in first_shown.items()
        if any(seen.record.outcome.admits for seen in scans)
        or (scans and ticket not in evidence.silent_tickets and not any(map(undecided, scans)))
    ]
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
