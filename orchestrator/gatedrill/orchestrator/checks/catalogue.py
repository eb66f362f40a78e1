"""All checks, in the order in which a report shows them."""

from gatedrill.orchestrator.checks.admission import (
    admitted_once,
    used_ticket_refused,
    valid_guests_admitted,
)
from gatedrill.orchestrator.checks.check import CheckResult
from gatedrill.orchestrator.checks.completeness import no_scan_lost
from gatedrill.orchestrator.checks.records_agree import records_agree
from gatedrill.orchestrator.evidence import Evidence

CHECKS = (
    admitted_once,
    valid_guests_admitted,
    used_ticket_refused,
    no_scan_lost,
    records_agree,
)


def run_checks(evidence: Evidence) -> tuple[CheckResult, ...]:
    """Every check's verdict on this evidence."""
    return tuple(check(evidence) for check in CHECKS)
