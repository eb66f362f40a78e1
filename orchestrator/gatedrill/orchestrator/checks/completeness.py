"""Nothing is lost: every scan that was begun is accounted for."""

from collections.abc import Collection

from gatedrill.orchestrator.checks.check import CheckResult, Violation, not_judged, result
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import BurstStep, PlannedScan, Step


def no_scan_lost(evidence: Evidence) -> CheckResult:
    """Every scan that was begun has an outcome, or its device is named as silent or unready."""
    name, claim = "no scan lost", "every scan that was begun has an outcome"
    if evidence.cut_short:
        return not_judged(name, claim, "the run was cut short")
    heard = {seen.planned.attempt for seen in evidence.scans}
    begun = [
        scan
        for step in evidence.plan.steps
        if step.id in evidence.fired
        for scan in _begun(step, heard)
        if scan.attempt not in evidence.excused_attempts
    ]
    lost = [
        Violation(scan.ticket, "no outcome", (f"{scan.device} was to scan it as {scan.attempt}",))
        for scan in begun
        if scan.attempt not in heard
    ]
    return result(name, claim, len(begun), lost)


def _begun(step: Step, heard: Collection[str]) -> list[PlannedScan]:
    """All of a burst. Of a stream, which a device goes through in order, what it got to."""
    if isinstance(step, BurstStep):
        return list(step.scans)
    begun: list[PlannedScan] = []
    reached: set[str] = set()
    for scan in reversed(step.scans):
        if scan.attempt in heard:
            reached.add(scan.device)
        if scan.device in reached:
            begun.append(scan)
    return begun
