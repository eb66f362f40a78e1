"""One ticket, one guest: nobody twice, nobody valid left outside."""

from gatedrill.contract.outcome import OutcomeKind, Reason
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.checks.beforehand import Beforehand
from gatedrill.orchestrator.checks.check import (
    CheckResult,
    Violation,
    examine_each,
    not_judged,
    result,
    witness,
)
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenScan

_THOUGH = {
    Reason.CANCELLED: "it is cancelled",
    Reason.NOT_FOUND: "nobody has issued it",
    Reason.TAMPERED: "its code is forged",
    Reason.WRONG_EVENT: "it is for another event",
    Reason.RESERVATION_CLOSED: "its reservation is not confirmed",
}


def admitted_once(evidence: Evidence) -> CheckResult:
    """No ticket or pass lets two people in, nor anybody when it was not valid to begin with.

    Who may come back is readmitted as often as he likes.
    """
    beforehand = Beforehand(evidence)

    def examine(ticket: str) -> Violation | None:
        comes_back = ticket in evidence.readmitting
        admissions = [seen for seen in evidence.by_ticket[ticket] if seen.record.outcome.admits]
        first = [seen for seen in admissions if _is_first(seen)]
        used = comes_back and beforehand.was_used(evidence.tickets[ticket])
        wrong = first if used else admissions
        if wrong and ticket in evidence.not_valid_before:
            return Violation(ticket, _why_not(evidence.tickets[ticket]), witness(wrong[:1]))
        counted = first if comes_back else admissions
        if len(counted) > 1:
            return Violation(ticket, f"admitted {len(counted)} times", witness(counted[:2]))
        if counted and not comes_back and not first:
            return Violation(ticket, "readmitted, though it admits only once", witness(counted))
        return None

    return examine_each("admitted once", "no ticket admits twice", evidence.by_ticket, examine)


def _why_not(ticket: Ticket) -> str:
    if ticket.refused_as is None:
        return "admitted, though not valid before"
    return f"admitted, though {_THOUGH.get(ticket.refused_as, 'the plan has it refused')}"


def _is_first(seen: SeenScan) -> bool:
    return seen.record.outcome.kind is OutcomeKind.ADMITTED


def valid_guests_admitted(evidence: Evidence) -> CheckResult:
    """A valid ticket or pass lets somebody in.

    One that nobody is seen to admit and of which some answer is missing or undecided is left out:
    there the admission may hide. A probe does not count: it comes when the guest should long be
    inside.
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
        or (
            scans
            and ticket not in evidence.silent_tickets
            and not any(seen.record.outcome.is_open for seen in scans)
        )
    ]
    return examine_each("valid guests admitted", "every valid ticket admits", tickets, examine)


def used_ticket_refused(evidence: Evidence) -> CheckResult:
    """A ticket shown again after the round that admitted it is refused.

    Unless its guest may come back.
    """
    name, claim = "used ticket refused", "a ticket shown again after its round is refused"
    probes = [
        seen
        for seen in evidence.scans
        if seen.is_probe and seen.planned.ticket not in evidence.readmitting
    ]
    if not probes:
        return not_judged(name, claim, "no ticket was shown again")
    answered = [
        (seen, earlier)
        for seen in probes
        if not seen.record.outcome.is_open and (earlier := _admission_before(evidence, seen))
    ]
    found = [
        Violation(seen.planned.ticket, "admitted again after its round", witness([*earlier, seen]))
        for seen, earlier in answered
        if seen.record.outcome.admits
    ]
    return result(name, claim, len(answered), found)


def _admission_before(evidence: Evidence, probe: SeenScan) -> list[SeenScan]:
    return [
        seen
        for seen in evidence.by_ticket[probe.planned.ticket]
        if seen.record.outcome.admits and not seen.is_probe
    ][:1]
