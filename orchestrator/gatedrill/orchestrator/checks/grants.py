"""Who is let in by the registrar's word is let in after it."""

from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator.checks.check import CheckResult, Violation, result, witness
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenScan


def grants_before_admissions(evidence: Evidence) -> CheckResult:
    """Every admission that is said to be the registrar's follows on its grant.

    Both are stamped by the same device, so that no clock is in between. Of a device that fell
    silent only the outcome is known.
    """
    admissions = [
        seen
        for seen in evidence.scans
        if seen.record.authority is Authority.VENUE and seen.record.outcome.admits
    ]
    found = [
        Violation(seen.planned.ticket, what, witness([seen]))
        for seen in admissions
        if (what := _what_is_wrong(seen)) is not None
    ]
    claim = "nobody is let in by the registrar before it said so"
    return result("grants before venue admissions", claim, len(admissions), found)


def _what_is_wrong(seen: SeenScan) -> str | None:
    claim = seen.record.claim
    if claim is None:
        return "let in by the registrar, which was not asked"
    if claim.granted is None:
        return "let in by the registrar, which did not answer"
    if not claim.granted:
        return "let in by the registrar, which refused"
    late_ms = (claim.answered_ns - seen.record.decided_ns) / 1e6
    return None if late_ms <= 0 else f"let in {late_ms:.3f} ms before the registrar's grant came"
