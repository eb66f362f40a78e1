"""All checks, in the order in which a report shows them."""

from gatedrill.orchestrator.checks.admission import (
    admitted_once,
    used_ticket_refused,
    valid_guests_admitted,
)
from gatedrill.orchestrator.checks.audit_log import audit_log
from gatedrill.orchestrator.checks.capacity import slot_capacity
from gatedrill.orchestrator.checks.check import Check, CheckResult
from gatedrill.orchestrator.checks.checkouts import checkouts_answered, payment_sessions
from gatedrill.orchestrator.checks.completeness import no_attempt_lost
from gatedrill.orchestrator.checks.expectation import as_expected
from gatedrill.orchestrator.checks.first_scan_wins import first_scan_wins
from gatedrill.orchestrator.checks.grants import grants_before_admissions
from gatedrill.orchestrator.checks.linked_tickets import linked_tickets
from gatedrill.orchestrator.checks.locked_out import locked_out
from gatedrill.orchestrator.checks.no_scan_lost import no_scan_lost
from gatedrill.orchestrator.checks.order import in_order
from gatedrill.orchestrator.checks.queues_drained import queues_drained
from gatedrill.orchestrator.checks.records_agree import records_agree
from gatedrill.orchestrator.checks.reentry import reentry_granted
from gatedrill.orchestrator.checks.synced_once import synced_once
from gatedrill.orchestrator.checks.vip_counter import vip_counter
from gatedrill.orchestrator.checks.vip_log import vip_log
from gatedrill.orchestrator.evidence import Evidence

CHECKS: tuple[Check, ...] = (
    admitted_once,
    valid_guests_admitted,
    used_ticket_refused,
    reentry_granted,
    in_order,
    vip_counter,
    linked_tickets,
    slot_capacity,
    checkouts_answered,
    as_expected,
    no_attempt_lost,
    records_agree,
    vip_log,
    payment_sessions,
    audit_log,
)


OFFLINE_CHECKS: tuple[Check, ...] = (
    no_scan_lost,
    synced_once,
    first_scan_wins,
    queues_drained,
    grants_before_admissions,
    locked_out,
)
"""Those that are about what devices decide without the service."""


def run_checks(evidence: Evidence) -> tuple[CheckResult, ...]:
    """The verdict on this evidence of every check that is about such a plan."""
    checks = CHECKS if evidence.plan.is_online_only else (*CHECKS, *OFFLINE_CHECKS)
    return tuple(check(evidence) for check in checks)
