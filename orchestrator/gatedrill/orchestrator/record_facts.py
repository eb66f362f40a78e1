"""What the service has on record after a run, in the few figures that a person asks for."""

from collections import Counter
from collections.abc import Iterable, Iterator

from gatedrill.contract.service import SlotRow
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.result import RecordFact


def record_facts(evidence: Evidence) -> tuple[RecordFact, ...]:
    """Counters of reservations and slots before and after, and rows of logs by type."""
    logs = evidence.records.logs
    return (
        *_reservations(evidence),
        *_slots(evidence),
        *_rows("scan_logs", [row.result for row in logs.scan_logs or ()]),
        *_rows("vip_scan_logs", [row.entry_type for row in logs.vip_scan_logs or ()]),
        *_rows("checkouts", [row.status for row in logs.checkouts or ()]),
        *_rows("payment_sessions", ["opened" for _ in logs.payment_sessions or ()]),
        *_rows("audit_logs", [str(row.type) for row in logs.audit_logs or ()]),
    )


def _reservations(evidence: Evidence) -> Iterator[RecordFact]:
    before = {row.id: row for row in evidence.records.before.vip_reservations or ()}
    for row in evidence.records.after.vip_reservations or ():
        earlier = before.get(row.id)
        yield RecordFact(
            f"reservation {row.id}: checked_in_guests, of {row.total_guests}",
            None if earlier is None else str(earlier.checked_in_guests),
            str(row.checked_in_guests),
        )


def _slots(evidence: Evidence) -> Iterator[RecordFact]:
    before = {row.id: row for row in evidence.records.before.slots or ()}
    for row in evidence.records.after.slots or ():
        earlier = before.get(row.id)
        yield RecordFact(
            f"slot {row.id}: available, of {row.capacity}",
            None if earlier is None else _free(earlier),
            _free(row),
        )


def _free(slot: SlotRow) -> str:
    return str(slot.capacity if slot.available is None else slot.available)


def _rows(table: str, types: Iterable[str]) -> Iterator[RecordFact]:
    counted = Counter(types)
    if counted:
        told = ", ".join(f"{number} {kind}" for kind, number in counted.most_common())
        yield RecordFact(f"{table}: rows", None, told)
