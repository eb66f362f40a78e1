"""What buyers are told: a refusal is a refusal, and a session is one that exists."""

from collections import Counter

from gatedrill.contract.outcome import Reason
from gatedrill.contract.service import PAYMENT_SESSIONS_TABLE, PaymentSessionRow
from gatedrill.orchestrator.checks.bookings import Bookings, all_bookings
from gatedrill.orchestrator.checks.check import (
    NOTHING_THERE,
    CheckResult,
    Violation,
    examine_each,
    not_judged,
    result,
    why_unread,
    witness,
)
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenCheckout

_PAYMENT = (Reason.PAYMENT_FAILED, Reason.PAYMENT_TIMED_OUT)
_SERVER_ERROR = 500


def checkouts_answered(evidence: Evidence) -> CheckResult:
    """No checkout is answered with a server's error, but for those of the payment provider."""
    wrong = [(seen, status) for seen in evidence.checkouts if (status := _server_error(seen))]
    found = [
        Violation(seen.planned.slot, f"answered with status {status}", witness([seen]))
        for seen, status in wrong
    ]
    claim = "every checkout gets a proper answer, a refusal too"
    return result("checkouts answered", claim, len(evidence.checkouts), found)


def _server_error(seen: SeenCheckout) -> int | None:
    """The status of the last answer, if it should not be one."""
    if not seen.record.asks or seen.record.outcome.reason in _PAYMENT:
        return None
    status = seen.record.asks[-1].http_status
    return status if status is not None and status >= _SERVER_ERROR else None


def payment_sessions(evidence: Evidence) -> CheckResult:
    """The sessions on record are those that buyers were told of, each for its own booking."""
    name, claim = "payment sessions", "the sessions on record are those that buyers were told of"
    rows = evidence.records.logs.payment_sessions
    bookings = all_bookings(evidence)
    complete = evidence.records.complete_logs
    examined = [
        slot for slot, each in bookings.items() if each.booked or (each.checkouts and complete)
    ]
    if not examined:
        return not_judged(name, claim, NOTHING_THERE)
    if rows is None:
        return not_judged(name, claim, why_unread(evidence, PAYMENT_SESSIONS_TABLE))

    def examine(slot: str) -> Violation | None:
        own = [row for row in rows if row.slot_id.lower() == slot.lower()]
        doubled = _told_twice(bookings[slot]) or _not_on_record(bookings[slot], own)
        if doubled or not complete:
            return doubled
        return _not_told(bookings[slot], own)

    return examine_each(name, claim, examined, examine)


def _told_twice(slot: Bookings) -> Violation | None:
    told = Counter(seen.record.session for seen in slot.booked)
    for session, number in told.items():
        if number > 1:
            buyers = [seen for seen in slot.booked if seen.record.session == session]
            what = f"session {session} was told to {number} buyers"
            return Violation(slot.planned.id, what, witness(buyers[:2]))
    return None


def _not_on_record(slot: Bookings, rows: list[PaymentSessionRow]) -> Violation | None:
    by_id = {row.id: row for row in rows}
    for seen in slot.booked:
        row = by_id.get(seen.record.session or "")
        stands = "does not exist" if row is None else _difference(row, seen.planned.guests)
        if stands:
            what = f"session {seen.record.session} {stands}"
            return Violation(slot.planned.id, what, witness([seen]))
    return None


def _difference(row: PaymentSessionRow, guests: int) -> str | None:
    if row.guests != guests:
        return f"is for {row.guests}, not for {guests}"
    return None if row.slots_reserved == "true" else "is not marked as having its places"


def _not_told(slot: Bookings, rows: list[PaymentSessionRow]) -> Violation | None:
    told = {seen.record.session for seen in slot.booked}
    untold = [row for row in rows if row.id not in told]
    if len(untold) <= len(slot.open_checkouts):
        return None
    lines = tuple(f"payment session {row.id} for {row.guests}" for row in untold[:2])
    number = f"{len(untold)} sessions" if len(untold) > 1 else "a session"
    return Violation(slot.planned.id, f"{number} on record that no buyer was told of", lines)
