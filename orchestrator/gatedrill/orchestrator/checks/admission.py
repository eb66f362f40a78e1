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
from gatedrill.orchestrator.doubles import Double, doubled_tickets, judge_double
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.lockouts import find_lockouts, refused_guests
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

    Who may come back is readmitted as often as he likes. Two admissions that nobody could prevent,
    as a device decided alone that no word could reach, are told elsewhere and are not wrong.
    """
    beforehand = Beforehand(evidence)
    doubled = {each.ticket: each for each in doubled_tickets(evidence)}

    def examine(ticket: str) -> Violation | None:
        comes_back = ticket in evidence.readmitting
        admissions = [seen for seen in evidence.by_ticket[ticket] if seen.record.outcome.admits]
        first = [seen for seen in admissions if _is_first(seen)]
        used = comes_back and beforehand.was_used(evidence.tickets[ticket])
        wrong = first if used else admissions
        if wrong and ticket in evidence.not_valid_before:
            return Violation(ticket, _why_not(evidence.tickets[ticket]), witness(wrong[:1]))
        counted = first if comes_back else admissions
        if ticket in doubled:
            wrong_pair = doubled[ticket].wrong
            return None if wrong_pair is None else _twice(ticket, len(counted), wrong_pair)
        if counted and not comes_back and not first:
            return Violation(ticket, "readmitted, though it admits only once", witness(counted))
        return None

    return examine_each("admitted once", "no ticket admits twice", evidence.by_ticket, examine)


def _twice(ticket: str, times: int, double: Double) -> Violation:
    what = ", ".join(filter(None, (f"admitted {times} times", double.wrong)))
    return Violation(ticket, what, witness([double.first, double.second]))


def _why_not(ticket: Ticket) -> str:
    if ticket.refused_as is None:
        return "admitted, though not valid before"
    return f"admitted, though {_THOUGH.get(ticket.refused_as, 'the plan has it refused')}"


def _is_first(seen: SeenScan) -> bool:
    return seen.record.outcome.kind is OutcomeKind.ADMITTED


def valid_guests_admitted(evidence: Evidence) -> CheckResult:
    """A valid ticket or pass lets somebody in.

    One that nobody is seen to admit and of which some answer is missing or undecided is left out:
    there the admission may hide. So is one whose guest a device turned away by itself while a fault
    explains that: such a guest is reported as locked out. A probe does not count: it comes when the
    guest should long be inside.
    """
    locked_out = {each.ticket for each in find_lockouts(evidence) if each.is_explained}
    refused = refused_guests(evidence)
    admitted = {
        ticket
        for ticket, scans in evidence.by_ticket.items()
        if ticket not in evidence.not_valid_before
        and any(seen.record.outcome.admits for seen in scans if not seen.is_probe)
    }

    def examine(ticket: str) -> Violation | None:
        if ticket in admitted:
            return None
        lines = witness(refused[ticket][:2])
        return Violation(ticket, "refused at every gate, though valid", lines)

    tickets = admitted | (refused.keys() - locked_out)
    return examine_each("valid guests admitted", "every valid ticket admits", tickets, examine)


def used_ticket_refused(evidence: Evidence) -> CheckResult:
    """A ticket shown again after the round that admitted it is refused.

    Unless its guest may come back, or nobody could have known that he is inside.
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
        if seen.record.outcome.admits and judge_double(evidence, earlier[0], seen).wrong is not None
    ]
    return result(name, claim, len(answered), found)


def _admission_before(evidence: Evidence, probe: SeenScan) -> list[SeenScan]:
    return [
        seen
        for seen in evidence.by_ticket[probe.planned.ticket]
        if seen.record.outcome.admits and not seen.is_probe
    ][:1]
