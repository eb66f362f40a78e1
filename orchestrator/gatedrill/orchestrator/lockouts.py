"""Guests with valid tickets whom devices turned away: why, and what of the venue had failed."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatedrill.contract.outcome import Authority, OutcomeKind, Reason
from gatedrill.contract.service import ScanLogRow
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.outages import NO_PROCESS, FaultWindow
from gatedrill.orchestrator.seen import SeenScan, may_have_admitted
from gatedrill.orchestrator.told_journals import BY_ITSELF

_USED = (Reason.ALREADY_USED, Reason.LOST_RACE)
_WORDS = {
    Reason.OFFLINE_UNKNOWN: "the gate's own copy of the tickets lacks it",
    Reason.NOT_RECORDED: "the gate could not write the scan down",
    Reason.ALREADY_USED: "it was taken for used",
    Reason.LOST_RACE: "it was taken for used",
}


class Lockout(NamedTuple):
    """A guest who should have come in. `because` are the faults that explain it, if any do."""

    ticket: str
    why: str
    because: tuple[FaultWindow, ...]
    scans: list[SeenScan]

    @property
    def is_explained(self) -> bool:
        """Whether every refusal has a fault that explains it."""
        return bool(self.because)


def find_lockouts(evidence: Evidence) -> list[Lockout]:
    """Valid tickets and passes that no device admitted, and guests who were not let back in.

    Only those to whom something happened that the service alone does not do: a device decided by
    itself, could not write the scan down, or did not hear the service's answer.
    """
    never_in = (
        _lockout(evidence, ticket, scans)
        for ticket, scans in refused_guests(evidence).items()
        if any(_is_apart(seen) for seen in scans)
    )
    return [*never_in, *_not_let_back(evidence)]


def refused_guests(evidence: Evidence) -> dict[str, list[SeenScan]]:
    """The scans of every valid ticket or pass that all who saw it refused for certain.

    A probe does not count: it comes when the guest should long be inside.
    """
    shown = {
        ticket: [seen for seen in scans if not seen.is_probe]
        for ticket, scans in evidence.by_ticket.items()
        if ticket not in evidence.not_valid_before | evidence.silent_tickets
    }
    return {
        ticket: scans
        for ticket, scans in shown.items()
        if scans
        and not any(seen.record.outcome.admits or seen.record.outcome.is_open for seen in scans)
    }


def _is_apart(seen: SeenScan) -> bool:
    record = seen.record
    return (
        record.authority in BY_ITSELF
        or record.outcome.reason is Reason.NOT_RECORDED
        or may_have_admitted(seen)
    )


def _lockout(evidence: Evidence, ticket: str, scans: list[SeenScan]) -> Lockout:
    explained = [explain_refusal(evidence, seen) for seen in scans]
    because = dict.fromkeys(window for windows in explained for window in windows)
    return Lockout(
        ticket, _why(evidence, ticket, scans), tuple(because) if all(explained) else (), scans
    )


def explain_refusal(evidence: Evidence, seen: SeenScan) -> tuple[FaultWindow, ...]:
    """The faults at a scan, or of which its device was coming back, that explain why it refused.

    That a ticket is used, though nobody is seen to have come in, is explained by a scan of which
    service or registrar know more than its device showed.
    """
    record = seen.record
    during = (record.device, Authority.ONLINE, record.released_ns, record.decided_ns)
    in_force = [each for each in evidence.faults if evidence.reach.lasts(each, *during)]
    if record.outcome.reason is Reason.NOT_RECORDED:
        return tuple(each for each in in_force if each.kind == "disk-full")
    if record.outcome.reason in _USED and not _may_be_inside(evidence, seen):
        return ()
    if record.authority in BY_ITSELF:
        return tuple(each for each in in_force if _is_of_uplink(each))
    if record.outcome.reason not in _USED:
        return ()
    others = evidence.by_ticket[seen.planned.ticket]
    lost = (other for other in others if other is not seen and may_have_admitted(other))
    return tuple(each for other in lost for each in explain_refusal(evidence, other))


def _may_be_inside(evidence: Evidence, seen: SeenScan) -> bool:
    """Whether somebody was let in with this ticket, or may have been by another's account."""
    ticket = seen.planned.ticket
    others = [other for other in evidence.by_ticket[ticket] if other is not seen]
    if any(other.record.outcome.admits or may_have_admitted(other) for other in others):
        return True
    is_told = evidence.records.complete_logs and bool(evidence.rows_by_nonce)
    return may_have_admitted(seen) and (not is_told or _service_admitted(evidence, ticket, seen))


def _is_of_uplink(window: FaultWindow) -> bool:
    return window.kind.startswith("uplink-") or window.kind in NO_PROCESS


def _why(evidence: Evidence, ticket: str, scans: Iterable[SeenScan]) -> str:
    told = list(scans)
    unheard = next((seen for seen in told if _service_admitted(evidence, ticket, seen)), None)
    if unheard is not None:
        return f"the service let it in at {unheard.record.device}, which did not hear of it"
    reasons = [seen.record.outcome.reason for seen in told if _is_apart(seen)]
    reason = reasons[0] if reasons else None
    later = ", as it was sold later" if ticket in evidence.plan.late else ""
    return _WORDS.get(reason, f"refused: {reason}") + later if reason else "refused"


def _service_admitted(evidence: Evidence, ticket: str, seen: SeenScan) -> bool:
    """Whether the service has an admission on record that this scan's device did not show."""
    if not may_have_admitted(seen):
        return False
    rows = evidence.rows_by_nonce.get(seen.record.nonce or "", ())
    if any(isinstance(row, ScanLogRow) and row.result == "success" for row in rows):
        return True
    row = evidence.rows.get(ticket)
    return row is not None and row.status == "scanned" and row.device_id == seen.record.device


def _not_let_back(evidence: Evidence) -> Iterator[Lockout]:
    """Guests who were inside and may come back, whom a device refused by itself."""
    for ticket in sorted(evidence.readmitting & evidence.by_ticket.keys()):
        scans = evidence.by_ticket[ticket]
        entered = next((n for n, seen in enumerate(scans) if _is_first(seen)), len(scans))
        for seen in scans[entered + 1 :]:
            refused = seen.record.outcome.kind is OutcomeKind.REFUSED
            if refused and seen.record.authority in BY_ITSELF and not seen.is_probe:
                yield _lockout(evidence, ticket, [seen])


def _is_first(seen: SeenScan) -> bool:
    return seen.record.outcome.kind is OutcomeKind.ADMITTED
