"""What the audit log must say of a slot: every booking and every payment, once."""

from collections import Counter
from collections.abc import Iterable, Sequence

from gatedrill.contract.outcome import Reason
from gatedrill.contract.service import AUDIT_LOGS_TABLE, AuditLogRow, AuditType
from gatedrill.orchestrator.checks.bookings import Bookings, all_bookings
from gatedrill.orchestrator.checks.check import (
    NOTHING_THERE,
    CheckResult,
    Violation,
    examine_each,
    not_judged,
    why_unread,
    witness,
)
from gatedrill.orchestrator.checks.log_rows import Told, find_mismatch, last_two
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenCheckout

_BY_REASON = {
    None: AuditType.OPENED,
    Reason.FULL: AuditType.FAILED,
    Reason.NOT_FOUND: AuditType.FAILED,
    Reason.PAYMENT_FAILED: AuditType.STRIPE_ERROR,
    Reason.PAYMENT_TIMED_OUT: AuditType.STRIPE_ERROR,
}
_PAID = (AuditType.COMPLETED, AuditType.OVERSOLD)


def audit_log(evidence: Evidence) -> CheckResult:
    """Every checkout has one row of the right type, every payment one, however often it was told.

    A failed payment's row says that all its places went back. Judged where the log promises to be
    complete.
    """
    name, claim = "audit log", "every booking and payment is logged once and as what it was"
    if not evidence.plan.slots:
        return not_judged(name, claim, NOTHING_THERE)
    if evidence.records.logs.audit_logs is None:
        return not_judged(name, claim, why_unread(evidence, AUDIT_LOGS_TABLE))
    if not evidence.records.complete_logs:
        return not_judged(name, claim, "the service's logs may lack rows")
    bookings = all_bookings(evidence)
    rules = (_not_rolled_back, _checkouts_are_logged, _payments_are_logged)

    def examine(slot: str) -> Violation | None:
        rows = bookings[slot].audit or []
        found = (rule(bookings[slot], rows) for rule in rules)
        return next((violation for violation in found if violation), None)

    return examine_each(name, claim, bookings, examine)


def _not_rolled_back(slot: Bookings, rows: Sequence[AuditLogRow]) -> Violation | None:
    for row in rows:
        if row.type is AuditType.STRIPE_ERROR and row.slots_rolled_back != row.guests:
            what = f"{row.slots_rolled_back or 0} of {row.guests} places of a checkout went back"
            return Violation(slot.planned.id, what, _lines([row]))
    return None


def _checkouts_are_logged(slot: Bookings, rows: Sequence[AuditLogRow]) -> Violation | None:
    settled = [(seen, kind) for seen in slot.checkouts if (kind := _logged_as(seen))]
    unclear = sum(
        _logged_as(seen) is None and not seen.record.outcome.is_open for seen in slot.checkouts
    )
    told = Told(Counter(kind for _, kind in settled), len(slot.open_checkouts) + unclear)
    logged = Counter(_named(row.type, row.guests) for row in rows if row.type not in _PAID)
    mismatch = find_mismatch(told, logged)
    if mismatch is None:
        return None
    of_kind = [row for row in rows if _named(row.type, row.guests) == mismatch.kind]
    showing = [seen for seen, kind in settled if kind == mismatch.kind]
    lines = witness(showing[:2]) if mismatch.is_missing else _lines(last_two(of_kind))
    return Violation(slot.planned.id, mismatch.what, lines)


def _payments_are_logged(slot: Bookings, rows: Sequence[AuditLogRow]) -> Violation | None:
    """A payment that found too few places is logged as such, and no other way."""
    paid = [row for row in rows if row.type in _PAID]
    told = Counter(_named("payment", each.guests) for each in slot.payments.heard)
    logged = Counter(_named("payment", row.guests) for row in paid)
    mismatch = find_mismatch(Told(told, len(slot.payments.unheard)), logged)
    if mismatch is None:
        return None
    of_kind = [row for row in paid if _named("payment", row.guests) == mismatch.kind]
    events = [
        f"event {each.event} was heard"
        for each in slot.payments.heard
        if _named("payment", each.guests) == mismatch.kind
    ]
    lines = tuple(events[:2]) if mismatch.is_missing else _lines(last_two(of_kind))
    return Violation(slot.planned.id, mismatch.what, lines)


def _logged_as(seen: SeenCheckout) -> str | None:
    """What a checkout must be in the log; None where nobody can tell."""
    outcome = seen.record.outcome
    if outcome.is_open or outcome.reason not in _BY_REASON:
        return None
    return _named(_BY_REASON[outcome.reason], seen.planned.guests)


def _named(kind: str, guests: int) -> str:
    return f"{kind} for {guests}"


def _lines(rows: Iterable[AuditLogRow]) -> tuple[str, ...]:
    return tuple(
        f"audit row {row.id}: {row.type} for {row.guests}"
        + ("" if row.slots_rolled_back is None else f", {row.slots_rolled_back} rolled back")
        for row in rows
    )
