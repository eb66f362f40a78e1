"""No guest is turned away by a device alone without a reason that one can point to."""

from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator.checks.check import CheckResult, Violation, result, witness
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.lockouts import find_lockouts


def locked_out(evidence: Evidence) -> CheckResult:
    """Where devices decide by themselves, guests with valid tickets may be turned away.

    Each is named in the result with the reason and the fault that explains it. One that no fault
    explains is wrong.
    """
    shown = [
        ticket
        for ticket, scans in evidence.by_ticket.items()
        if any(seen.record.authority is not Authority.ONLINE or seen.record.nonce for seen in scans)
    ]
    found = [
        Violation(each.ticket, f"locked out, and no fault explains it: {each.why}", lines)
        for each in find_lockouts(evidence)
        if not each.is_explained
        for lines in (witness(each.scans[:2]),)
    ]
    claim = "who is locked out is named, with the fault that explains it"
    return result("locked out", claim, len(shown), found)
