"""What the log of VIP scans must say of a pass: every scan, refused ones too."""

from collections import Counter
from collections.abc import Iterable, Sequence

from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.outcome import Certainty, OutcomeKind, Reason
from gatedrill.contract.service import VIP_SCAN_LOGS_TABLE, VipScanLogRow
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
from gatedrill.orchestrator.seen import SeenScan
from gatedrill.orchestrator.told_journals import BY_ITSELF

_ENTRIES = {OutcomeKind.ADMITTED: "first_entry", OutcomeKind.READMITTED: "reentry"}
_UNDER_NO_PASS = Reason.NOT_FOUND


def vip_log(evidence: Evidence) -> CheckResult:
    """Every answer about a pass has one row in the log, and it says what was answered.

    Judged where the log promises to be complete. A pass that the service does not know has its rows
    under no pass, and is left out. What a device decided by itself leaves a row once it is
    uploaded.
    """
    name, claim = "VIP log", "every scan of a pass is logged once and as what it was"
    passes = {
        ticket.id
        for ticket in evidence.plan.tickets
        if ticket.kind == "vip_pass" and ticket.status != "unknown"
    }
    if not passes:
        return not_judged(name, claim, NOTHING_THERE)
    if evidence.records.logs.vip_scan_logs is None:
        return not_judged(name, claim, why_unread(evidence, VIP_SCAN_LOGS_TABLE))
    if not evidence.records.complete_logs:
        return not_judged(name, claim, "the service's logs may lack rows")
    examined = passes & (evidence.by_ticket.keys() | evidence.vip_log_rows.keys())
    return examine_each(name, claim, examined, lambda each: _examine(evidence, each))


def _examine(evidence: Evidence, vip_pass: str) -> Violation | None:
    rows = evidence.vip_log_rows.get(vip_pass, [])
    scans = evidence.by_ticket.get(vip_pass, [])
    logged = Counter(str(row.entry_type) for row in rows)
    mismatch = find_mismatch(_told(evidence, vip_pass, scans), logged)
    if mismatch is None:
        return None
    of_kind = [row for row in rows if row.entry_type == mismatch.kind]
    showing = [seen for seen in scans if mismatch.kind in _logged_as(seen)]
    lines = witness(showing[:2]) if mismatch.is_missing else _lines(last_two(of_kind))
    return Violation(vip_pass, mismatch.what, lines)


def _told(evidence: Evidence, vip_pass: str, scans: Sequence[SeenScan]) -> Told:
    entry_types = [entry_type for seen in scans for entry_type in _logged_as(seen)]
    answers = Counter(entry_type for entry_type in entry_types if entry_type is not None)
    if vip_pass in evidence.unheard_tickets:
        return Told(answers, None)
    return Told(answers, entry_types.count(None) + sum(_uploads(evidence, seen) for seen in scans))


def _uploads(evidence: Evidence, seen: SeenScan) -> int:
    """How often a scan that its device decided by itself may have been uploaded."""
    if seen.record.authority not in BY_ITSELF:
        return 0
    entry = evidence.journals.of_scan(seen.record.nonce, seen.record.attempt)
    return max(1, entry.tries if entry is not None else 1)


def _logged_as(seen: SeenScan) -> list[str | None]:
    """What each question about the pass must be in the log; None where nobody can tell."""
    entry = _ENTRIES.get(seen.record.outcome.kind)
    asks = [ask for ask in seen.record.asks if ask.kind is AskKind.VIP_SCAN]
    return [entry if ask.reason is None else _refusal(ask) for ask in asks]


def _refusal(ask: Ask) -> str | None:
    settled = ask.reason is not None and ask.reason.certainty is Certainty.DEFINITE
    return "refused" if settled and ask.reason is not _UNDER_NO_PASS else None


def _lines(rows: Iterable[VipScanLogRow]) -> tuple[str, ...]:
    return tuple(
        f"log row {row.id}: {row.entry_type}" + (f" ({row.error})" if row.error else "")
        for row in rows
    )
